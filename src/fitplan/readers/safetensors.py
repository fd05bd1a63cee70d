"""Reads the header of a safetensors file: eight bytes of length, then JSON.

JSON becomes up to twenty times its size as Python objects, so it is never parsed whole: the text is
walked entry by entry, and only one entry at a time is decoded.
"""

import codecs
from typing import Any

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Tensor
from fitplan.readers.header import MAX_AXES, MAX_ENTRIES, Header, Names, Span, check_spans
from fitplan.readers.json_walk import JsonText
from fitplan.readers.metadata import MAX_TEXT, wanted_of_safetensors
from fitplan.readers.source import ByteSource, shown

MAX_HEADER = 100_000_000
"""Bytes a header may have: the format's own limit."""

_METADATA = "__metadata__"
_MAX_COUNT = 2**64
"""No number of elements reaches it."""
_FIELDS = ("dtype", "shape", "data_offsets")
_TYPES = frozenset(
    {
        *("F64", "F32", "F16", "BF16", "C64", "BOOL"),
        *("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0"),
        *("F6_E2M3", "F6_E3M2", "F4"),
        *("I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"),
    }
)
"""The crate's `Dtype`, by name."""
_SPACE = b" \t\r\n"


def is_safetensors(start: bytes) -> bool:
    """Whether a file that begins with `start` is safetensors: a length, then an opening brace.

    White space may stand before the brace, and may be all that `start` shows of the header.
    """
    first = start[8:].lstrip(_SPACE)[:1]
    blank = len(start) > 8 and not first and int.from_bytes(start[:8], "little") <= MAX_HEADER
    return first == b"{" or blank


def read_safetensors(source: ByteSource) -> Header:
    """The header of an open safetensors file; FitplanError for anything that doesn't fit it."""
    length = int.from_bytes(source.take(8), "little")
    if length > source.size - 8:
        raise source.error(f"claims a header of {length} bytes, more than the file has")
    if length > MAX_HEADER:
        message = f"has a header of {length} bytes; the format allows {MAX_HEADER}"
        raise source.error(message, "save it again without metadata, or in shards")
    entries = _Entries(_text(source, length), source)
    entries.read()
    data_bytes = source.size - 8 - length
    check_spans(entries.spans, data_bytes, source)
    if sum(span.end - span.begin for span in entries.spans) != data_bytes:
        raise source.error("has bytes that belong to no tensor")
    return Header(
        path=source.path,
        container=Container.SAFETENSORS,
        file_bytes=source.size,
        tensors=tuple(entries.tensors),
        metadata=entries.metadata,
    )


def _text(source: ByteSource, length: int) -> bytearray:
    """The JSON text, collected in chunks; FitplanError when it is not UTF-8."""
    text = bytearray()
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        while len(text) < length:
            source.ahead = length - len(text)
            piece = source.chunk()[: length - len(text)]
            if not piece:
                raise source.error("shrank while it was read", "wait until nothing writes to it")
            decode(piece)
            text += piece
            source.skip(len(piece))
        decode(b"", final=True)
    except UnicodeDecodeError:
        raise source.error(f"its header is not UTF-8 after byte {8 + len(text)}") from None
    return text


class _Entries:
    """What a header's JSON text lists."""

    def __init__(self, text: bytearray, source: ByteSource) -> None:
        self.tensors: list[Tensor] = []
        self.spans: list[Span] = []
        self.metadata: dict[str, str] = {}
        """Entries of `__metadata__` that recognition needs."""
        self._source = source
        self._names = Names(source)
        self._walk = JsonText(text, source)

    def read(self) -> None:
        """Walk all of it."""
        has_metadata = False
        for raw_name in self._walk.members():
            name = self._name(raw_name)
            if name != _METADATA:
                self._tensor(name)
            elif has_metadata:
                raise self._walk.bad(f"has {_METADATA} twice")
            else:
                has_metadata = True
                self._walk_metadata()
        self._walk.end()

    def _name(self, raw: bytes) -> str:
        if b"\\" in raw:
            return str(self._walk.decoded(raw))
        return raw[1:-1].decode()

    def _walk_metadata(self) -> None:
        """Step over metadata, an object of strings, which may be long; keep what is wanted."""
        if self._walk.accept(b"null"):
            return
        for count, raw_key in enumerate(self._walk.members()):
            raw_value = self._walk.string(MAX_TEXT)
            key = self._name(raw_key)
            if raw_value and wanted_of_safetensors(key):
                self.metadata[key] = self._walk.decoded(raw_value)
            if count >= MAX_ENTRIES:
                raise self._source.beyond(f"has over {MAX_ENTRIES} metadata entries", MAX_ENTRIES)

    def _tensor(self, name: str) -> None:
        """Take the entry that is next."""
        self._names.take(name)
        dtype, shape, offsets = _fields(self._walk.value())
        if not _are_lengths(shape) or not _are_lengths(offsets) or len(offsets) != 2:
            raise self._walk.bad(f"has no usable shape and data_offsets for '{shown(name)}'")
        if len(shape) > MAX_AXES:
            raise self._source.beyond(f"'{shown(name)}' has {len(shape)} axes", MAX_AXES)
        if not isinstance(dtype, str) or dtype not in _TYPES:
            what = f"'{shown(name)}' has unknown type {shown(dtype)}"
            raise self._source.error(what, "update fitplan")
        tensor = Tensor(name, tuple(shape), dtype)
        begin, end = offsets
        if end - begin != self._bytes_of(tensor):
            raise self._source.error(f"the data of '{shown(name)}' does not match its shape")
        self.tensors.append(tensor)
        self.spans.append(Span(begin, end, name))

    def _bytes_of(self, tensor: Tensor) -> int:
        """Bytes of its data; FitplanError when its elements overflow, or end inside a byte."""
        count = 1
        for length in tensor.shape:
            count *= length
            if count >= _MAX_COUNT:
                raise self._source.error(f"'{shown(tensor.name)}' claims over 2^64 elements")
        stored_as = TENSOR_TYPES[tensor.type]
        if count % stored_as.block_size:
            raise self._source.error(f"'{shown(tensor.name)}' ends inside a byte")
        return stored_as.bytes_for(count)


def _fields(entry: Any) -> list[Any]:
    """The three values of a tensor's entry, an object or a list of them; None for what is not."""
    if isinstance(entry, list) and len(entry) == len(_FIELDS):
        return entry
    return [entry.get(field) if isinstance(entry, dict) else None for field in _FIELDS]


def _are_lengths(value: Any) -> bool:
    """Whether `value` is a list of integers from 0 on that 64 bits hold."""
    return isinstance(value, list) and all(
        type(item) is int and 0 <= item < _MAX_COUNT for item in value
    )
