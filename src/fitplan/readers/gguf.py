"""Reads the header of a GGUF file (version 2 or 3, either byte order) without its arrays.

A text encoder's header is mostly its tokenizer: hundreds of thousands of strings. They are walked
length by length in big buffers and never made into objects. Layout: the GGUF specification.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from fitplan.accounting.quantization import GGML_TYPES, TensorType
from fitplan.accounting.weights import Container, Tensor
from fitplan.readers.header import (
    MAX_AXES,
    MAX_ENTRIES,
    Header,
    Names,
    Span,
    check_count,
    check_spans,
)
from fitplan.readers.metadata import MAX_NUMBERS, MAX_TEXT, Metadata, MetadataValue, wanted_of_gguf
from fitplan.readers.source import MAX_NAME, ByteSource, shown

MAGIC = b"GGUF"
MAX_HEADER = 128 << 20
"""Bytes a header may have; the largest tokenizers take under 32 MiB."""

_VERSIONS = (2, 3)
_ALIGNMENT = "general.alignment"
_DEFAULT_ALIGNMENT = 32
_MAX_KEY = 65_535
_MAX_NESTING = 8
_SMALLEST_INFO = 24
"""Bytes of a tensor info with an empty name and no axes."""
_SMALLEST_ENTRY = 14
"""Bytes of a metadata entry: a key of one byte, a value of one."""
_UINT32, _STRING, _ARRAY = 4, 8, 9
_VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""GGUF value type → bytes of one value."""
_USUAL_INFO = 64
"""Bytes of a tensor info before the first was seen: a name of some 30 letters and the numbers."""
_MARGIN = 512
"""Bytes over the mean, so that names a little longer than those before don't end a guess short."""
_USUAL_STRING = 16
"""Bytes of a token with its length, before the first was seen."""
_INTEGERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 10: "Q", 11: "q"}
"""GGUF value type → how `struct` reads it."""


def read_gguf(source: ByteSource) -> Header:
    """The header of an open GGUF file; FitplanError for anything that doesn't fit the file."""
    source.limit = min(source.size, MAX_HEADER)
    walker = _Walker(source, _byte_order(source))
    tensor_count = walker.count("tensors", _SMALLEST_INFO)
    entries = walker.count("metadata entries", _SMALLEST_ENTRY)
    check_count(tensor_count, "tensors", source)
    if entries > MAX_ENTRIES:
        raise source.beyond(f"has {entries} metadata entries", MAX_ENTRIES)
    metadata = walker.metadata(entries)
    infos = walker.tensors(tensor_count)
    _check_data(infos, _number(metadata, _ALIGNMENT, _DEFAULT_ALIGNMENT), source)
    return Header(
        path=source.path,
        container=Container.GGUF,
        file_bytes=source.size,
        tensors=tuple(info.tensor for info in infos),
        file_type=_number(metadata, "general.file_type", -1),
        metadata=metadata,
    )


def _number(metadata: Metadata, key: str, default: int) -> int:
    value = metadata.get(key)
    return value if isinstance(value, int) else default


def is_gguf(start: bytes) -> bool:
    """Whether a file that begins with `start` is GGUF."""
    return start.startswith(MAGIC)


def _byte_order(source: ByteSource) -> str:
    """`<` or `>`: whichever makes the version number small."""
    source.skip(len(MAGIC))
    raw = source.take(4)
    version = min(int.from_bytes(raw, "little"), int.from_bytes(raw, "big"))
    if version not in _VERSIONS:
        raise source.error(f"is GGUF version {version}; 2 and 3 are read", "convert it again")
    return "<" if int.from_bytes(raw, "little") == version else ">"


@dataclass(frozen=True, slots=True)
class _TensorInfo:
    tensor: Tensor
    offset: int
    size: int


class _Pace:
    """Tells a source what is still ahead of a run of items, by the mean of those that went by."""

    def __init__(self, source: ByteSource, count: int, usual: int) -> None:
        self._source = source
        self._count = count
        self._usual = usual
        self._start = source.position

    def tell(self, left: int) -> None:
        """`left` items are still to come."""
        done = self._count - left
        walked = self._source.position - self._start
        rest = left * walked // done if done else left * self._usual
        self._source.ahead = rest + _MARGIN


class _Walker:
    """Steps through a header in one byte order."""

    def __init__(self, source: ByteSource, order: str) -> None:
        self._source = source
        self._order = order
        self._u32: Callable[[bytes], tuple[int]] = struct.Struct(f"{order}I").unpack
        self._u64: Callable[[bytes], tuple[int]] = struct.Struct(f"{order}Q").unpack
        self._u64_at = struct.Struct(f"{order}Q").unpack_from

    def u32(self) -> int:
        return self._u32(self._source.take(4))[0]

    def u64(self) -> int:
        return self._u64(self._source.take(8))[0]

    def count(self, what: str, smallest: int) -> int:
        """A number of items of `smallest` bytes or more, of which the file has enough."""
        count = self.u64()
        if count * smallest > self._source.size - self._source.position:
            raise self._source.error(f"claims {count} {what}, more than fit in it")
        return count

    def metadata(self, count: int) -> dict[str, MetadataValue]:
        """Walk all metadata entries; those that are wanted."""
        kept: dict[str, MetadataValue] = {}
        seen: set[bytes] = set()
        for _ in range(count):
            key = self._key(seen)
            value_type = self.u32()
            if key == _ALIGNMENT and value_type != _UINT32:
                raise self._source.error(f"{_ALIGNMENT} is not a 32-bit number")
            value = self._value(value_type) if wanted_of_gguf(key) else None
            if value is None:
                self._skip_value(value_type, key)
            else:
                kept[key] = value
        return kept

    def _key(self, seen: set[bytes]) -> str:
        """The metadata key that is next, once it is noted in `seen`."""
        raw = self._bytes(_MAX_KEY, "metadata key")
        key = self._text(raw, "metadata key")
        if not raw or raw in seen:
            what = "an empty metadata key" if not raw else f"the metadata key '{shown(key)}' twice"
            raise self._source.error(f"has {what}")
        seen.add(raw)
        return key

    def _value(self, value_type: int) -> MetadataValue | None:
        """The value that is next, stepped over; None, and where it was, when it isn't one to keep.

        Kept are whole numbers, texts in one printable line, and short lists of whole numbers.
        """
        start = self._source.position
        value = self._number_or_text(value_type)
        if value is None:
            self._source.position = start
        return value

    def _number_or_text(self, value_type: int) -> MetadataValue | None:
        if value_type in _INTEGERS:
            return self._integers(value_type, 1)[0]
        if value_type == _STRING:
            return self._printable(self.u64())
        if value_type == _ARRAY:
            item_type, count = self.u32(), self.u64()
            if item_type in _INTEGERS and count <= MAX_NUMBERS:
                return self._integers(item_type, count)
        return None

    def _integers(self, value_type: int, count: int) -> tuple[int, ...]:
        layout = struct.Struct(f"{self._order}{count}{_INTEGERS[value_type]}")
        return layout.unpack(self._source.take(layout.size))

    def _printable(self, length: int) -> str | None:
        if length > MAX_TEXT:
            return None
        text = self._source.take(length).decode("utf-8", "replace")
        return text if text.isprintable() else None

    def tensors(self, count: int) -> list[_TensorInfo]:
        """Walk all tensor infos."""
        pace = _Pace(self._source, count, _USUAL_INFO)
        names = Names(self._source)
        infos = []
        for left in range(count, 0, -1):
            pace.tell(left)
            infos.append(self._tensor(names))
        return infos

    def _tensor(self, names: Names) -> _TensorInfo:
        name = self._text(self._bytes(4 * MAX_NAME, "tensor name"), "tensor name")
        names.take(name)
        lengths = self._lengths(name)
        stored_as = self._tensor_type(name)
        tensor = Tensor(name, lengths[::-1], stored_as.name)
        offset = self.u64()
        if (lengths or (1,))[0] % stored_as.block_size:
            size = f"{stored_as.name}'s block size {stored_as.block_size}"
            raise self._source.error(f"rows of '{shown(name)}' are not a multiple of {size}")
        return _TensorInfo(tensor, offset, stored_as.bytes_for(tensor.elements))

    def _lengths(self, name: str) -> tuple[int, ...]:
        """The lengths of the axes of the tensor `name`, rows last."""
        axes = self.u32()
        self._source.require(8 * axes)
        if axes > MAX_AXES:
            raise self._source.beyond(f"'{shown(name)}' has {axes} axes", MAX_AXES)
        return tuple(self.u64() for _ in range(axes))

    def _tensor_type(self, name: str) -> TensorType:
        number = self.u32()
        if number not in GGML_TYPES:
            cure = "update fitplan, or use a common quantization"
            raise self._source.error(f"'{shown(name)}' has unknown tensor type {number}", cure)
        return GGML_TYPES[number]

    def _bytes(self, longest: int, what: str) -> bytes:
        length = self.u64()
        self._source.require(length)
        if length > longest:
            raise self._source.beyond(f"has a {what} of {length} bytes", longest)
        return self._source.take(length)

    def _text(self, raw: bytes, what: str) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self._source.error(f"the {what} {shown(raw)} is not UTF-8") from None

    def _skip_value(self, value_type: int, key: str, depth: int = 0) -> None:
        if value_type == _STRING:
            self._source.skip(self.u64())
        elif value_type == _ARRAY:
            self._skip_array(key, depth)
        else:
            self._source.skip(self._value_bytes(value_type, key))

    def _skip_array(self, key: str, depth: int) -> None:
        item_type, count = self.u32(), self.u64()
        if item_type == _ARRAY:
            self._skip_arrays(key, count, depth + 1)
        elif item_type == _STRING:
            self._skip_strings(count)
        else:
            self._source.skip(count * self._value_bytes(item_type, key))

    def _skip_arrays(self, key: str, count: int, depth: int) -> None:
        """Walk `count` arrays inside of an array."""
        self._source.require(12 * count)
        if depth > _MAX_NESTING or count > MAX_ENTRIES:
            what = f"metadata '{shown(key)}' has deeper or longer arrays of arrays"
            raise self._source.beyond(what, f"{_MAX_NESTING} levels and {MAX_ENTRIES} arrays")
        for _ in range(count):
            self._skip_array(key, depth)

    def _skip_strings(self, count: int) -> None:
        """Walk `count` strings, each eight bytes of length and that many bytes."""
        if 8 * count > self._source.size - self._source.position:
            raise self._source.error(f"claims an array of {count} strings, more than fit in it")
        self._source.require(8 * count)
        pace = _Pace(self._source, count, _USUAL_STRING)
        while count:
            pace.tell(count)
            walked, used = self._walk_strings(self._source.chunk(), count)
            if not walked:
                raise self._source.error(f"ends at byte {self._source.size}, inside its header")
            count -= walked
            self._source.skip(used)
        self._source.ahead = 0

    def _walk_strings(self, chunk: memoryview, count: int) -> tuple[int, int]:
        """How many of `count` strings begin in `chunk`, and how many bytes those take."""
        length_at = self._u64_at
        last = len(chunk) - 8
        at = 0
        for walked in range(count):
            if at > last:
                return walked, at
            at += 8 + length_at(chunk, at)[0]
        return count, at

    def _value_bytes(self, value_type: int, key: str) -> int:
        if value_type not in _VALUE_BYTES:
            raise self._source.error(f"metadata '{shown(key)}' has unknown type {value_type}")
        return _VALUE_BYTES[value_type]


def _check_data(infos: list[_TensorInfo], alignment: int, source: ByteSource) -> None:
    """FitplanError when tensor data isn't aligned, overlaps, or reaches past the end."""
    if alignment.bit_count() != 1:
        raise source.error(f"has an alignment of {alignment} bytes, which is not a power of two")
    start = -(-source.position // alignment) * alignment
    for info in infos:
        if info.offset % alignment:
            raise source.error(f"the data of '{shown(info.tensor.name)}' is not aligned")
    spans = [Span(info.offset, info.offset + info.size, info.tensor.name) for info in infos]
    check_spans(spans, source.size - start, source)
