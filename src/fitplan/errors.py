"""What can go wrong, as kinds; one table from kind to exit code."""

from enum import StrEnum


class ErrorKind(StrEnum):
    """The kinds of errors a user can meet; scripts see the value in JSON."""

    USAGE = "usage"
    UNKNOWN_NAME = "unknown-name"
    CATALOG = "catalog"
    FILE = "file"


EXIT_ANSWER = 0
EXIT_NOTHING = 1
EXIT_USAGE = 2
EXIT_UNREADABLE = 3
EXIT_INTERRUPTED = 130
"""Ctrl-C, as shells count it; `pack` then still answers with the best set it found."""

EXIT_CODES = {
    ErrorKind.USAGE: EXIT_USAGE,
    ErrorKind.UNKNOWN_NAME: EXIT_USAGE,
    ErrorKind.CATALOG: EXIT_UNREADABLE,
    ErrorKind.FILE: EXIT_UNREADABLE,
}


class FitplanError(Exception):
    """An error with one clear line (`message`) and its cure (`hint`, may be empty)."""

    def __init__(self, kind: ErrorKind, message: str, hint: str = "") -> None:
        self.kind = kind
        self.message = _one_line(message)
        super().__init__(self.message)
        self.hint = hint

    @property
    def exit_code(self) -> int:
        """The exit code of the command that meets this error."""
        return EXIT_CODES[self.kind]


def _one_line(text: str) -> str:
    """`text` on one line: control characters and the like are written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def usage_error(message: str, hint: str = "") -> FitplanError:
    """The user asked for something that can't be understood."""
    return FitplanError(ErrorKind.USAGE, message, hint)


def unknown_name(what: str, name: str, known: "list[str]") -> FitplanError:
    """`name` is not a known `what`; the hint lists the nearest known names."""
    from difflib import get_close_matches

    folded = {k.casefold(): k for k in known}
    near = [folded[k] for k in get_close_matches(name.casefold(), folded, n=3, cutoff=0.3)]
    listed = near or sorted(known)[:8]
    hint = f"did you mean {', '.join(listed)}?" if near else f"known: {', '.join(listed)}"
    return FitplanError(ErrorKind.UNKNOWN_NAME, f"no {what} is called {name!r}", hint)


def catalog_error(message: str, hint: str = "") -> FitplanError:
    """A catalog that can't be used; `message` starts with its file, line and column."""
    return FitplanError(ErrorKind.CATALOG, message, hint)


def file_error(message: str, hint: str = "") -> FitplanError:
    """A file that can't be read, or isn't what it says it is."""
    return FitplanError(ErrorKind.FILE, message, hint)
