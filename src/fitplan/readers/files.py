"""Reads one file, or the set of shards it belongs to; the format is detected from the content."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from fitplan.accounting.file_names import container_named
from fitplan.accounting.flavours import Declared
from fitplan.errors import FitplanError
from fitplan.readers.declared import declared_beside
from fitplan.readers.gguf import is_gguf, read_gguf
from fitplan.readers.header import Header
from fitplan.readers.model import ModelFile, ModelPlace, assemble
from fitplan.readers.safetensors import is_safetensors, read_safetensors
from fitplan.readers.source import MAX_TENSORS, ByteSource, open_source, path_error

_SHARD = re.compile(r"(.*)-(\d{5,6})-of-(\d{5,6})((?:\.[^.\-]+)?\.[^.]+)", re.DOTALL)
_MAX_SHARDS = 999
_OTHERS = (
    (b"PK\x03\x04", "is a PyTorch or zip archive", "convert it to safetensors"),
    (b"\x80", "is a Python pickle", "convert it to safetensors"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the file itself", "run `git lfs pull`"),
    (b"<", "is a web page, not a model", "download it again, logged in if the model is gated"),
)
"""First bytes of what people have in place of a model, and the cure."""


def read_header(path: Path) -> Header:
    """The header of one GGUF or safetensors file; FitplanError when it is neither or damaged."""
    with open_source(path) as source:
        return walk_header(source)


def walk_header(source: ByteSource) -> Header:
    """The header of an open file; FitplanError when it is not a model's, or damaged."""
    start = bytes(source.chunk()[:32])
    if is_gguf(start):
        return read_gguf(source)
    if is_safetensors(start):
        return read_safetensors(source)
    raise _not_a_model(start, source)


def _not_a_model(start: bytes, source: ByteSource) -> FitplanError:
    for magic, message, cure in _OTHERS:
        if start.startswith(magic):
            return source.error(message, cure)
    return source.error("is neither GGUF nor safetensors", "give a .gguf or .safetensors file")


def read_headers(
    paths: Sequence[Path], read: Callable[[Path], Header] = read_header
) -> list[Header]:
    """The headers of all shards of a model; FitplanError when they claim too many tensors."""
    headers: list[Header] = []
    tensors = 0
    for path in paths:
        headers.append(read(path))
        tensors += len(headers[-1].tensors)
        if tensors > MAX_TENSORS:
            message = f"has over {MAX_TENSORS} tensors with its shards; that is fitplan's limit"
            raise path_error(path, message, "give the files of one model")
    return headers


def read_file(path: Path) -> ModelFile:
    """The model in `path`; if that is one shard of several, the model in all of them."""
    return file_model(read_headers(shards(path)), declared_beside(path))


def file_model(headers: Sequence[Header], declared: Declared | None = None) -> ModelFile:
    """The model of one file's header, or of the headers of all its shards in order.

    `declared`: what a file beside it says of its quantization.
    """
    container = headers[0].container
    wrong = [h.path for h in headers if container_named(h.path.name) is not container]
    warnings = (f"the content is {container}, whatever the name says",) if wrong else ()
    place = ModelPlace(headers[0].path, container, warnings=warnings, declared=declared)
    return assemble(place, headers)


def shards(path: Path) -> list[Path]:
    """All shards of the set `path` belongs to, in order; `path` alone when it is not a shard.

    FitplanError when one is missing.
    """
    paths = shard_paths(path)
    missing = [shard.name for shard in paths if not os.path.lexists(shard)]
    if len(paths) > 1 and missing:
        cure = "download the missing shards into the same folder"
        message = f"{len(missing)} of {len(paths)} shards are missing: {missing[0]}"
        raise path_error(path, message, cure)
    return paths


def shard_paths(path: Path) -> list[Path]:
    """All shard paths of the set that `path` names; `path` alone when it is not a shard."""
    found = _SHARD.fullmatch(path.name)
    if found is None:
        return [path]
    stem, number, total, suffix = found.groups()
    if not 1 <= int(number) <= int(total):
        raise path_error(path, "has an impossible shard number", "check the file's name")
    if int(total) > _MAX_SHARDS:
        message = f"is one of {int(total)} shards; fitplan's limit is {_MAX_SHARDS}"
        raise path_error(path, message, "merge some of them")
    wide, of = len(number), len(total)
    names = [f"{stem}-{i:0{wide}}-of-{int(total):0{of}}{suffix}" for i in range(1, int(total) + 1)]
    return [path.with_name(name) for name in names]
