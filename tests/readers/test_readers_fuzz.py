"""Whatever the bytes, the readers return a model or raise FitplanError."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sparse
from fitplan.accounting.weights import Tensor
from fitplan.errors import FitplanError
from fitplan.readers import read

pytestmark = pytest.mark.slow

TENSORS = (
    Tensor("blk.0.attn_q.weight", (64, 256), "Q4_K"),
    Tensor("blk.0.norm", (64,), "F32"),
    Tensor("blk.1.weight", (32, 64), "BF16"),
)
FLOATS = tuple(t for t in TENSORS if t.type != "Q4_K")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mutated files are written."""
    return tmp_path_factory.mktemp("fuzz")


def headers(folder: Path) -> tuple[bytes, bytes]:
    """A small valid file of each format."""
    gguf = sparse.write_gguf(folder / "valid.gguf", TENSORS, tokens=4, file_type=15)
    plain = sparse.write_safetensors(folder / "valid.safetensors", FLOATS, {"format": "pt"})
    return gguf.read_bytes(), plain.read_bytes()


def read_bytes(folder: Path, content: bytes) -> None:
    """Read `content` as a file; anything but FitplanError fails the test."""
    path = folder / "x.bin"
    path.write_bytes(content)
    message = complaint(path)
    assert message.startswith(str(path))
    assert message.isprintable()


def complaint(path: Path) -> str:
    """What the readers say about `path`: an error's message, or the path when there is none."""
    try:
        read(path)
    except FitplanError as error:
        return error.message
    return str(path)


edits = st.lists(
    st.tuples(st.integers(0, 700), st.integers(0, 12), st.binary(max_size=12)), max_size=6
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 1), edits=edits)
def test_mutated_headers(folder: Path, which: int, edits: list[tuple[int, int, bytes]]) -> None:
    """Bytes replaced, inserted or removed anywhere in a valid header."""
    content = headers(folder)[which]
    for at, removed, inserted in edits:
        content = content[:at] + inserted + content[at + removed :]
    read_bytes(folder, content)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200), start=st.sampled_from([b"", b"GGUF\3\0\0\0", b"GGUF\0\0\0\3"])
)
def test_any_bytes(folder: Path, content: bytes, start: bytes) -> None:
    """Arbitrary bytes, also behind a valid magic."""
    read_bytes(folder, start + content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
tensor_entries = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F32", "BF16", "I64", "Q8_0"]) | json_values,
        "shape": st.lists(st.integers(-1, 2**64), max_size=3) | json_values,
        "data_offsets": st.lists(st.integers(-1, 64), max_size=3) | json_values,
    },
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.dictionaries(st.text(max_size=6), tensor_entries | json_values, max_size=4))
def test_any_json(folder: Path, header: dict[str, object]) -> None:
    """Valid JSON of any shape as a safetensors header."""
    import json

    text = json.dumps(header).encode()
    read_bytes(folder, len(text).to_bytes(8, "little") + text + bytes(64))


names = st.text("abcdefgh.0123456789_é[]", min_size=1, max_size=20)
shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
dense = st.builds(Tensor, names, shapes, st.sampled_from(["F32", "F16", "BF16", "I64", "I8"]))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tensors=st.lists(dense, max_size=8, unique_by=lambda tensor: tensor.name))
def test_what_is_written_is_read(folder: Path, tensors: list[Tensor]) -> None:
    """Any tensors written to either format are read back with the same groups and bytes."""
    (gguf,) = read(sparse.write_gguf(folder / "x.gguf", tensors))
    (plain,) = read(sparse.write_safetensors(folder / "x.safetensors", tensors))
    assert gguf.weights.groups == plain.weights.groups
    assert plain.tensor_bytes == sum(map(sparse.stored_bytes, tensors))
