"""Paths as people and environment variables name them, on any system and in any state."""

import os
import re
from pathlib import Path

from fitplan.errors import file_error

_WINDOWS = re.compile(r"[A-Za-z]:(?:[\\/]|$)|\\\\")
"""How a path with a drive, or one on a Windows share, begins."""


def home() -> Path | None:
    """The user's home folder; None when there is none."""
    try:
        return Path.home()
    except (RuntimeError, KeyError, OSError):
        return None


def expanded(text: str, named_by: str) -> Path:
    """`text` as a path, with `~` and `~user` replaced; `named_by` says in errors who named it.

    Raises FitplanError (file) when the home folder does not exist.
    """
    try:
        return Path(text).expanduser()
    except (RuntimeError, KeyError):
        first = text.replace("\\", "/").split("/")[0]
        message = f"{named_by}: {text}: no home folder for {first}"
        raise file_error(message, "write the whole path") from None


def is_windows_path(text: str) -> bool:
    """Whether `text` is a path of Windows that this system, another one, takes for a plain name."""
    return os.name != "nt" and bool(_WINDOWS.match(text))


def is_folder(path: Path) -> bool:
    """Whether `path` leads to a folder; False, too, when the system can't look at it."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    """Whether `path` leads to a regular file; False, too, when the system can't look at it."""
    return os.path.isfile(path)  # noqa: PTH113


def trouble(path: Path) -> str | None:
    """Why the system can't look at `path`, in its words; None when it can."""
    try:
        path.stat()
    except OSError as error:
        return _link_trouble(path) or error.strerror or type(error).__name__
    except ValueError:
        return "not a possible path"
    return None


def _link_trouble(path: Path) -> str | None:
    """What is wrong with a link that leads nowhere; None when `path` is none."""
    try:
        target = path.readlink()
    except (OSError, ValueError):
        return None
    return f"a link to {target}, which does not exist or can't be opened"
