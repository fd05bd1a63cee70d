"""Replace a file all at once: whenever the process dies, its name leads to the old or the new one.

The new content is written to a file beside the old one, synced, and renamed over it. Permissions
stay, and the owner where that is allowed.
"""

import os
import stat
import tempfile
from errno import EEXIST
from pathlib import Path

from fitplan.errors import file_error


def replace_file(path: Path, content: bytes, state: os.stat_result) -> None:
    """Put `content` in place of the file that `state` was read from.

    Raises FitplanError (file) when the file changed since or belongs to another user; OSError when
    the folder can't be written. The file is untouched then.
    """
    temporary = _temporary(path, content, state)
    try:
        _refuse_changed(path, state)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def keep_backup(path: Path, content: bytes, state: os.stat_result) -> Path:
    """Write `content` beside `path` as NAME.bak, or NAME.bak1 and so on; returns where it is."""
    backup = _free_name(path)
    _temporary(path, content, state).replace(backup)
    return backup


def create_file(path: Path, content: bytes) -> None:
    """Write a file that isn't there yet; FileExistsError when it is."""
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


def _free_name(path: Path) -> Path:
    names = (f"{path.name}.bak{number or ''}" for number in range(1000))
    free = (path.with_name(name) for name in names if not os.path.lexists(path.with_name(name)))
    found = next(free, None)
    if found is None:
        raise file_error(f"{path}: a thousand backups already", "remove some of them")
    return found


def _temporary(path: Path, content: bytes, state: os.stat_result | None) -> Path:
    """A synced file beside `path`, with permissions and owner of `state`, or those of a new file.

    FitplanError (file) when the owner can't be kept.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            _take_after(stream.fileno(), name, state)
            os.fsync(stream.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _take_after(handle: int, name: str, state: os.stat_result | None) -> None:
    if state is None:
        Path(name).chmod(0o666 & ~_umask())
        return
    if hasattr(os, "fchown") and os.fstat(handle).st_uid != state.st_uid:
        try:
            os.fchown(handle, state.st_uid, state.st_gid)
        except PermissionError:
            raise file_error(
                f"{name}: belongs to another user", "run fitplan as that user"
            ) from None
    Path(name).chmod(stat.S_IMODE(state.st_mode))


def _refuse_changed(path: Path, state: os.stat_result) -> None:
    now = os.lstat(path)
    marks = ("st_ino", "st_dev", "st_size", "st_mtime_ns", "st_mode")
    if any(getattr(now, mark) != getattr(state, mark) for mark in marks):
        raise file_error(f"{path}: changed while fitplan was at it", "run the command again")


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
