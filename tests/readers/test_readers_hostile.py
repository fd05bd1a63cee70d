"""Files that aren't what they seem: one clear error each, in bounded memory and time."""

import errno
import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from test_readers_gguf import failure

import sparse
from fitplan.accounting.weights import Tensor
from fitplan.errors import FitplanError
from fitplan.readers import read
from fitplan.readers.files import read_header
from fitplan.readers.folder import read_folder
from fitplan.readers.header import MAX_AXES, MAX_NAMES
from fitplan.readers.safetensors import MAX_HEADER
from fitplan.readers.source import CHUNK, MAX_TENSORS, FileSource, open_source

pytestmark = pytest.mark.slow

SMALL = (Tensor("a.weight", (4, 4), "F32"),)


@pytest.mark.parametrize("name", ["x.gguf", "x.safetensors"])
def test_zero_length(name: str, tmp_path: Path) -> None:
    """An empty file is called empty."""
    (tmp_path / name).touch()
    assert "is empty" in failure(tmp_path / name)


def test_missing(tmp_path: Path) -> None:
    """A path that isn't there is an error, not an empty answer."""
    assert "No such file" in failure(tmp_path / "x.gguf")


def test_symlink_loop(tmp_path: Path) -> None:
    """A link to itself ends in an error, alone and inside a folder."""
    loop = tmp_path / "x.safetensors"
    loop.symlink_to(loop)
    assert "symbolic" in failure(loop)
    with pytest.raises(FitplanError, match="symbolic"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_named_pipe_does_not_hang(tmp_path: Path) -> None:
    """Opening a pipe nobody writes to must not wait."""
    os.mkfifo(tmp_path / "x.gguf")
    assert "not a regular file" in failure(tmp_path / "x.gguf")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="devices are POSIX")
def test_device() -> None:
    """A device is refused before it is read."""
    assert "not a regular file" in failure(Path("/dev/zero"))


def test_null_byte_in_a_path() -> None:
    """A path no system takes is an error about the path."""
    with pytest.raises(FitplanError, match="not a valid path") as caught:
        read(Path("a\0b"))
    assert caught.value.message.isprintable()


def test_escapes_in_a_path(tmp_path: Path) -> None:
    """A file's name reaches the message with its control characters escaped."""
    path = tmp_path / "\x1b[31m.gguf"
    path.write_bytes(b"junk")
    with pytest.raises(FitplanError) as caught:
        read(path)
    assert "\\x1b[31m.gguf: is neither" in caught.value.message


@pytest.mark.parametrize(
    ("start", "what", "cure"),
    [
        (b"PK\x03\x04", "zip archive", "safetensors"),
        (b"\x80\x02}q", "pickle", "safetensors"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
        (b"<!DOCTYPE html>", "web page", "download"),
        (b"junk", "neither GGUF nor safetensors", ".gguf"),
        (b"\0", "neither GGUF nor safetensors", ".gguf"),
    ],
)
def test_other_content(start: bytes, what: str, cure: str, tmp_path: Path) -> None:
    """What people have in place of a model is called by its name, with the cure."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(start)
    with pytest.raises(FitplanError) as caught:
        read(path)
    assert what in caught.value.message
    assert cure in caught.value.hint


def shrinking(path: Path, length: int) -> Callable[[FileSource, int], None]:
    """A read that cuts `path` to `length` before it reads on."""
    fill = FileSource._fill

    def cut_and_fill(source: FileSource, least: int) -> None:
        os.truncate(path, length)
        fill(source, least)

    return cut_and_fill


@pytest.mark.parametrize("length", [0, 10, 60])
@pytest.mark.parametrize("write", [sparse.write_gguf, sparse.write_safetensors])
def test_file_that_shrinks(
    length: int,
    write: Callable[[Path, tuple[Tensor, ...]], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file cut while it is read is an error, wherever the cut is."""
    path = write(tmp_path / "x.gguf", SMALL)
    monkeypatch.setattr(FileSource, "_fill", shrinking(path, length))
    failure(path)


def test_long_header_that_shrinks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header of several chunks that ends early is noticed in the middle."""
    path = tmp_path / "x.safetensors"
    sparse.write_safetensors(path, SMALL, {"a": "x" * (3 * CHUNK)})
    monkeypatch.setattr(FileSource, "_fill", shrinking(path, 2 * CHUNK))
    assert "shrank" in failure(path)


def test_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says while a file is read is told as it says it."""

    def fail(source: FileSource, least: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL)
    monkeypatch.setattr(FileSource, "_fill", fail)
    assert "Input/output error" in failure(path)


def test_folder_that_vanishes(tmp_path: Path) -> None:
    """A folder deleted before it is listed is an error about the folder."""
    with pytest.raises(FitplanError, match="No such file"):
        read_folder(tmp_path / "gone")


def test_too_many_tensors_in_all_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit on tensors holds for all shards together."""
    monkeypatch.setattr("fitplan.readers.files.MAX_TENSORS", 1)
    for i in (1, 2):
        tensors = [Tensor(f"t{i}", (4,), "F32")]
        path = sparse.write_gguf(tmp_path / f"x-0000{i}-of-00002.gguf", tensors)
    assert "over 1 tensors" in failure(path)


def test_file_that_shrinks_behind_the_header(tmp_path: Path) -> None:
    """Data cut away behind a header that was read whole is noticed at the end."""
    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL)
    with pytest.raises(FitplanError, match="shrank"):
        read_and_cut(path)


def read_and_cut(path: Path) -> None:
    """Read a few bytes, then take the last one away."""
    with open_source(path) as source:
        source.take(8)
        os.truncate(path, path.stat().st_size - 1)


def test_take_is_bounded_by_the_file(tmp_path: Path) -> None:
    """No read goes past the end, however it is asked for."""
    path = tmp_path / "x"
    path.write_bytes(b"12345678")
    with open_source(path) as source:
        assert source.take(3) + source.take(5) == b"12345678"
        with pytest.raises(FitplanError, match="ends at byte 8"):
            source.take(1)
        with pytest.raises(FitplanError, match="ends at byte 8"):
            source.skip(2**63)


def header_peak(path: Path) -> int:
    """Peak memory of reading the header of `path`, however that ends."""
    tracemalloc.start()
    try:
        read_header(path)
    except FitplanError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


MANY = MAX_TENSORS // 32
PER_TENSOR = 2_800
"""Bytes that a tensor of the most axes takes with its name, beside the header's own bytes."""


def longest_names(count: int) -> list[Tensor]:
    """Tensors with as many axes as are read, and names as long as that many may have."""
    stem = "é" * (MAX_NAMES // MAX_TENSORS // 2 - 10)
    shape = (0, *(300,) * (MAX_AXES - 1))
    return [Tensor(f"{stem}.{i:05}", shape, "F32") for i in range(count)]


def test_memory_of_many_large_entries_of_gguf(tmp_path: Path) -> None:
    """Memory is bounded for each tensor: under 400 MB for as many as are read."""
    path = sparse.write_gguf(tmp_path / "x.gguf", longest_names(MANY))
    assert len(read_header(path).tensors) == MANY
    assert header_peak(path) < MANY * PER_TENSOR
    assert MAX_TENSORS * PER_TENSOR < 400e6


def test_memory_of_many_large_entries_of_safetensors(tmp_path: Path) -> None:
    """The same, beside the header's own bytes, and metadata in it."""
    metadata = {"a": "x" * (6 << 20)}
    path = sparse.write_safetensors(tmp_path / "x.safetensors", longest_names(MANY), metadata)
    assert len(read_header(path).tensors) == MANY
    assert header_peak(path) < MANY * PER_TENSOR + path.stat().st_size


def test_names_have_a_limit_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are spread, the bytes of all names together are bounded."""
    monkeypatch.setattr("fitplan.readers.header.MAX_NAMES", 1_000)
    for write in (sparse.write_gguf, sparse.write_safetensors):
        assert "fitplan's limit" in failure(write(tmp_path / "x.gguf", longest_names(100)))


@pytest.mark.parametrize("piece", [b"[],", b"{},", b'"",', b'"\\"",', b"1,", b'{"a":{}},'])
def test_memory_of_pathological_json(piece: bytes, tmp_path: Path) -> None:
    """24 MiB of JSON that would become hundreds of MiB of objects take little more than that."""
    filler = piece * ((24 << 20) // len(piece))
    for text in (b'{"__metadata__":{"a":[' + filler + b"0]}}", b'{"a":{"a":[' + filler + b"0]}}"):
        path = tmp_path / "x.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text)
        assert header_peak(path) < len(text) + (8 << 20)


def test_a_hundred_megabytes_of_metadata(tmp_path: Path) -> None:
    """A header as long as the format allows is read, in little more memory than it has bytes."""
    start, end = b'{"__metadata__":{"merge_recipe":"', b'"}}'
    text = start + b"x" * (MAX_HEADER - len(start + end)) + end
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    assert read_header(path).tensors == ()
    assert header_peak(path) < 1.25 * MAX_HEADER


def test_memory_of_a_tokenizer(tmp_path: Path) -> None:
    """A tokenizer takes no more memory than a few chunks."""
    path = sparse.write_gguf(tmp_path / "x.gguf", SMALL, tokens=200_000)
    tracemalloc.start()
    read_header(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * CHUNK
