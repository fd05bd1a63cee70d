"""What the readers keep of a header's metadata: a few known keys, bounded, and nothing else."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import sparse
from fitplan.accounting.weights import Tensor
from fitplan.hub.headers_cache import HeadersCache
from fitplan.readers.files import read_header
from fitplan.readers.metadata import MAX_NUMBERS, MAX_TEXT

TENSORS = (Tensor("a.weight", (4, 4), "F32"),)
Entries = Mapping[str, str | int | Sequence[int]]
SHAPE = "comfy.gguf.orig_shape.down.0.weight"


@pytest.mark.parametrize("order", ["<", ">"])
def test_gguf_says_its_architecture_and_original_shapes(order: str, tmp_path: Path) -> None:
    """Texts, numbers and lists of the wanted keys are kept, in either byte order."""
    entries: Entries = {
        SHAPE: (320, 320, 3, 3),
        "general.type": "mmproj",
        "general.name": "ours",
    }
    path = sparse.write_gguf(
        tmp_path / "x.gguf",
        TENSORS,
        architecture="sdxl",
        file_type=7,
        tokens=9,
        order=order,
        entries=entries,
    )
    assert read_header(path).metadata == {
        "general.architecture": "sdxl",
        "general.file_type": 7,
        "general.type": "mmproj",
        SHAPE: (320, 320, 3, 3),
    }
    assert read_header(path).file_type == 7


@pytest.mark.parametrize(
    "value",
    ["x" * (MAX_TEXT + 1), "two\nlines", "\x1b[31m", tuple(range(MAX_NUMBERS + 1))],
    ids=["too long", "two lines", "escape", "too many numbers"],
)
def test_gguf_values_that_are_not_kept(value: str | tuple[int, ...], tmp_path: Path) -> None:
    """They are walked over: what follows is read as if they weren't there."""
    entries = {"clip.projector_type": value, "general.type": "model"}
    path = sparse.write_gguf(tmp_path / "x.gguf", TENSORS, entries=entries)
    header = read_header(path)
    assert header.metadata == {"general.type": "model"}
    assert header.tensors == TENSORS


def test_safetensors_keeps_what_is_wanted(tmp_path: Path) -> None:
    """Known keys of `__metadata__`, escapes decoded; long values and other keys are not kept."""
    layers = json.dumps({"layers": {"a": {"format": "nvfp4"}}})
    metadata = {
        "format": "pt",
        "_quantization_metadata": layers,
        "model_class": "x" * (MAX_TEXT + 1),
        "author": "unknown",
    }
    path = sparse.write_safetensors(tmp_path / "x.safetensors", TENSORS, metadata)
    assert read_header(path).metadata == {"format": "pt", "_quantization_metadata": layers}


def test_a_key_written_with_escapes_is_the_same_key(tmp_path: Path) -> None:
    """JSON has many ways to write one key."""
    text = rb'{"__metadata__":{"form\u0061t":"p\u0074"}}'
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    assert read_header(path).metadata == {"format": "pt"}


def test_the_cache_of_the_hub_keeps_metadata(tmp_path: Path) -> None:
    """A header read before has the same metadata as one read now."""
    path = sparse.write_gguf(tmp_path / "x.gguf", TENSORS, entries={SHAPE: (1, 2)})
    header = read_header(path)
    cache = HeadersCache(tmp_path / "cache", "https://example.com")
    cache.keep("a/b", "0" * 40, "x.gguf", header)
    assert cache.find("a/b", "0" * 40, "x.gguf", path) == header
