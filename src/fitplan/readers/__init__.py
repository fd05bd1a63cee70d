"""Reads models from disk by their headers alone: GGUF, safetensors, Hugging Face folders."""

import stat
from pathlib import Path

from fitplan.errors import FitplanError
from fitplan.readers.files import read_file
from fitplan.readers.folder import Part, read_folder
from fitplan.readers.model import ModelFile, TypeTotal
from fitplan.readers.source import os_error, path_error

__all__ = ["ModelFile", "Part", "TypeTotal", "read", "read_parts"]


def read(path: Path) -> tuple[ModelFile, ...]:
    """The models in `path`: one for a file or a set of shards, one per component for a pipeline.

    Never reads weights. FitplanError, with one line and its cure, for anything that can't be read.
    """
    parts = read_parts(path)
    for part in parts:
        if isinstance(part, FitplanError):
            raise part
    return tuple(part for part in parts if isinstance(part, ModelFile))


def read_parts(path: Path) -> tuple[Part, ...]:
    """The models in `path`, as `read`; a part of a folder that can't be read hides no other.

    FitplanError when `path` itself can't be read, or holds nothing.
    """
    try:
        folder = stat.S_ISDIR(path.stat().st_mode)
    except ValueError:
        raise path_error(path, "is not a valid path", "check the path") from None
    except OSError as error:
        raise os_error(path, error) from None
    try:
        return read_folder(path) if folder else (read_file(path),)
    except OSError as error:
        raise os_error(path, error) from None
