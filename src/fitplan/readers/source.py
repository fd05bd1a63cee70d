"""Reads a file front to back in bounded pieces; every length is checked before it is used.

A header is whatever a stranger wrote. Nothing here trusts a count or a length beyond the file's own
size, holds more than one chunk, or opens what isn't a regular file.
"""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fitplan.errors import FitplanError, file_error

CHUNK = 1 << 20
"""Bytes held at a time."""
MAX_TENSORS = 1 << 17
"""Tensors one model may have; an SDXL checkpoint has 2,515, one with many experts some 90,000."""
MAX_NAME = 65_535
"""Letters a tensor name may have; real ones stay under 200."""

_AGAIN = "download it again, or restore it from a backup"
_REPORT = "if this is a real model, report it, so that the limit can grow"


def shown(text: object) -> str:
    """`text` as one harmless line: control characters and the like are written as escapes."""
    line = str(text)
    line = line if line.isprintable() else ascii(line)[1:-1]
    return line if len(line) <= 200 else f"{line[:200]}…"


def shown_path(path: Path) -> str:
    """`path` in full as one harmless line."""
    line = str(path)
    return line if line.isprintable() else ascii(line)[1:-1]


def path_error(path: Path, message: str, hint: str) -> FitplanError:
    """A file error whose message begins with `path`; `hint` is its cure."""
    return file_error(f"{shown_path(path)}: {message}", hint)


def os_error(path: Path, error: OSError) -> FitplanError:
    """What the system said about `path`, as a file error."""
    return path_error(path, error.strerror or type(error).__name__, "check the path")


class ByteSource(ABC):
    """A file at a position, with a limit behind which nothing is read."""

    scrap = 1 << 16
    """Fewer bytes than these in hand are no chunk worth walking."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.position = 0
        self.limit = size
        self.ahead = 0
        """Bytes the walker expects to want next; 0: no idea. Only a guess, and never a limit."""
        self._buffer = b""
        self._start = 0

    def error(self, message: str, hint: str = _AGAIN) -> FitplanError:
        """A file error about this file."""
        return path_error(self.path, message, hint)

    def malformed(self, message: str, at: int) -> FitplanError:
        """A file error about byte `at` of the header's text."""
        return self.error(f"its header {message} (byte {at} of its text)")

    def beyond(self, message: str, most: object) -> FitplanError:
        """A file error about something that may be sound, but is more than fitplan reads."""
        return self.error(f"{message}; fitplan's limit is {most}", _REPORT)

    def take(self, count: int) -> bytes:
        """The next `count` bytes; `count` must be at most a chunk."""
        self.require(count)
        at = self.position - self._start
        if at < 0 or at + count > len(self._buffer):
            self._fill(count)
            at = 0
        if at + count > len(self._buffer):
            raise self.error("shrank while it was read", "wait until nothing writes to it")
        self.position += count
        return self._buffer[at : at + count]

    def chunk(self) -> memoryview:
        """What follows, up to a chunk but never just a scrap, without moving on."""
        at = self.position - self._start
        if at < 0 or len(self._buffer) - at < self.scrap:
            self._fill(self.scrap)
            at = 0
        return memoryview(self._buffer)[at:]

    def skip(self, count: int) -> None:
        """Move on by `count` bytes."""
        self.require(count)
        self.position += count

    def require(self, count: int) -> None:
        """FitplanError unless `count` more bytes are there, and may be read."""
        end = self.position + count
        if end > self.size:
            raise self.error(f"ends at byte {self.size}, inside its header")
        if end > self.limit:
            raise self.beyond("has a longer header", f"{self.limit >> 20} MiB")

    @abstractmethod
    def _fill(self, least: int) -> None:
        """Make the buffer begin at the position, with `least` bytes if the limit allows that."""


class FileSource(ByteSource):
    """A file on disk."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        super().__init__(path, size)
        self._file = file

    def _fill(self, least: int) -> None:
        self._file.seek(self.position)
        self._buffer = self._file.read(min(CHUNK, self.limit - self.position))
        self._start = self.position


@contextmanager
def open_source(path: Path) -> Iterator[ByteSource]:
    """Open a regular file; FitplanError when it's none, is empty, or changes under the reader."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NO_WAIT)
    except OSError as error:
        raise os_error(path, error) from None
    except ValueError:
        raise path_error(path, "not a possible path", "check the path") from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        source = FileSource(file, path, _regular_size(path, descriptor))
        try:
            yield source
        except OSError as error:
            raise os_error(path, error) from None
        if os.fstat(descriptor).st_size < source.size:
            raise source.error("shrank while it was read", "wait until nothing writes to it")


_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""Opening a named pipe must not wait for a writer."""


def _regular_size(path: Path, descriptor: int) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise path_error(
            path, "is not a regular file", "give a GGUF or safetensors file, or a folder"
        )
    if status.st_size == 0:
        raise path_error(path, "is empty", _AGAIN)
    return status.st_size
