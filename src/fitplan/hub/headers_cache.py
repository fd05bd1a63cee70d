"""Headers read before, under the user's cache folder: a file of one commit never changes.

What is kept is the list of tensors, not the bytes, and nothing about who asked. Folders and files
are the user's alone. An entry that can't be read, is a link, another user's, damaged, too long or
about another file is as good as none; a folder that can't be written is no problem.
"""

import contextlib
import hashlib
import json
import os
import stat
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
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class HeadersCache:
    """Headers by repository, file and commit; `folder` None keeps nothing and knows nothing."""

    def __init__(self, folder: Path | None, endpoint: str, *, refresh: bool = False) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._refresh = refresh

    def find(self, repository: str, commit: str, file: str, path: Path) -> Header | None:
        """The header of `file`, as read from `path`; None when it isn't kept."""
        if self._folder is None or self._refresh:
            return None
        key = self._key(repository, commit, file)
        entry = self._entry(self._folder, repository, commit, key)
        try:
            return _header(json.loads(_checked(_read(entry), key)), path)
        except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
            return None

    def keep(self, repository: str, commit: str, file: str, header: Header) -> None:
        """Keep `header`; whole or not at all."""
        if self._folder is None:
            return
        key = self._key(repository, commit, file)
        entry = self._entry(self._folder, repository, commit, key)
        text = json.dumps(_document(header), separators=(",", ":")).encode("ascii")
        if len(text) > _MAX_ENTRY:
            return
        with contextlib.suppress(OSError):
            for folder in (self._folder, entry.parents[1], entry.parent):
                _make_private(folder)
            _write(entry, _sealed(text, key))

    def _key(self, repository: str, commit: str, file: str) -> str:
        """What an entry is about, as hex digits."""
        words = "\n".join((self._endpoint, repository, commit, file))
        return hashlib.sha256(words.encode()).hexdigest()

    def _entry(self, folder: Path, repository: str, commit: str, key: str) -> Path:
        """Where an entry lies. Only hex digits and a checked name become part of the path."""
        return folder / repository.replace("/", "--") / commit / f"{key[:32]}.json"


def usual_folder() -> Path:
    """The user's cache folder for headers."""
    from platformdirs import user_cache_path

    return user_cache_path("fitplan", appauthor=False) / "hub"


def _make_private(folder: Path) -> None:
    """Make a folder, or one that is there, the user's alone; OSError when it is another's."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder.stat()
    if hasattr(os, "getuid") and state.st_uid != os.getuid():
        raise PermissionError
    if state.st_mode & 0o077:
        folder.chmod(0o700)


def _read(entry: Path) -> bytes:
    """The bytes of an entry; OSError or ValueError when it isn't a file of the user's own."""
    handle = os.open(entry, os.O_RDONLY | getattr(os, "O_BINARY", 0) | _NO_LINK)
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > _MAX_ENTRY:
            raise ValueError("no entry")
        if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o022):
            raise ValueError("another user may have written it")
        return file.read(_MAX_ENTRY + 1)


def _sealed(text: bytes, key: str) -> bytes:
    """`text` below a line that says what it is about, and what its bytes add up to."""
    return _seal(text, key) + text


def _checked(content: bytes, key: str) -> bytes:
    """The text of an entry; ValueError when it is damaged, or about something else."""
    text = content[len(_seal(b"", key)) :]
    if not content.startswith(_seal(text, key)):
        raise ValueError("damaged, or of another file")
    return text


def _seal(text: bytes, key: str) -> bytes:
    return f"{key} {hashlib.sha256(text).hexdigest()}\n".encode()


def _write(entry: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=entry.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(entry)
    except BaseException:
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
    tensors = tuple(_tensor(*entry) for entry in content["tensors"])
    stored = sum(TENSOR_TYPES[tensor.type].bytes_for(tensor.elements) for tensor in tensors)
    if stored > _length(content["file_bytes"]):
        raise ValueError("more tensors than the file has bytes for")
    return Header(
        path=path,
        container=Container(content["container"]),
        file_bytes=_length(content["file_bytes"]),
        tensors=tensors,
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
    if type(value) is not int or not 0 <= value < 2**64:
        raise ValueError("no length")
    return value
