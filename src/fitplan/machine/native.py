"""Standard output belongs to fitplan: what a native library prints goes nowhere.

C and C++ write to descriptor 1 itself, past `sys.stdout`, and may do so when their buffers are
flushed at exit. So the descriptor is pointed away while such a library runs, and C's buffers are
emptied before it is pointed back.
"""

import ctypes
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STDOUT = 1


class _Detour:
    """Descriptor 1, pointed away while at least one thread is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved: int | None = None

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = _point_away()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _point_back(self._saved)
                self._saved = None


_detour = _Detour()


@contextmanager
def silent_stdout() -> Iterator[None]:
    """Nothing reaches descriptor 1 inside, from any thread; a closed one is closed again after.

    Contexts may nest and overlap: the last one out points the descriptor back.
    """
    _detour.enter()
    try:
        yield
    finally:
        _detour.leave()


def _point_away() -> int | None:
    """Descriptor 1 under another number; None where it is closed."""
    try:
        saved = os.dup(_STDOUT)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        saved = None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != _STDOUT:
        os.dup2(nowhere, _STDOUT)
        os.close(nowhere)
    return saved


def _point_back(saved: int | None) -> None:
    _flush_c_buffers()
    if saved is None:
        os.close(_STDOUT)
    else:
        os.dup2(saved, _STDOUT)
        os.close(saved)


def _flush_c_buffers() -> None:
    """Write out what C's standard library holds; a platform without that call has nothing held."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)
