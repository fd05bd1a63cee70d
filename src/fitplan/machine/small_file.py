"""Read a small file whole: bounded, without waiting, and only when it is a regular file."""

import os
import stat
from pathlib import Path

from fitplan.errors import FitplanError, file_error

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Opening a named pipe must not wait for a writer."""


def read_small(path: Path, most: int, cure: str) -> bytes:
    """The content of `path`, at most `most` bytes; `cure` is the hint of every error.

    Raises FitplanError (file) when it can't be opened, is not a regular file or is larger.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise file_error(f"{path}: not a regular file", cure)
            content = stream.read(most + 1)
    except OSError as error:
        raise file_error(f"{path}: {error.strerror or type(error).__name__}", cure) from None
    except ValueError:
        raise file_error(f"{path}: not a possible path", cure) from None
    if len(content) > most:
        raise _too_large(path, most, cure)
    return content


def _too_large(path: Path, most: int, cure: str) -> FitplanError:
    return file_error(f"{path}: larger than {most >> 20} MiB, fitplan's limit", cure)
