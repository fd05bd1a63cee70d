"""safetensors headers: held against the `safetensors` package, shards, and bad files."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy
import pytest
import safetensors
from test_readers_gguf import failure, one

import sparse
from fitplan.accounting.weights import Container, Tensor
from fitplan.readers.files import read_header
from fitplan.readers.header import MAX_ENTRIES
from fitplan.readers.json_walk import MAX_VALUE
from fitplan.readers.safetensors import _TYPES, MAX_HEADER
from fitplan.readers.source import MAX_NAME, MAX_TENSORS

REAL_TYPES = {
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I64": "int64",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
SINGLES = [
    name
    for name in sparse.NAMES
    if sparse.inventory(name).format == "safetensors" and "diff" not in name
]


def entry(
    begin: int = 0, end: int = 4, shape: object = (1,), dtype: object = "F32"
) -> dict[str, Any]:
    """One tensor's entry in a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def raw_file(path: Path, text: bytes, data: int = 0, length: int | None = None) -> Path:
    """A file with `text` as its header; `length`: what it claims."""
    claimed = len(text) if length is None else length
    path.write_bytes(struct.pack("<Q", claimed) + text + b"\0" * data)
    return path


def json_file(path: Path, header: object, data: int = 4) -> Path:
    """A file with `header` as JSON."""
    return raw_file(path, json.dumps(header).encode(), data)


@pytest.mark.parametrize("name", SINGLES)
def test_written_inventory_reads_back(name: str, tmp_path: Path) -> None:
    """A header written from an inventory and read back has the inventory's tensors."""
    content = sparse.inventory(name)
    path = sparse.write_safetensors(tmp_path / "x.safetensors", content.tensors)
    assert read_header(path).tensors == content.tensors
    model = one(path)
    assert model.tensor_bytes == content.tensor_bytes
    assert model.weights.container is Container.SAFETENSORS
    assert model.warnings == ()


def test_equals_the_safetensors_package(tmp_path: Path) -> None:
    """Names, shapes and types are those safe_open finds in a file the package wrote."""
    path = tmp_path / "real.safetensors"
    shapes = {"F32": (), "F16": (3,), "BF16": (2, 3), "U8": (0, 4)}
    tensors = [Tensor(f"a.{t}", shapes.get(t, (2, 2, 2)), t) for t in REAL_TYPES]
    zeros = numpy.zeros(64, numpy.uint8)
    content = {
        tensor.name: safetensors.TensorSpec(
            dtype=REAL_TYPES[tensor.type],
            shape=list(tensor.shape),
            data_ptr=zeros.ctypes.data,
            data_len=sparse.stored_bytes(tensor),
        )
        for tensor in tensors
    }
    safetensors.serialize_file(content, str(path), {"format": "pt", 'quo"te': "\\ [red] é"})
    with safetensors.safe_open(path, framework="numpy") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        expected = {n: (tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()}
    assert {t.name: (t.shape, t.type) for t in read_header(path).tensors} == expected


def test_types_are_listed_largest_first(tmp_path: Path) -> None:
    """The table of types counts tensors, elements and bytes, the largest total first."""
    content = sparse.inventory("klein-4b-fp8-r2")
    totals = one(sparse.write_safetensors(tmp_path / "x.safetensors", content.tensors)).types
    assert [(t.type, t.tensors) for t in totals] == [("FP8_SCALED", 20), ("BF16", 21), ("F32", 40)]
    assert sum(t.bytes for t in totals) == content.tensor_bytes
    assert sum(t.tensors for t in totals) == len(content.tensors)


def test_checkpoint_parts(tmp_path: Path) -> None:
    """A full checkpoint is one model with three parts that add up to its tensors."""
    model = one(sparse.install("sd15-single-f16", tmp_path))
    assert [part.architecture for part in model.parts] == ["SD 1.5", "SD VAE", "CLIP-L"]
    assert sum(part.weights.file_bytes for part in model.parts) == model.tensor_bytes
    assert {part.weights.quant for part in model.parts} == {"F16"}


def test_shards_are_one_model(tmp_path: Path) -> None:
    """Shards side by side without config.json are one safetensors model."""
    tensors = sparse.inventory("qwen3-4b-fp8-r4").tensors
    for i in range(2):
        name = f"model-0000{i + 1}-of-00002.safetensors"
        sparse.write_safetensors(tmp_path / name, tensors[i::2])
    model = one(tmp_path / "model-00002-of-00002.safetensors")
    assert (model.weights.quant, model.architecture) == ("FP8_SCALED", "Qwen3 4B")


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    """Cut anywhere, in its header or its data, a file is one clear error."""
    tensors = [Tensor("a.weight", (4, 4), "F32"), Tensor("b", (3,), "BF16")]
    whole = sparse.write_safetensors(tmp_path / "x", tensors, {"format": "pt"}).read_bytes()
    path = tmp_path / "cut.safetensors"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        failure(path)


def test_extra_bytes_are_an_error(tmp_path: Path) -> None:
    """Bytes that belong to no tensor, behind or between, are refused as the package does."""
    path = tmp_path / "x.safetensors"
    assert "belong to no tensor" in failure(json_file(path, {"a": entry()}, data=5))
    gap = {"a": entry(0, 4), "b": entry(8, 12)}
    assert "belong to no tensor" in failure(json_file(path, gap, data=12))


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ({"a": entry(0, 8)}, "does not match its shape"),
        ({"a": entry(4, 0)}, "does not match its shape"),
        ({"a": entry(4, 8)}, "before the data"),
        ({"a": entry(0, 4), "b": entry(0, 4)}, "overlap"),
        ({"a": entry(0, 4), "b": entry(2, 6)}, "overlap"),
        ({"a": entry(0, 4, [2**62])}, "does not match its shape"),
        ({"a": entry(0, 4, [2**64])}, "no usable shape"),
        ({"a": entry(0, 4, [-1])}, "no usable shape"),
        ({"a": entry(0, 4, [True])}, "no usable shape"),
        ({"a": entry(0, 4, [1.0])}, "no usable shape"),
        ({"a": entry(0, 4, "1")}, "no usable shape"),
        ({"a": entry(0, 4, [1] * 17)}, "fitplan's limit is 16"),
        ({"a": entry(0, 0, [2**63, 4, 0])}, "2^64 elements"),
        ({"a": entry(0, 1, [1], "F4")}, "inside a byte"),
        ({"a": entry(0, 2, [3], "F4")}, "inside a byte"),
        ({"a": entry(0, 2, [2], "F6_E2M3")}, "inside a byte"),
        ({"a": ["F32", [1]]}, "no usable shape"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, "no usable shape"),
        ({"a": {"dtype": "F32"}}, "no usable shape"),
        ({"a": {}}, "no usable shape"),
        ({"a": entry(dtype="F99")}, "unknown type F99"),
        ({"a": entry(dtype=["F32"])}, "unknown type"),
        ({"a": entry(dtype="Q8_0")}, "unknown type Q8_0"),
        ({"a": 1}, "no usable shape"),
        ({"a": []}, "no usable shape"),
        ([], "neither GGUF nor safetensors"),
        ({"\x1b[31mred": entry()}, "printable"),
        ({"\ud800": entry()}, "is not valid JSON"),
        ({"x" * (MAX_NAME + 1): entry()}, "fitplan's limit"),
        ({"x" * (7 * MAX_NAME): entry()}, "fitplan's limit"),
        ({"a": entry() | {"more": "x" * MAX_VALUE}}, "fitplan's limit"),
        ({"a": entry() | {"more": [1] * MAX_VALUE}}, "fitplan's limit"),
    ],
)
def test_bad_entries(header: object, what: str, tmp_path: Path) -> None:
    """Each way an entry can be wrong is one clear error."""
    assert what in failure(json_file(tmp_path / "x.safetensors", header))


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b'{"a',
        b'{"a"}',
        b'{"a":{"dtype":"F32"',
        b'{"a":{}',
        b'{"a":{},}',
        b'{"a":{}}}',
        b'{"a":{}} x',
        b'{"a":{"dtype":F32}}',
        b'{"a\\":{}}',
        b'{"\xff":{}}',
        b'{"a":{"\xff":1}}',
        b"{\x00}",
        b'{"a":{"shape":[1}}',
        b"{}\0",
        b"\xef\xbb\xbf{}",
        b'{"__metadata__":{"a":null}}',
        b'{"__metadata__":[]}',
        b'{"__metadata__":null,"__metadata__":null}',
        b'{"__metadata__":{"a":"\\ud800"}}',
        b'{"__metadata__":{"a":"\\x"}}',
        b'{"__metadata__":{"a":"\xff"}}',
        b'{"__metadata__":{"a":"\n"}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":NaN}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1e999}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"shape":[1]}}',
    ],
)
def test_broken_json(text: bytes, tmp_path: Path) -> None:
    """Whatever is wrong with the JSON, it's one clear error."""
    failure(raw_file(tmp_path / "x.safetensors", text, data=4))


def test_duplicate_names(tmp_path: Path) -> None:
    """JSON allows a key twice; a model doesn't have a tensor twice."""
    one_entry = b'"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    path = raw_file(tmp_path / "x.safetensors", b"{" + one_entry + b"," + one_entry + b"}")
    assert "two tensors are called 'a'" in failure(path)


def test_white_space_and_escapes_are_json(tmp_path: Path) -> None:
    """White space anywhere, escapes in names and padding behind are read as JSON has them."""
    text = b'{ "__metadata__" : {"a\\"}":"{[\\\\"} ,\n "a\\u002eb" : '
    text += b'{"shape":[ 1 ],"dtype":"F32","data_offsets":[0,4]} }  \n'
    path = raw_file(tmp_path / "x.safetensors", text, data=4)
    assert read_header(path).tensors == (Tensor("a.b", (1,), "F32"),)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 100, 1])
def test_wrong_header_length(length: int, tmp_path: Path) -> None:
    """A header length beyond the file, or one that cuts the header, is an error."""
    failure(raw_file(tmp_path / "x.safetensors", b'{"a":{}}', length=length))


def test_header_larger_than_the_limit(tmp_path: Path) -> None:
    """A header over the limit is refused, and the error says what the limit is."""
    path = raw_file(tmp_path / "x.safetensors", b"{}", length=MAX_HEADER + 1)
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    assert "the format allows 100000000" in failure(path)


def test_deeply_nested_header(tmp_path: Path) -> None:
    """Metadata holds text only, and an entry no object, so nothing can nest."""
    for text in (b'{"__metadata__":{"a":%s}}', b'{"a":{"shape":%s}}'):
        deep = text % (b"[" * 2_000 + b"]" * 2_000)
        assert failure(raw_file(tmp_path / "x.safetensors", deep))


def test_too_much_metadata(tmp_path: Path) -> None:
    """Metadata of hundreds of thousands of entries is more than fitplan reads."""
    header = {"__metadata__": {str(i): "" for i in range(MAX_ENTRIES + 1)}}
    assert "metadata entries; fitplan's limit" in failure(
        json_file(tmp_path / "x.safetensors", header, data=0)
    )


def test_too_many_tensors(tmp_path: Path) -> None:
    """More tensors than any model has are refused."""
    header = {f"t{i}": entry(0, 0, [0]) for i in range(MAX_TENSORS + 1)}
    assert "fitplan's limit" in failure(json_file(tmp_path / "x.safetensors", header, data=0))


def test_twenty_thousand_tensors_and_more(tmp_path: Path) -> None:
    """In one file, and in a set of shards."""
    tensors = [Tensor(f"blocks.{i}.w", (1,), "F32") for i in range(30_000)]
    path = sparse.write_safetensors(tmp_path / "x.safetensors", tensors)
    assert len(read_header(path).tensors) == 30_000
    for i in range(2):
        name = f"y-0000{i + 1}-of-00002.safetensors"
        path = sparse.write_safetensors(tmp_path / name, tensors[i::2])
    assert sum(total.tensors for total in one(path).types) == 30_000


def test_what_is_unusual_but_sound(tmp_path: Path) -> None:
    """Every type of the format, nine axes, long and empty names, as the package reads them."""
    tensors = (
        *(Tensor(f"a.{type}", (2, 4), type) for type in sorted(_TYPES)),
        Tensor("nine", (1, 2, 1, 1, 1, 1, 1, 1, 3), "F32"),
        Tensor("", (4,), "F16"),
        Tensor("x" * 300, (4,), "BF16"),
        Tensor("é" * 3000, (2,), "F32"),
        Tensor("none", (0, 2**63, 4), "F32"),
    )
    path = sparse.write_safetensors(tmp_path / "x.safetensors", tensors)
    assert read_header(path).tensors == tensors
    with safetensors.safe_open(path, framework="numpy") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        expected = {n: (tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()}
    assert {t.name: (t.shape, t.type) for t in tensors} == expected


@pytest.mark.parametrize("space", [b" ", b"\n\t\r ", b" " * 100, b"\n" * (3 << 20)])
def test_white_space_before_the_brace(space: bytes, tmp_path: Path) -> None:
    """It may pad the data to an alignment from the front, however long it is."""
    text = space + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path = raw_file(tmp_path / "x.safetensors", text, data=4)
    assert read_header(path).tensors == (Tensor("a", (1,), "F32"),)


@pytest.mark.parametrize(
    "text",
    [
        b'{"__metadata__":null,"a":%s}',
        b'{"a":%s,"__metadata__":{}}',
        b'{"__metad\\u0061ta__":{"a":"\\ud83d\\ude00"},"a":%s}',
    ],
)
def test_metadata_that_is_none(text: bytes, tmp_path: Path) -> None:
    """`null` is no metadata; the key may be written with escapes, and stand anywhere."""
    one_entry = b'{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    path = raw_file(tmp_path / "x.safetensors", text % one_entry, data=4)
    assert read_header(path).tensors == (Tensor("a", (1,), "F32"),)


@pytest.mark.parametrize(
    "text",
    [
        b'["F32",[1],[0,4]]',
        b'{"x":{"y":[1,"}"]},"dtype":"F32","shape":[1],"data_offsets":[0,4]}',
        b'{"dtype":"F\\u0033\\u0032","shape":[1],"data_offsets":[0,4],"x":null}',
    ],
)
def test_entries_in_other_words(text: bytes, tmp_path: Path) -> None:
    """A list of the three values, further fields and escapes are read as the package reads them."""
    path = raw_file(tmp_path / "x.safetensors", b'{"a":' + text + b"}", data=4)
    assert read_header(path).tensors == (Tensor("a", (1,), "F32"),)


def test_spaces_are_no_model(tmp_path: Path) -> None:
    """A file of nothing but white space is neither format."""
    path = tmp_path / "x.safetensors"
    path.write_bytes(b" " * 100)
    assert "neither GGUF nor safetensors" in failure(path)


def test_no_tensors(tmp_path: Path) -> None:
    """An empty header is a valid file of an unknown architecture."""
    model = one(json_file(tmp_path / "x.safetensors", {}, data=0))
    assert (model.weights.family, model.weights.groups, model.types) == ("", (), ())
