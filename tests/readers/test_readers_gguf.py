"""GGUF headers: held against the `gguf` package, both byte orders, shards, and bad files."""

import struct
import time
from pathlib import Path

import gguf
import numpy
import pytest

import sparse
from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Role, Tensor, WeightGroup
from fitplan.architectures import recognise
from fitplan.errors import ErrorKind, FitplanError
from fitplan.readers import ModelFile, read
from fitplan.readers.files import read_header
from fitplan.readers.header import MAX_ENTRIES
from fitplan.readers.metadata import ORIGINAL_SHAPE
from fitplan.readers.source import MAX_NAME, MAX_TENSORS
from sparse import Gguf
from tabled import tensors_of

SMALL = (
    Tensor("blk.0.weight", (64, 256), "Q4_K"),
    Tensor("blk.0.bias", (64,), "F32"),
    Tensor("blk.1.weight", (32, 64), "Q8_0"),
    Tensor("conv.weight", (8, 4, 3, 3), "F16"),
    Tensor("scalar", (1,), "BF16"),
)


def one(path: Path) -> ModelFile:
    """The only model in `path`."""
    (model,) = read(path)
    return model


def failure(path: Path) -> str:
    """The message of the error that reading `path` ends in."""
    with pytest.raises(FitplanError) as caught:
        read(path)
    assert caught.value.kind is ErrorKind.FILE
    assert caught.value.message.isprintable()
    assert caught.value.message.startswith(str(path))
    assert caught.value.hint
    return caught.value.message


def gguf_file(
    path: Path,
    metadata: bytes = b"",
    tensors: bytes = b"",
    *,
    counts: tuple[int, int] | None = None,
    version: int = 3,
    data: int = 0,
) -> Path:
    """A GGUF file made by hand; `counts`: tensors and metadata entries it claims."""
    tensor_count, metadata_count = counts or (1 if tensors else 0, 1 if metadata else 0)
    head = b"GGUF" + struct.pack("<IQQ", version, tensor_count, metadata_count)
    content = head + metadata + tensors
    content += b"\0" * (-len(content) % 32 + data)
    path.write_bytes(content)
    return path


def info(name: bytes, shape: tuple[int, ...] = (32,), type: int = 0, offset: int = 0) -> bytes:
    """One tensor info, least axis first."""
    raw = struct.pack("<Q", len(name)) + name + struct.pack("<I", len(shape))
    return raw + struct.pack(f"<{len(shape)}QIQ", *shape, type, offset)


def entry(key: str, layout: str, *values: int) -> bytes:
    """One metadata entry."""
    return Gguf("<").text(key) + struct.pack(f"<{layout}", *values)


@pytest.mark.parametrize("name", [n for n in sparse.NAMES if sparse.inventory(n).format == "gguf"])
def test_written_inventory_reads_back(name: str, tmp_path: Path) -> None:
    """A header written from an inventory and read back has the inventory's tensors."""
    path = sparse.install(name, tmp_path)
    content = sparse.inventory(name)
    assert read_header(path).tensors == content.tensors
    model = one(path)
    assert model.tensor_bytes == content.tensor_bytes
    assert model.weights.file_bytes == path.stat().st_size
    assert model.weights.container is Container.GGUF


@pytest.mark.parametrize("order", [gguf.GGUFEndian.LITTLE, gguf.GGUFEndian.BIG])
def test_equals_the_gguf_package(order: gguf.GGUFEndian, tmp_path: Path) -> None:
    """Names, shapes, types and bytes are those GGUFReader finds in a file GGUFWriter wrote."""
    path = tmp_path / "real.gguf"
    write_real(path, order)
    reader = gguf.GGUFReader(path)
    expected = [
        (t.name, tuple(int(n) for n in t.shape[::-1]), t.tensor_type.name, int(t.n_bytes))
        for t in reader.tensors
    ]
    header = read_header(path)
    found = [(t.name, t.shape, t.type, sparse.stored_bytes(t)) for t in header.tensors]
    assert found == expected
    assert header.file_type == 15


def write_real(path: Path, order: gguf.GGUFEndian) -> None:
    """A small real file with every kind of metadata value."""
    writer = gguf.GGUFWriter(path, "llama", endianess=order)
    writer.add_file_type(15)
    writer.add_custom_alignment(64)
    writer.add_bool("test.flag", True)
    writer.add_float64("test.number", 1.5)
    writer.add_uint64("test.count", 1 << 40)
    writer.add_int8("test.small", -1)
    writer.add_string("test.text", "[bold]text[/bold]")
    writer.add_array("test.floats", [0.5, 1.5])
    writer.add_token_list([f"token {i}" for i in range(1000)])
    writer.add_token_types([1] * 1000)
    for tensor in SMALL:
        stored = TENSOR_TYPES[tensor.type]
        kind = gguf.GGMLQuantizationType[tensor.type]
        rows = (*tensor.shape[:-1], tensor.shape[-1] // stored.block_size * stored.block_bytes)
        writer.add_tensor(tensor.name, numpy.zeros(rows, numpy.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("alignment", [32, 256])
def test_versions_orders_alignments(
    version: int, order: str, alignment: int, tmp_path: Path
) -> None:
    """Versions 2 and 3 in either byte order, at any alignment, read the same."""
    path = sparse.write_gguf(
        tmp_path / "x.gguf",
        SMALL,
        version=version,
        order=order,
        alignment=alignment,
        tokens=3,
        file_type=7,
    )
    header = read_header(path)
    assert (header.tensors, header.file_type) == (SMALL, 7)


def test_tokenizer_is_walked_fast(tmp_path: Path) -> None:
    """A header with a tokenizer of 151,936 tokens is read in under 0.15 s."""
    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL, tokens=151_936)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert read_header(path).tensors == SMALL
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.15


def test_file_type_settles_the_size(tmp_path: Path) -> None:
    """`general.file_type` names the size of a K-quant when the tensors agree."""
    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL[:1], file_type=15)
    assert one(path).weights.quant == "Q4_K_M"


def test_shards_are_one_model(tmp_path: Path) -> None:
    """Any shard leads to the whole set: all tensors, the bytes of all files."""
    names = [f"x-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    paths = [sparse.write_gguf(tmp_path / n, SMALL[i::3]) for i, n in enumerate(names)]
    models = [one(path) for path in (*paths, tmp_path)]
    assert len({model.weights for model in models}) == 1
    assert models[0].path == paths[0]
    assert models[0].weights.file_bytes == sum(path.stat().st_size for path in paths)
    assert models[0].weights.elements == sum(tensor.elements for tensor in SMALL)


def test_missing_shard(tmp_path: Path) -> None:
    """A set with a shard missing is an error that names the shard."""
    path = sparse.write_gguf(tmp_path / "x-00001-of-00002.gguf", SMALL)
    assert "x-00002-of-00002.gguf" in failure(path)


def test_impossible_shard_numbers(tmp_path: Path) -> None:
    """A shard beyond its set's count, or of thousands, is refused by its name alone."""
    for name in ("x-00003-of-00002.gguf", "x-00001-of-99999.gguf", "x-00000-of-00001.gguf"):
        assert "impossible" in failure(sparse.write_gguf(tmp_path / name, SMALL))


def test_shards_with_a_common_tensor(tmp_path: Path) -> None:
    """Two shards that both hold a tensor are an error."""
    path = sparse.write_gguf(tmp_path / "x-00001-of-00002.gguf", SMALL)
    sparse.write_gguf(tmp_path / "x-00002-of-00002.gguf", SMALL[:1])
    assert "two tensors are called 'blk.0.weight'" in failure(path)


def test_every_truncation_is_an_error(tmp_path: Path) -> None:
    """Cut anywhere, in its header or its data, a file is one clear error."""
    whole = sparse.write_gguf(tmp_path / "x.gguf", SMALL, tokens=5, file_type=7).read_bytes()
    path = tmp_path / "cut.gguf"
    last = len(whole) - 31  # the last tensor is two bytes, padded to 32
    for length in [*range(800), *range(800, last, 97), last]:
        path.write_bytes(whole[:length])
        failure(path)


def test_version_1_is_refused(tmp_path: Path) -> None:
    """GGUF version 1 has other length fields; no current program reads it."""
    assert "version 1" in failure(gguf_file(tmp_path / "x.gguf", version=1))


@pytest.mark.parametrize("counts", [(2**63, 0), (0, 2**63), (MAX_TENSORS + 1, 0)])
def test_huge_counts(counts: tuple[int, int], tmp_path: Path) -> None:
    """2⁶³ tensors or metadata entries are refused before the first is looked for."""
    assert "more than fit" in failure(gguf_file(tmp_path / "x.gguf", counts=counts, data=1000))


@pytest.mark.parametrize("counts", [(MAX_TENSORS + 1, 0), (0, MAX_ENTRIES + 1)])
def test_counts_over_fitplans_limit(counts: tuple[int, int], tmp_path: Path) -> None:
    """More than fitplan reads may be sound: the error names the limit, and blames nothing."""
    path = gguf_file(tmp_path / "x.gguf", counts=counts)
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    with pytest.raises(FitplanError, match=f"has {max(counts)} .*; fitplan's limit is ") as caught:
        read(path)
    assert "download" not in caught.value.hint


@pytest.mark.parametrize(
    "metadata",
    [
        entry("k", "IIQ", 9, 8, 2**63),
        entry("k", "IIQ", 9, 4, 2**63),
        entry("k", "IQ", 8, 2**64 - 1),
        struct.pack("<Q", 2**63),
        entry("k", "IIQQ", 9, 8, 1, 2**63),
    ],
)
def test_huge_lengths(metadata: bytes, tmp_path: Path) -> None:
    """Arrays and strings longer than the file are refused by their length."""
    failure(gguf_file(tmp_path / "x.gguf", metadata, data=1000))


def test_nested_arrays(tmp_path: Path) -> None:
    """Arrays of arrays are walked over like any value, down to a depth."""
    inner = struct.pack("<IQI", 4, 1, 7) + struct.pack("<IQQ", 8, 1, 2) + b"ab"
    nested = entry("k", "IIQ", 9, 9, 2) + inner
    after = Gguf("<").text_entry("general.architecture", "flux")
    path = gguf_file(tmp_path / "x.gguf", nested + after, counts=(0, 2))
    assert read_header(path).metadata == {"general.architecture": "flux"}
    deep = entry("k", "I", 9) + struct.pack("<IQ", 9, 1) * 5_000
    assert "fitplan's limit" in failure(gguf_file(tmp_path / "x.gguf", deep))
    many = entry("k", "IIQ", 9, 9, 2**62)
    assert "ends at byte" in failure(gguf_file(tmp_path / "x.gguf", many))


@pytest.mark.parametrize("key", [b"", b"general.name", b"\xff"])
def test_keys_that_the_package_refuses(key: bytes, tmp_path: Path) -> None:
    """A metadata key is text, is not empty, and comes once."""
    one_entry = struct.pack("<Q", len(key)) + key + struct.pack("<II", 4, 1)
    path = gguf_file(tmp_path / "x.gguf", one_entry * 2, counts=(0, 2))
    assert "metadata key" in failure(path)


def test_unknown_value_type(tmp_path: Path) -> None:
    """A metadata value of unknown type has unknown length, so reading ends there."""
    assert "unknown type 99" in failure(gguf_file(tmp_path / "x.gguf", entry("k", "I", 99)))


def test_unknown_tensor_type(tmp_path: Path) -> None:
    """A tensor type nobody defined is an error that names the tensor."""
    path = gguf_file(tmp_path / "x.gguf", tensors=info(b"a", type=4))
    assert "'a' has unknown tensor type 4" in failure(path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"\x1b[31mred", "printable"),
        (b"two\nlines", "printable"),
        ("\u202eright".encode(), "printable"),
        (b"x" * (MAX_NAME + 1), "fitplan's limit"),
        (b"x" * 4 * (MAX_NAME + 1), "fitplan's limit"),
    ],
)
def test_bad_names(name: bytes, what: str, tmp_path: Path) -> None:
    """Names that aren't text, or that a terminal would obey, are errors that show them escaped."""
    assert what in failure(gguf_file(tmp_path / "x.gguf", tensors=info(name), data=400_000))


def test_markup_in_a_name_is_only_text(tmp_path: Path) -> None:
    """Square brackets are legal in a name; nothing here interprets them."""
    path = sparse.write_gguf(tmp_path / "x.gguf", [Tensor("[red]a[/red]", (32,), "F32")])
    assert one(path).weights.groups == (WeightGroup(Role.VECTORS, "F32", 32),)


def test_duplicate_names(tmp_path: Path) -> None:
    """Two tensors of one name are an error."""
    path = sparse.write_gguf(tmp_path / "x.gguf", [SMALL[1], SMALL[1]])
    assert "two tensors are called 'blk.0.bias'" in failure(path)


@pytest.mark.parametrize(
    ("infos", "what"),
    [
        (info(b"a", offset=64), "before the data"),
        (info(b"a", offset=2**63), "before the data"),
        (info(b"a", shape=(2**62, 2**62)), "before the data"),
        (info(b"a", offset=8), "not aligned"),
        (info(b"a", shape=(33,), type=8), "block size 32"),
        (info(b"a", shape=(), type=8), "block size 32"),
        (info(b"a", shape=(1,) * 17), "fitplan's limit is 16"),
        (info(b"a") + info(b"b", offset=32), "overlap"),
        (info(b"a") + info(b"b"), "overlap"),
    ],
)
def test_bad_tensor_data(infos: bytes, what: str, tmp_path: Path) -> None:
    """Data past the end, overlapping, misaligned or in broken blocks are one error each."""
    count = 2 if b"b" in infos else 1
    path = gguf_file(tmp_path / "x.gguf", tensors=infos, counts=(count, 0), data=128)
    assert what in failure(path)


@pytest.mark.parametrize(
    "value",
    [(4, 0), (4, 3), (4, 48), (4, 2**32 - 1), (5, 32), (10, 32), (0, 32)],
)
def test_bad_alignment(value: tuple[int, int], tmp_path: Path) -> None:
    """An alignment that is not a power of two, or no 32-bit number, is refused."""
    layout = {4: "II", 5: "Ii", 10: "IQ", 0: "IB"}[value[0]]
    metadata = entry("general.alignment", layout, *value)
    path = gguf_file(tmp_path / "x.gguf", metadata, info(b"a"), data=128)
    assert "alignment" in failure(path)


@pytest.mark.parametrize("alignment", [1, 2, 8, 64, 4096, 1 << 21, 1 << 24])
def test_any_power_of_two_is_an_alignment(alignment: int, tmp_path: Path) -> None:
    """Data may lie on any power of two."""
    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL, alignment=alignment)
    assert read_header(path).tensors == SMALL


def test_what_is_unusual_but_sound(tmp_path: Path) -> None:
    """Nine axes, an empty name, a name of 300 letters, and the two-bit type 42."""
    tensors = (
        Tensor("nine", (1, 2, 1, 1, 1, 1, 1, 1, 3), "F32"),
        Tensor("", (4,), "F16"),
        Tensor("x" * 300, (4,), "BF16"),
        Tensor("é" * 3000, (2,), "F32"),
        Tensor("two.weight", (3, 128), "Q2_0"),
        Tensor("eight", (32,), "Q8_1"),
    )
    header = read_header(sparse.write_gguf(tmp_path / "x.gguf", tensors))
    assert header.tensors == tensors
    assert [sparse.stored_bytes(tensor) for tensor in tensors[-2:]] == [3 * 2 * 18, 36]


def test_many_metadata_entries(tmp_path: Path) -> None:
    """20,000 entries are walked in a moment."""
    entries = {f"key.{i}": i for i in range(20_000)} | {"general.type": "model"}
    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL, entries=entries)
    assert read_header(path).metadata["general.type"] == "model"
    assert read_header(path).tensors == SMALL


def test_twenty_thousand_tensors_and_more(tmp_path: Path) -> None:
    """In one file, and in a set of shards."""
    tensors = [Tensor(f"blk.{i}.w", (1,), "F32") for i in range(30_000)]
    path = sparse.write_gguf(tmp_path / "x.gguf", tensors)
    assert len(read_header(path).tensors) == 30_000
    for i in range(2):
        path = sparse.write_gguf(tmp_path / f"y-0000{i + 1}-of-00002.gguf", tensors[i::2])
    assert sum(total.tensors for total in one(path).types) == 30_000


def test_header_longer_than_any(tmp_path: Path) -> None:
    """A header of gigabytes in a sparse file is given up, not walked to its end."""
    path = gguf_file(tmp_path / "x.gguf", entry("k", "IIQ", 9, 0, 2**32))
    with path.open("r+b") as file:
        file.truncate(2**33)
    assert "longer header; fitplan's limit is 128 MiB" in failure(path)


def test_many_strings_in_a_sparse_file(tmp_path: Path) -> None:
    """Millions of empty strings are walked in seconds and then given up."""
    path = gguf_file(tmp_path / "x.gguf", entry("k", "IIQ", 9, 8, 2**40))
    with path.open("r+b") as file:
        file.truncate(2**43)
    assert "more than fit" in failure(path)


def test_many_small_arrays(tmp_path: Path) -> None:
    """Thousands of arrays of one string are read from the buffer, not each from the disk."""
    entries = b"".join(entry(f"k{i}", "IIQQ", 9, 8, 1, 0) for i in range(16_000))
    start = time.perf_counter()
    read(gguf_file(tmp_path / "x.gguf", entries, counts=(0, 16_000)))
    assert time.perf_counter() - start < 2


def test_architecture_reaches_recognition(tmp_path: Path) -> None:
    """general.architecture tells Qwen3-VL's text part from Qwen3; nothing else could."""
    tensors = sparse.architecture("qwen3-4b", "F16")
    names = {"qwen3": "Qwen3 4B", "qwen3vl": "Qwen3-VL 4B (text part)", "qwen2": "unknown"}
    for architecture, name in names.items():
        path = tmp_path / f"{architecture}.gguf"
        sparse.write_gguf(path, tensors, architecture=architecture)
        assert read(path)[0].architecture == name


def test_folded_shapes_are_unfolded(tmp_path: Path) -> None:
    """ComfyUI-GGUF folds SDXL's kernels for ggml and keeps their true shapes as metadata."""
    true = tensors_of("sdxl-unet.reference", "F16")
    kernels = {t.name: t.shape for t in true if len(t.shape) == 4}
    folded = [
        Tensor(t.name, (t.elements // t.shape[-1] // 8, 8 * t.shape[-1]), t.type)
        if t.name in kernels and not (t.elements // t.shape[-1]) % 8
        else t
        for t in true
    ]
    entries = {f"{ORIGINAL_SHAPE}{name}": shape for name, shape in kernels.items()}
    entries = {f"{ORIGINAL_SHAPE}{name}": shape for name, shape in kernels.items()}
    path = sparse.write_gguf(tmp_path / "x.gguf", folded, architecture="sdxl", entries=entries)
    model = read(path)[0]
    assert (model.weights.family, model.architecture, model.differences) == ("sdxl", "SDXL", ())
    plain = recognise(true)
    assert model.weights.groups == plain.groups


def test_shapes_that_do_not_fit_are_ignored(tmp_path: Path) -> None:
    """A true shape with other elements than the tensor has is not believed."""
    tensors = [Tensor("a.weight", (4, 8), "F16")]
    entries = {f"{ORIGINAL_SHAPE}a.weight": (9, 9, 9)}
    path = sparse.write_gguf(tmp_path / "x.gguf", tensors, entries=entries)
    assert read(path)[0].weights.groups == (WeightGroup(Role.WEIGHTS, "F16", 32),)
