"""Reads the header of a safetensors file: eight bytes of length, then JSON.

JSON becomes up to twenty times its size as Python objects, so it is never parsed whole: the text is
walked entry by entry, and only one entry at a time is decoded.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Tensor
from fitplan.errors import FitplanError
from fitplan.readers.header import (
    Header,
    Span,
    check_count,
    check_spans,
    check_unique,
    printable_name,
)
from fitplan.readers.metadata import MAX_TEXT, wanted_of_safetensors
from fitplan.readers.source import MAX_NAME, Source, shown

MAX_HEADER = 16 << 20
"""Bytes a header may have. The format allows 100 MB; 16,384 tensors take about 2 MiB."""

_MAX_ENTRY = 4_096
_MAX_METADATA = 4_096
_MAX_DIMENSIONS = 8
_MAX_LENGTH = 2**63
_TYPES = frozenset(
    {
        *("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "BOOL"),
        *("I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"),
    }
) & frozenset(TENSOR_TYPES)

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"')
_ENTRY = re.compile(rb"\{[^{}]{0,4096}\}")
_METADATA = b'"__metadata__"'


def is_safetensors(start: bytes) -> bool:
    """Whether a file that begins with `start` is safetensors: a length, then an opening brace."""
    return len(start) > 8 and start[8:9] == b"{"


def read_safetensors(source: Source) -> Header:
    """The header of an open safetensors file; FitplanError for anything that doesn't fit it."""
    length = int.from_bytes(source.take(8), "little")
    if length > source.size - 8:
        raise source.error(f"claims a header of {length} bytes, more than the file has")
    if length > MAX_HEADER:
        raise source.error(
            f"has a header of {length} bytes; at most {MAX_HEADER >> 20} MiB are read",
            "save it again without metadata, or in shards",
        )
    entries = _Entries(_text(source, length), source)
    tensors, spans = entries.read()
    check_unique((tensor.name for tensor in tensors), source.path)
    data_bytes = source.size - 8 - length
    check_spans(spans, data_bytes, source)
    if sum(span.end - span.begin for span in spans) != data_bytes:
        raise source.error("has bytes that belong to no tensor")
    return Header(
        path=source.path,
        container=Container.SAFETENSORS,
        file_bytes=source.size,
        tensors=tuple(tensors),
        metadata=entries.metadata,
    )


def _text(source: Source, length: int) -> bytes:
    """The JSON text, collected in chunks."""
    text = bytearray()
    while len(text) < length:
        source.ahead = length - len(text)
        piece = source.chunk()[: length - len(text)]
        if not piece:
            raise source.error("shrank while it was read", "wait until nothing writes to it")
        text += piece
        source.skip(len(piece))
    return bytes(text)


class _Entries:
    """Walks the top level of a header's JSON text."""

    def __init__(self, text: bytes, source: Source) -> None:
        self._text = text
        self._source = source
        self._at = 0
        self.metadata: dict[str, str] = {}
        """Entries of `__metadata__` that recognition needs."""

    def read(self) -> tuple[list[Tensor], list[Span]]:
        """All tensors and where their data lies."""
        tensors: list[Tensor] = []
        spans: list[Span] = []
        for raw_name in self._keys():
            if raw_name == _METADATA:
                self._walk_metadata()
                continue
            check_count(len(tensors) + 1, "tensors", self._source)
            tensor, span = self._tensor(self._name(raw_name))
            tensors.append(tensor)
            spans.append(span)
        if self._text[self._at :].strip(b" \t\r\n\0"):
            raise self._bad("goes on after its end")
        return tensors, spans

    def _keys(self) -> Iterator[bytes]:
        """The keys of the object that is next, quotes included; the caller takes each value."""
        self._expect(b"{")
        more = not self._accept(b"}")
        while more:
            key = self._string()
            self._expect(b":")
            yield key
            more = self._accept(b",")
            if not more:
                self._expect(b"}")

    def _bad(self, message: str) -> FitplanError:
        return self._source.error(f"its header {message} (byte {8 + self._at})")

    def _accept(self, mark: bytes) -> bool:
        """Step over `mark` if it is next, after white space."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        found = self._text.startswith(mark, self._at)
        self._at += len(mark) if found else 0
        return found

    def _expect(self, mark: bytes) -> None:
        if not self._accept(mark):
            raise self._bad(f"is no JSON: '{mark.decode()}' is missing")

    def _take(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        """What `pattern` matches next, after white space."""
        self._accept(b"")
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._bad(f"is no JSON: {what} is missing")
        self._at = found.end()
        return found[0]

    def _string(self, longest: int = _MAX_ENTRY) -> bytes:
        """The string that is next, quotes included; b"" when it is over `longest` bytes."""
        self._accept(b"")
        start = self._at
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self._bad("is no JSON: a string is missing")
        self._at = found.end()
        return self._text[start : self._at] if self._at - start <= longest else b""

    def _walk_metadata(self) -> None:
        """Step over metadata, an object of strings, which may be long; keep what is wanted."""
        for count, raw_key in enumerate(self._keys()):
            value = self._string(MAX_TEXT)
            key = self._decoded(raw_key) if raw_key else ""
            if value and wanted_of_safetensors(key):
                self.metadata[key] = self._decoded(value)
            if count > _MAX_METADATA:
                raise self._bad(f"has over {_MAX_METADATA} metadata entries")

    def _name(self, raw: bytes) -> str:
        """The name in `raw`, where an escape may take six bytes for one."""
        name = self._decoded(raw) if 0 < len(raw) <= 6 * MAX_NAME else ""
        if not 0 < len(name.encode("utf-8", "replace")) <= MAX_NAME:
            raise self._bad(f"has a name that is empty or longer than {MAX_NAME} bytes")
        return printable_name(name, self._source)

    def _decoded(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._bad(f"is no JSON near '{shown(text[:60])}'") from None

    def _tensor(self, name: str) -> tuple[Tensor, Span]:
        entry = self._decoded(self._take(_ENTRY, f"a tensor's entry of under {_MAX_ENTRY} bytes"))
        dtype, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
        if not _are_lengths(shape) or not _are_lengths(offsets) or len(offsets) != 2:
            raise self._bad(f"has no usable shape and data_offsets for '{shown(name)}'")
        if not isinstance(dtype, str) or dtype not in _TYPES:
            what = f"'{shown(name)}' has unknown type {shown(dtype)}"
            raise self._source.error(what, "update fitplan")
        tensor = Tensor(name, tuple(shape), dtype)
        begin, end = offsets
        if end - begin != TENSOR_TYPES[dtype].bytes_for(tensor.elements):
            raise self._source.error(f"the data of '{shown(name)}' doesn't have its shape's length")
        return tensor, Span(begin, end, name)


def _are_lengths(value: Any) -> bool:
    """Whether `value` is a short list of integers from 0 on."""
    return (
        isinstance(value, list)
        and len(value) <= _MAX_DIMENSIONS
        and all(type(item) is int and 0 <= item < _MAX_LENGTH for item in value)
    )
