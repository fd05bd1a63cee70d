"""Headers read over range requests: the same answers as from disk, for a fraction of the bytes."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import sparse
from cli import Run
from fitplan.readers.files import walk_header
from fitplan.readers.source import open_source
from hub_server import COMMIT, HubServer, Repo, running, use

pytestmark = pytest.mark.slow

DENOISERS = ("klein-4b-q8_0", "klein-9b-q5_k_m", "flux1-fill-q4_k_m", "z-image-turbo-q8_0")
TOKENS = 151_936
"""Strings in Qwen3's tokenizer."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """An empty hub that this process talks to."""
    with running() as server:
        use(server, monkeypatch, tmp_path / "user")
        yield server


def header_bytes(path: Path) -> int:
    """Bytes of the header of a file on disk."""
    with open_source(path) as source:
        walk_header(source)
        return source.position


def files_of(run: Run, *arguments: str) -> list[dict[str, Any]]:
    """What `inspect --json` says of each file."""
    ran = run("inspect", *arguments, "--json")
    assert ran.code == 0, ran.out
    found: list[dict[str, Any]] = ran.json["files"]
    return found


def without_place(file: dict[str, Any]) -> dict[str, Any]:
    """A file's entry without what says where it lies."""
    return {key: value for key, value in file.items() if key not in ("path", "remote")}


@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_costs_little_more_than_its_header(
    hub: HubServer, run: Run, tmp_path: Path, name: str
) -> None:
    """The server sends at most 1.3 times the header's bytes, in a handful of ranges."""
    path = sparse.write_gguf(tmp_path / "r" / f"{name}.gguf", sparse.inventory(name).tensors)
    hub.repos["a/b"] = Repo(tmp_path / "r")
    files_of(run, f"hf:a/b:{name}.gguf")
    assert header_bytes(path) <= hub.sent <= 1.3 * header_bytes(path)
    assert len(hub.ranges) <= 4


def test_a_tokenizers_numbers_are_skipped(hub: HubServer, run: Run, tmp_path: Path) -> None:
    """Of a text encoder its strings and tensors are sent, its arrays of numbers aren't."""
    tensors = sparse.inventory("qwen3-4b-q8_0").tensors
    path = sparse.write_gguf(tmp_path / "r" / "x.gguf", tensors, tokens=TOKENS)
    hub.repos["a/b"] = Repo(tmp_path / "r")
    files_of(run, "hf:a/b:x.gguf")
    needed = header_bytes(path) - 4 * TOKENS
    assert hub.sent <= 1.02 * needed
    assert len(hub.ranges) <= 10


def test_a_sharded_repository_costs_its_headers(hub: HubServer, run: Run, tmp_path: Path) -> None:
    """Every shard is asked for its first guess and then for the rest to the byte."""
    tensors = sparse.inventory("z-image-bf16-single").tensors
    for i in range(3):
        name = f"model-{i + 1:05}-of-00003.safetensors"
        sparse.write_safetensors(tmp_path / "r" / name, tensors[i::3])
    hub.repos["a/b"] = Repo(tmp_path / "r")
    (file,) = files_of(run, "hf:a/b")
    headers = sum(header_bytes(path) for path in (tmp_path / "r").iterdir())
    assert hub.sent == headers
    assert len(hub.ranges) == 6
    assert file["architecture"] == "Z-Image"
    assert file["file_bytes"] == sum(path.stat().st_size for path in (tmp_path / "r").iterdir())
    assert len(file["remote"]["files"]) == 3


def test_no_byte_is_asked_for_twice(hub: HubServer, run: Run, tmp_path: Path) -> None:
    """The ranges of a file don't overlap, whatever the walk needs."""
    tensors = sparse.inventory("qwen3-8b-q4_k_m").tensors
    sparse.write_gguf(tmp_path / "r" / "x.gguf", tensors, tokens=20_000)
    hub.repos["a/b"] = Repo(tmp_path / "r")
    files_of(run, "hf:a/b")
    spans = [(begin, end) for _, begin, end in hub.ranges]
    assert len(spans) > 2
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_the_hub_is_asked_once_where_a_file_is_stored(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    """Further ranges go straight to the storage that the first was redirected to."""
    sparse.write_gguf(tmp_path / "r" / "x.gguf", sparse.inventory("z-image-turbo-q8_0").tensors)
    hub.repos["a/b"] = Repo(tmp_path / "r")
    files_of(run, "hf:a/b")
    assert len([r for r in hub.requests if r.host == "hub" and r.range]) == 1
    assert len(hub.ranges) > 1


def test_the_answer_is_the_same_as_for_the_files_on_disk(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    """Every measured file, folder and pipeline: equal in all but the place."""
    local = [sparse.install(name, tmp_path / name) for name in sparse.NAMES]
    for name, path in zip(sparse.NAMES, local, strict=True):
        hub.repos[f"a/{name}"] = Repo(path if path.is_dir() else path.parent)
    here = files_of(run, *map(str, local))
    there = files_of(run, *(f"hf:a/{name}" for name in sparse.NAMES))
    assert [without_place(file) for file in there] == [without_place(file) for file in here]
    assert {file["remote"]["commit"] for file in there} == {COMMIT}


def test_shards_that_are_not_all_there(hub: HubServer, run: Run, tmp_path: Path) -> None:
    """A missing shard is an error of that model alone."""
    tensors = sparse.inventory("z-image-bf16-single").tensors
    sparse.write_safetensors(tmp_path / "r" / "x-00001-of-00002.safetensors", tensors[::2])
    sparse.write_safetensors(tmp_path / "r" / "whole.safetensors", tensors)
    hub.repos["a/b"] = Repo(tmp_path / "r")
    ran = run("inspect", "hf:a/b", "--json")
    assert ran.code == 3
    assert ["error" in file for file in ran.json["files"]].count(True) == 1
    assert "shard is missing" in ran.out


@pytest.fixture
def ladder(hub: HubServer, tmp_path: Path) -> HubServer:
    """A repository with two quantizations and other things."""
    for quant in ("q4_k_m", "q5_k_m"):
        path = tmp_path / "ladder" / f"flux-2-klein-9b-{quant.upper()}.gguf"
        sparse.write_gguf(path, sparse.inventory(f"klein-9b-{quant}").tensors)
    (tmp_path / "ladder" / "README.md").write_text("# Klein")
    hub.repos["unsloth/FLUX.2-klein-9B-GGUF"] = Repo(tmp_path / "ladder")
    return hub


def test_a_repository_has_a_row_for_each_file(ladder: HubServer, run: Run) -> None:
    """Quantization, bytes, cache, real bytes, error, and under --ram the partner of each file."""
    ran = run("inspect", "hf:unsloth/FLUX.2-klein-9B-GGUF", "--ram", "14")
    assert ran.code == 0
    row = next(line for line in ran.out.splitlines() if "Q5_K_M.gguf" in line)
    assert row.split()[1:] == ["Q5_K_M", "7.02", "7.45", "7.45", "0.0316", "Q4_K_M", "unsloth"]
    assert "README" not in ran.out


@pytest.mark.parametrize("columns", ["60", "80", "140"])
def test_the_table_fits_the_terminal(
    ladder: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """No line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", columns)
    for command in ("inspect", "fit"):
        out = run(command, "hf:unsloth/FLUX.2-klein-9B-GGUF", "--ram", "14").out
        assert max(map(len, out.splitlines())) <= int(columns)


def test_local_and_remote_paths_stand_side_by_side(
    ladder: HubServer, run: Run, tmp_path: Path
) -> None:
    """Files are answered in the order of the command line, wherever they lie."""
    local = sparse.write_gguf(tmp_path / "x.gguf", sparse.inventory("klein-4b-q8_0").tensors)
    remote = "hf:unsloth/FLUX.2-klein-9B-GGUF:*Q4*"
    files = files_of(run, str(local), remote)
    assert [file["architecture"] for file in files] == ["FLUX.2 Klein 4B", "FLUX.2 Klein 9B"]
    assert run("inspect", str(local), remote, "hf:no/such").code == 3


def test_headers_are_read_once_per_commit(ladder: HubServer, run: Run) -> None:
    """A second question transfers no header; --refresh and --no-cache read it again."""
    address = "hf:unsloth/FLUX.2-klein-9B-GGUF"
    first = files_of(run, address)
    ladder.forget()
    assert files_of(run, address) == first
    assert ladder.sent == 0
    for option in ("--refresh", "--no-cache"):
        ladder.forget()
        assert files_of(run, address, option) == first
        assert ladder.sent > 0
    assert run("inspect", address, "--refresh", "--no-cache").code == 2


def test_no_cache_leaves_no_trace(ladder: HubServer, run: Run, tmp_path: Path) -> None:
    """With --no-cache nothing is written."""
    files_of(run, "hf:unsloth/FLUX.2-klein-9B-GGUF", "--no-cache")
    assert not (tmp_path / "user" / "cache").exists()


def test_a_damaged_cache_is_no_cache(ladder: HubServer, run: Run, tmp_path: Path) -> None:
    """Whatever stands in the entries, the answer is the true one."""
    address = "hf:unsloth/FLUX.2-klein-9B-GGUF"
    first = files_of(run, address)
    entries = list((tmp_path / "user" / "cache").rglob("*.json"))
    assert len(entries) == 2
    for damage in (b"", b"[" * 10_000, b"{}", b'{"version":1,"tensors":[[1,2,3]]}', b"\xff"):
        for entry in entries:
            entry.write_bytes(damage)
        assert files_of(run, address) == first


def test_a_cache_that_cannot_be_written_is_no_problem(
    ladder: HubServer, run: Run, tmp_path: Path
) -> None:
    """A file in the folder's place: the answer comes all the same."""
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "cache").write_text("in the way")
    assert len(files_of(run, "hf:unsloth/FLUX.2-klein-9B-GGUF")) == 2


def test_a_mirror_without_sizes_is_asked_for_its_tree(ladder: HubServer, run: Run) -> None:
    """Sizes come from the tree, page by page, when the model's info has none."""
    expected = files_of(run, "hf:unsloth/FLUX.2-klein-9B-GGUF", "--no-cache")
    ladder.repos["unsloth/FLUX.2-klein-9B-GGUF"].sizes = False
    ladder.forget()
    assert files_of(run, "hf:unsloth/FLUX.2-klein-9B-GGUF", "--no-cache") == expected
    assert len([r for r in ladder.requests if "/tree/" in r.path]) == 2


def test_a_file_that_is_not_there_names_those_that_are(ladder: HubServer, run: Run) -> None:
    """A misspelt file name is answered with the nearest."""
    ran = run("inspect", "hf:unsloth/FLUX.2-klein-9B-GGUF:flux-2-klein-9b-Q5_K_S.gguf", "--json")
    assert ran.code == 3
    assert "flux-2-klein-9b-Q5_K_M.gguf" in ran.json["files"][0]["error"]["hint"]


def test_a_renamed_repository_is_followed(ladder: HubServer, run: Run) -> None:
    """The hub redirects old names; the answer is that of the new one."""
    folder = ladder.repos["unsloth/FLUX.2-klein-9B-GGUF"].folder
    ladder.repos["old/name"] = Repo(folder, renamed="unsloth/FLUX.2-klein-9B-GGUF")
    assert len(files_of(run, "hf:old/name")) == 2
