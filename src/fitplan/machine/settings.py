"""Change one key of a YAML settings file and nothing else, atomically, with a backup.

The text is edited at the place where a YAML parser finds the key, so comments, order, quoting and
line endings stay. The edited text is parsed again: unless it says the same as before in all other
keys, nothing is written. The new file is written beside the old one, synced, and renamed over it:
whenever the process dies, the name leads to the old file or to the new one, whole.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import yaml

from fitplan.errors import file_error
from fitplan.machine import safe_yaml
from fitplan.machine.atomic import replace_file, retried

MAX_BYTES = 2**20
"""No settings file is larger."""

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a settings file."""

    path: Path
    key: str
    before: str | None
    """The key's value as it was written; None: it wasn't set."""
    after: str
    backup: Path | None
    """A copy of the old file; None: nothing had to change."""


def write_setting(path: Path, key: str, value: str) -> Change:
    """Set `key` to `value` (a YAML scalar) in the file at `path`; the old file stays as a backup.

    Raises FitplanError (file) when the file is missing, a link, no regular file, not YAML that can
    be edited safely, or changed again and again meanwhile; it is untouched then. An edit that is
    overtaken once is made anew on what the file says now.
    """
    return retried(lambda: _write_once(path, key, value))


def _write_once(path: Path, key: str, value: str) -> Change:
    try:
        content, state = _read(path)
        text = content.decode("utf-8")
        before = value_of(text, key)
        edited = with_setting(text, key, value)
        if edited == text:
            return Change(path, key, before, value, None)
        backup = replace_file(path, edited.encode("utf-8"), state, content)
    except UnicodeDecodeError:
        raise file_error(f"{path}: not UTF-8 text", "save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise file_error(f"{path}: {_explained(error)}", "fix the YAML there first") from None
    except _UneditableError as error:
        raise file_error(f"{path}: {error}", f"set it by hand: {key}: {value}") from None
    except OSError as error:
        raise file_error(f"{path}: {error.strerror or error}", _cure(error)) from None
    except ValueError:
        raise file_error(f"{path}: not a possible path", "name the runtime's root folder") from None
    return Change(path, key, before, value, backup)


class _UneditableError(Exception):
    """The text is YAML, but no place in it can be changed safely."""


def value_of(text: str, key: str) -> str | None:
    """The value of a top-level key as it is written; None when it isn't there."""
    found = _find(text.removeprefix(_BOM), key)
    return (
        None if found is None else found[1].value if isinstance(found[1], yaml.ScalarNode) else "…"
    )


def with_setting(text: str, key: str, value: str) -> str:
    """`text` with the top-level `key` set to `value`, and not a character else changed.

    Raises yaml.YAMLError when `text` is no YAML, and a private error when it can't be edited.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    body = text.removeprefix(_BOM)
    old = _load_plain(body)
    if key in old and _load(f"{key}: {value}") == {key: old[key]}:
        return text
    found = _find(body, key)
    edited = _appended(body, key, value) if found is None else _replaced(body, found, value)
    if _load_plain(edited) != old | _load(f"{key}: {value}"):
        raise _UneditableError(f"{key} can't be set without changing something else")
    return bom + edited


def _load_plain(text: str) -> dict[object, object]:
    """The settings in `text`; aliases could make comparing them endless."""
    if safe_yaml.has_aliases(text):
        raise _UneditableError("anchors and aliases can't be edited safely")
    return _load(text)


def _load(text: str) -> dict[object, object]:
    data = safe_yaml.load(text)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _UneditableError("not a list of settings")
    return data


def _find(text: str, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    root = safe_yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        return None
    found = [(name, value) for name, value in root.value if name.value == key]
    if len(found) > 1:
        raise _UneditableError(f"duplicate key {key} ({len(found)} times)")
    return found[0] if found else None


def _replaced(text: str, found: tuple[yaml.Node, yaml.Node], value: str) -> str:
    name, old = found
    start, end = old.start_mark.index, old.end_mark.index
    if start == end:
        start = end = text.index(":", name.end_mark.index) + 1
        return f"{text[:start]} {value}{text[end:]}"
    return f"{text[:start]}{value}{text[end:]}"


def _appended(text: str, key: str, value: str) -> str:
    ending = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text == "" or text.endswith("\n") else ending
    return f"{text}{gap}{key}: {value}{ending}"


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    if path.is_symlink():
        raise file_error(f"{path}: a symbolic link", "name the folder that holds the file itself")
    handle = os.open(
        path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(stream.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise file_error(f"{path}: not a regular file", "name the runtime's root folder")
        if state.st_size > MAX_BYTES:
            raise file_error(
                f"{path}: larger than {MAX_BYTES // 2**20} MiB", "is it a settings file?"
            )
        return stream.read(), state


def _explained(error: yaml.YAMLError) -> str:
    place, message = safe_yaml.explain(error)
    return f"line {place[0]}, column {place[1]}: {message}" if place else message


def _cure(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "name the runtime's root folder; its first start makes the file"
    return "check the folder's permissions"
