"""Held against the libraries that define the formats: what they read we read, with equal tensors.

Where fitplan refuses what a library reads, the error names a limit of fitplan's.
"""

import json
import re
import struct
from pathlib import Path
from typing import Any

import gguf
import pytest
import safetensors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fitplan.accounting.quantization import GGML_TYPES
from fitplan.errors import FitplanError
from fitplan.readers.files import read_header
from sparse import Gguf

pytestmark = pytest.mark.slow

Found = dict[str, tuple[str, tuple[int, ...]]]
"""Name → type and shape."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files are written."""
    return tmp_path_factory.mktemp("differential") / "x.bin"


def ours(path: Path) -> Found | str:
    """What fitplan reads, or its error."""
    try:
        return {t.name: (t.type, t.shape) for t in read_header(path).tensors}
    except FitplanError as error:
        return error.message


def of_safetensors(path: Path) -> Found | None:
    """What the safetensors package reads; None when it refuses."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {n: (s.get_dtype(), tuple(s.get_shape())) for n, s in slices.items()}
    except safetensors.SafetensorError:
        return None


def of_gguf(path: Path) -> Found | None:
    """What the gguf package reads; None when it refuses."""
    try:
        tensors = gguf.GGUFReader(path).tensors
    except (ValueError, KeyError, IndexError, OverflowError, RuntimeWarning):
        return None
    return {t.name: (t.tensor_type.name, tuple(map(int, reversed(t.shape)))) for t in tensors}


RENAMED_BY_OLD_GGUF = re.compile(r"has the metadata key .* twice$", re.DOTALL)


def assert_agree(mine: Found | str, theirs: Found | None) -> None:
    """Equal tensors, refused by both, or beyond a limit of fitplan's.

    gguf before 0.18 renames a repeated metadata key instead of refusing the file.
    """
    if theirs is None:
        assert isinstance(mine, str), mine
    elif isinstance(mine, str):
        assert "fitplan's limit" in mine or RENAMED_BY_OLD_GGUF.search(mine), mine
    else:
        assert mine == theirs


numbers = st.sampled_from([0, 1, 2, 4, 8, 2**32, 2**63, 2**64 - 1, 2**64]) | st.integers(-1, 16)
odd_values: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=4) | st.just([[]])
)
types = st.sampled_from(
    ["F32", "BF16", "F4", "F6_E2M3", "F8_E4M3FNUZ", "C64", "I8", "BOOL", "f32", "Q8_0"]
)
keys = st.text('abcé"\\/\n\x00\x7f\u00a0\ud800', max_size=3)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """A tensor's entry, mostly sound."""
    dtype, shape = draw(types), draw(st.lists(st.integers(0, 4), max_size=3))
    bits = {"F32": 32, "BF16": 16, "F4": 4, "F6_E2M3": 6, "C64": 64}.get(dtype, 8)
    count = 1
    for length in shape:
        count *= length
    entry = {"dtype": dtype, "shape": shape, "data_offsets": count * bits // 8}
    if draw(st.integers(0, 5)) == 0:
        entry[draw(st.sampled_from([*entry, "more"]))] = draw(odd_values)
    return entry


@st.composite
def headers(draw: st.DrawFn) -> tuple[str, int]:
    """The text of a safetensors header, and the bytes of its data; mostly sound."""
    header: dict[str, Any] = {}
    end = 0
    for name in draw(st.lists(keys, max_size=4, unique=True)):
        entry = draw(entries())
        size = entry["data_offsets"]
        if type(size) is int:
            size = max(0, min(size, 1 << 12))
            entry["data_offsets"] = [end, end + size]
            end += size
        header[name] = entry
    if draw(st.booleans()):
        texts = st.dictionaries(keys, keys, max_size=2)
        header["__metadata__"] = draw(texts | st.none() | odd_values)
    text = json.dumps(header, ensure_ascii=draw(st.booleans()))
    space = draw(st.sampled_from(["", " ", "\n\t", "\0", "\ufeff"]))
    text = draw(st.sampled_from([space + text, text + space]))
    return text, end + draw(st.sampled_from([0, 0, 0, 0, 1]))


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(header=headers())
def test_safetensors_headers(path: Path, header: tuple[str, int]) -> None:
    """Sound ones and those with a fault or two."""
    raw = header[0].encode("utf-8", "surrogatepass")
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(header[1]))
    assert_agree(ours(path), of_safetensors(path))


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_safetensors_text(path: Path, data: st.DataObject) -> None:
    """A sound header's text with a few characters changed, none of them in its data."""
    text = '{"__metadata__":{"a":"b\\u00e9"},"a.b":{"dtype":"F32","shape":[2],'
    text += '"data_offsets":[0,8]},"c":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}'
    marks = st.sampled_from([*'{}[]":,\\ \n0123-+.eEux', "null", "\\u", "\\n", '"x":1,', "é"])
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(marks) + text[at + data.draw(st.integers(0, 2)) :]
    raw = text.encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(10))
    mine, theirs = ours(path), of_safetensors(path)
    if isinstance(mine, str) and theirs and "two tensors are called" in mine:
        return
    assert_agree(mine, theirs)


READ_BY_BOTH = sorted(
    t.name
    for t in GGML_TYPES.values()
    if t.name != "Q8_1" and t.name in gguf.GGMLQuantizationType.__members__
)
ggml_types = st.sampled_from([GGML_TYPES[gguf.GGMLQuantizationType[n].value] for n in READ_BY_BOTH])
shapes = st.lists(st.integers(0, 3), max_size=9)


@st.composite
def ggufs(draw: st.DrawFn) -> bytes:
    """A GGUF file, sound or with one fault that both readers refuse."""
    write = Gguf(draw(st.sampled_from("<>")))
    names = draw(st.lists(st.text("ab.é", max_size=3), max_size=4))
    metadata = [
        write.text(key) + write.pack("I", kind) + value
        for key, kind, value in draw(st.lists(values(write), max_size=4))
    ]
    alignment = draw(st.sampled_from([1, 2, 32, 64, 1024, 0, 3, 33]))
    if draw(st.booleans()):
        metadata.append(write.number_entry("general.alignment", alignment))
    else:
        alignment = 32
    infos, data = b"", 0
    for name in names:
        kind, shape = draw(ggml_types), draw(shapes)
        shape = [shape[0] * kind.block_size, *shape[1:]] if shape else [kind.block_size]
        if draw(st.integers(0, 9)) == 0:
            shape[0] += 1
        count = 1
        for length in shape:
            count *= length
        infos += write.text(name) + write.pack("I", len(shape))
        infos += write.pack(f"{len(shape)}Q", *shape) + write.pack("IQ", kind.ggml_id or 0, data)
        data += kind.bytes_for(count)
        data += -data % (alignment or 1)
    head = b"GGUF" + write.pack("IQQ", draw(st.sampled_from([2, 3])), len(names), len(metadata))
    header = head + b"".join(metadata) + infos
    return header + bytes(-len(header) % (alignment or 1) + data)


@st.composite
def values(draw: st.DrawFn, write: Gguf) -> tuple[str, int, bytes]:
    """Key, value type and value of a metadata entry."""
    key = draw(st.text("ké", min_size=1, max_size=2))
    number = write.pack("I", draw(st.integers(0, 9)))
    text = write.text(draw(st.text(max_size=3)))
    numbers = write.pack("IQ", 4, 2) + number * 2
    value = {4: number, 8: text}
    value[9] = draw(
        st.sampled_from(
            [
                numbers,
                write.pack("IQ", 8, 1) + text,
                write.pack("IQ", 9, 2) + numbers * 2,
                write.pack("IQ", 8, 0),
                write.pack("IQ", 9, 0),
            ]
        )
    )
    kind = draw(st.sampled_from([4, 8, 9]))
    return key, kind, value[kind]


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(content=ggufs())
def test_gguf_headers(path: Path, content: bytes) -> None:
    """Any metadata, types, axes and alignment, in either byte order."""
    path.write_bytes(content)
    assert_agree(ours(path), of_gguf(path))
