"""Headers read before, under the user's cache folder: a file of one commit never changes.

What is kept is the list of tensors, not the bytes, and nothing about who asked. An entry that can't
be read, or says something impossible, is as good as none; a folder that can't be written is no
problem.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Tensor
from fitplan.readers.header import Header
from fitplan.readers.metadata import Metadata, MetadataValue
from fitplan.readers.source import MAX_TENSORS

VERSION = 2
_MAX_ENTRY = 16 << 20


class HeadersCache:
    """Headers by repository, file and commit; `folder` None keeps nothing and knows nothing."""

    def __init__(self, folder: Path | None, endpoint: str, *, refresh: bool = False) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._refresh = refresh

    def find(self, repository: str, commit: str, file: str, path: Path) -> Header | None:
        """The header of `file`, as read from `path`; None when it isn't kept."""
        entry = self._entry(repository, commit, file)
        if entry is None or self._refresh:
            return None
        try:
            if entry.stat().st_size > _MAX_ENTRY:
                return None
            return _header(json.loads(entry.read_bytes()), path)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def keep(self, repository: str, commit: str, file: str, header: Header) -> None:
        """Keep `header`; whole or not at all."""
        entry = self._entry(repository, commit, file)
        if entry is None:
            return
        with contextlib.suppress(OSError):
            entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(entry, json.dumps(_document(header), separators=(",", ":")))

    def _entry(self, repository: str, commit: str, file: str) -> Path | None:
        """Where an entry lies. Only hex digits and a checked name become part of the path."""
        if self._folder is None:
            return None
        name = hashlib.sha256(f"{self._endpoint}\n{file}".encode()).hexdigest()[:32]
        return self._folder / repository.replace("/", "--") / commit / f"{name}.json"


def usual_folder() -> Path:
    """The user's cache folder for headers."""
    from platformdirs import user_cache_path

    return user_cache_path("fitplan", appauthor=False) / "hub"


def _write(entry: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=entry.parent, prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        Path(name).replace(entry)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _document(header: Header) -> dict[str, Any]:
    return {
        "version": VERSION,
        "container": header.container.value,
        "file_bytes": header.file_bytes,
        "file_type": header.file_type,
        "metadata": dict(header.metadata),
        "tensors": [[t.name, t.type, *t.shape] for t in header.tensors],
    }


def _header(content: Any, path: Path) -> Header:
    """The header in an entry; ValueError, LookupError or TypeError when there is none."""
    if content["version"] != VERSION or len(content["tensors"]) > MAX_TENSORS:
        raise ValueError("another version, or no header")
    return Header(
        path=path,
        container=Container(content["container"]),
        file_bytes=_length(content["file_bytes"]),
        tensors=tuple(_tensor(*entry) for entry in content["tensors"]),
        file_type=int(content["file_type"]),
        metadata=_metadata(content["metadata"]),
    )


def _metadata(content: Any) -> Metadata:
    if not isinstance(content, dict):
        raise TypeError("no metadata")
    return {key: _metadata_value(value) for key, value in content.items()}


def _metadata_value(value: Any) -> MetadataValue:
    if isinstance(value, list) and all(type(number) is int for number in value):
        return tuple(value)
    if not isinstance(value, str) and type(value) is not int:
        raise ValueError("no value of metadata")
    return value


def _tensor(name: Any, type: Any, *shape: Any) -> Tensor:
    if not isinstance(name, str) or not name.isprintable() or type not in TENSOR_TYPES:
        raise ValueError("no tensor")
    return Tensor(name, tuple(map(_length, shape)), type)


def _length(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError("no length")
    return value
