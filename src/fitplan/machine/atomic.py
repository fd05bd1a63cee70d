"""Replace a file all at once: whenever the process dies, its name leads to the old or the new one.

The new content is written to a file beside the old one, synced, and renamed over it. Permissions,
owner and group stay; where they can't, nothing is written. What a killed process left behind goes
at the next writing of the same file.
"""

import os
import re
import stat
import tempfile
from collections.abc import Callable
from errno import EEXIST
from pathlib import Path
from typing import TypeVar

from fitplan.errors import FitplanError, file_error


class ChangedError(FitplanError):
    """The file isn't what it was when it was read."""


_TRIES = 3
_Result = TypeVar("_Result")


def retried(edit: Callable[[], _Result]) -> _Result:
    """What `edit` returns, which reads a file and writes it; made anew when it was overtaken.

    Raises ChangedError when the file changes again and again.
    """
    for _ in range(_TRIES - 1):
        try:
            return edit()
        except ChangedError:
            continue
    return edit()


def replace_file(
    path: Path, content: bytes, state: os.stat_result, old: bytes | None = None
) -> Path | None:
    """Put `content` in place of the file that `state` was read from.

    `old`, when given, is kept as a backup first (NAME.bak, NAME.bak1 …); returns where it is.
    Raises ChangedError (file) when the file changed since, FitplanError (file) when its owner or
    group can't be kept, OSError when the folder can't be written. The file is untouched then, and
    there is no backup.
    """
    sweep(path)
    temporary = _temporary(path, content, state)
    backup = None
    kept = False
    try:
        _refuse_changed(path, state)
        if old is not None:
            backup, kept = _backup(path, old)
            if not kept:
                _temporary(path, old, state).replace(backup)
        _refuse_changed(path, state)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        if backup is not None and not kept:
            backup.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return backup


def sweep(path: Path) -> None:
    """Remove what processes that are gone left beside `path` when they wrote it."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.(\d+)-\w+\.tmp", re.ASCII)
    try:
        for entry in path.parent.glob("*.tmp"):
            found = ours.fullmatch(entry.name)
            if found and not _is_alive(int(found[1])):
                entry.unlink(missing_ok=True)
    except OSError:
        return


def _is_alive(process: int) -> bool:
    """Whether there is such a process, or it can't be known."""
    import psutil

    try:
        return process == os.getpid() or psutil.pid_exists(process)
    except (psutil.Error, OSError, OverflowError):
        return True


def create_file(path: Path, content: bytes) -> None:
    """Write a file that isn't there yet; FileExistsError when it is."""
    sweep(path)
    temporary = _temporary(path, content, None)
    try:
        _link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _link(temporary: Path, path: Path) -> None:
    """Give the finished file its name, unless that is taken."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(EEXIST, os.strerror(EEXIST), str(path)) from None
        temporary.replace(path)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _backup(path: Path, content: bytes) -> tuple[Path, bool]:
    """Where a backup of `content` goes, and whether it is there already.

    A process that was killed after the backup and before the writing left one.
    """
    for number in range(1000):
        backup = path.with_name(f"{path.name}.bak{number or ''}")
        if not os.path.lexists(backup):
            return backup, False
        if _holds(backup, content):
            return backup, True
    raise file_error(f"{path}: a thousand backups already", "remove some of them")


def _holds(file: Path, content: bytes) -> bool:
    state = os.lstat(file)
    same_size = stat.S_ISREG(state.st_mode) and state.st_size == len(content)
    try:
        return same_size and file.read_bytes() == content
    except OSError:
        return False


def _temporary(path: Path, content: bytes, state: os.stat_result | None) -> Path:
    """A synced file beside `path`, with permissions and owner of `state`, or those of a new file.

    Its name says which process writes it. FitplanError (file) when the owner can't be kept.
    """
    start = f".{path.name}.{os.getpid()}-"
    handle, name = tempfile.mkstemp(prefix=start, suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            _take_after(stream.fileno(), path, Path(name), state)
            os.fsync(stream.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _take_after(handle: int, path: Path, name: Path, state: os.stat_result | None) -> None:
    """Give the file `name` the owner, group and permissions of `path`, in this order."""
    if state is None:
        name.chmod(0o666 & ~_umask())
        return
    own = os.fstat(handle)
    if hasattr(os, "fchown") and (own.st_uid, own.st_gid) != (state.st_uid, state.st_gid):
        try:
            os.fchown(handle, state.st_uid, state.st_gid)
        except OSError:
            whose = "user" if own.st_uid != state.st_uid else "group"
            cure = f"run fitplan as a member of that {whose}" if whose == "group" else _AS_OWNER
            raise file_error(f"{path}: belongs to another {whose}", cure) from None
    name.chmod(stat.S_IMODE(state.st_mode))


_AS_OWNER = "run fitplan as that user"


def _refuse_changed(path: Path, state: os.stat_result) -> None:
    try:
        now = os.lstat(path)
    except FileNotFoundError:
        raise changed(path) from None
    marks = ("st_ino", "st_dev", "st_size", "st_mtime_ns", "st_mode", "st_uid", "st_gid")
    if any(getattr(now, mark) != getattr(state, mark) for mark in marks):
        raise changed(path)


def changed(path: Path) -> ChangedError:
    error = file_error(f"{path}: changed while fitplan was at it", "run the command again")
    return ChangedError(error.kind, error.message, error.hint)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where folders can be synced."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)
