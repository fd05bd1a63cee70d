"""Standard streams that may be closed, full, cut off or narrow: writing to them never raises."""

import errno
import io
import os
import sys
import time
from dataclasses import dataclass
from typing import BinaryIO, TextIO, cast

from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING, EXIT_UNREADABLE

_RETRY_SECONDS = 0.01


class _Patient(io.RawIOBase):
    """A raw stream whose first failure is kept; from then on what is written goes nowhere."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        while self.failure is None:
            try:
                written = self._raw.write(data)
            except OSError as error:
                self.failure = error
            else:
                if written is not None:
                    return written
                time.sleep(_RETRY_SECONDS)
        return len(data)


@dataclass(frozen=True, slots=True)
class Streams:
    """The process's standard output and error, made patient."""

    out: _Patient
    err: _Patient

    def settle(self, code: int) -> int:
        """Write out everything; the exit code, given the one that the command ended with.

        A reader that left or a closed stdout change nothing: the answer wasn't wanted. An answer
        that was wanted and couldn't be written is an error: EXIT_UNREADABLE.
        """
        sys.stdout.flush()
        failure = self.out.failure
        if failure is not None and not isinstance(failure, BrokenPipeError):
            closed = failure.errno == errno.EBADF
            reason = "it is closed" if closed else os.strerror(failure.errno or errno.EIO)
            sys.stderr.write(f"fitplan: cannot write to standard output: {reason}\n")
            if not closed and code in (EXIT_ANSWER, EXIT_NOTHING):
                code = EXIT_UNREADABLE
        sys.stderr.flush()
        return code


def make_patient() -> Streams:
    """Put patient streams in place of `sys.stdout` and `sys.stderr`."""
    out, err = _Patient(_raw(sys.stdout, 1)), _Patient(_raw(sys.stderr, 2))
    sys.stdout, sys.stderr = _text(out, sys.stdout), _text(err, sys.stderr)
    return Streams(out, err)


def _raw(stream: TextIO | None, descriptor: int) -> io.RawIOBase:
    if stream is not None:
        unbuffered = getattr(stream.buffer, "raw", stream.buffer)  # python -u has no buffer
        return cast("io.RawIOBase", unbuffered)
    _occupy(descriptor)
    return io.FileIO(descriptor, "w", closefd=False)


def _occupy(descriptor: int) -> None:
    """Open something that can't be written in place of a closed descriptor.

    Else the next file that is opened gets its number, and with it what is meant for the terminal.
    """
    while os.open(os.devnull, os.O_RDONLY) < descriptor:
        pass


def _text(raw: _Patient, old: TextIO | None) -> TextIO:
    return io.TextIOWrapper(
        cast("BinaryIO", io.BufferedWriter(cast("io.RawIOBase", raw))),
        encoding=old.encoding if old else "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or raw.fileno() == 2,
    )
