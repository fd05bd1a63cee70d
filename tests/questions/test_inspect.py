"""`fitplan inspect` on header-true files: recognised, and InvokeAI's own figures to the byte."""

import json
from pathlib import Path

import pytest

from cli import Run
from inventory import measured
from sparse import NAMES, install, inventory

CASES = [(name, version) for name, versions in measured().items() for version in versions]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every inventory as the file or folder that was measured."""
    folder = tmp_path_factory.mktemp("models")
    return {name: install(name, folder / name) for name in NAMES}


@pytest.mark.parametrize(("name", "version"), CASES)
def test_a_files_residency_is_what_invokeai_measured(
    run: Run, files: dict[str, Path], name: str, version: str
) -> None:
    """Read back from disk, cache and real bytes equal the measured ones, for each version."""
    ran = run("inspect", str(files[name]), "--runtime", f"invokeai@{version[:4]}", "--json")
    assert ran.code == 0
    (file,) = ran.json["files"]
    seen = measured()[name][version]
    residency = file["residency"]["invokeai"]
    assert residency["cache_bytes"] == seen["accounted"]
    assert residency["real_bytes"] == seen["real"]


@pytest.mark.parametrize("name", NAMES)
def test_the_document_adds_up(run: Run, files: dict[str, Path], name: str) -> None:
    """Types and groups sum to the tensors; what is quantized with state has fewer parameters."""
    (file,) = run("inspect", str(files[name]), "--json").json["files"]
    stored = inventory(name)
    assert file["tensor_bytes"] == sum(t["bytes"] for t in file["types"].values())
    assert file["tensor_bytes"] == stored.tensor_bytes
    assert sum(t["tensors"] for t in file["types"].values()) == len(stored.tensors)
    by_group = sum(group["elements"] for group in file["groups"])
    assert by_group == sum(t["elements"] for t in file["types"].values())
    assert 0 < file["parameters"] <= by_group
    assert file["family"]


def test_one_unreadable_file_does_not_hide_the_others(
    run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    """The exit code is 3, the file has `error`, and the rest is answered."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    good = files["klein-4b-q8_0"]
    ran = run("inspect", str(broken), str(good), str(tmp_path / "missing"), "--json")
    assert ran.code == 3
    assert [("error" in file) for file in ran.json["files"]] == [True, False, True]
    assert ran.json["files"][1]["architecture"] == "FLUX.2 Klein 4B"
    table = run("inspect", str(broken), str(good))
    assert table.code == 3
    assert "FLUX.2 Klein 4B" in table.out
    assert str(broken) in table.out


def test_of_an_unknown_architecture_no_program_s_bytes_are_told(run: Run, tmp_path: Path) -> None:
    """Exact bytes and types of the file, null and a reason for every program, exit code 0."""
    header = json.dumps({"strange": {"dtype": "F16", "shape": [3, 5], "data_offsets": [0, 30]}})
    path = tmp_path / "strange.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(30))
    ran = run("inspect", str(path), "--json")
    assert ran.code == 0
    (file,) = ran.json["files"]
    assert file["types"] == {"F16": {"tensors": 1, "elements": 15, "bytes": 30}}
    assert file["tensor_bytes"] == 30
    for entry in file["residency"].values():
        assert entry["cache_bytes"] is None
        assert entry["unknown"].startswith("no rules for an unknown architecture")


def test_names_in_a_file_are_data_not_markup(run: Run, tmp_path: Path) -> None:
    """A path with escapes and markup is shown, not obeyed."""
    path = tmp_path / "[red]\x1b[31m.gguf"
    path.write_bytes(b"")
    ran = run("inspect", str(path))
    assert ran.code == 3
    assert "\x1b" not in ran.out
    assert "[red]" in ran.out
