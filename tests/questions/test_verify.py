"""`fitplan verify`: the reference libraries read the same headers."""

from pathlib import Path

import pytest

from cli import Run
from fitplan.accounting.weights import Tensor
from fitplan.questions import verify
from sparse import install


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("klein-4b-q8_0", "gguf"),
        ("qwen3-8b-q5_k_m", "gguf"),
        ("klein-4b-fp8-r2", "safetensors"),
        ("t5-xxl-bnb-int8", "safetensors"),
        ("sd15-diff-vae-f32", "safetensors"),
    ],
)
def test_the_reference_library_agrees(run: Run, tmp_path: Path, name: str, library: str) -> None:
    """Names, shapes and types of every tensor are equal; exit code 0."""
    path = install(name, tmp_path)
    ran = run("verify", str(path), "--json")
    assert ran.code == 0
    (file,) = ran.json["files"]
    assert file["library"].startswith(library)
    assert file["tensors"] > 0
    assert file["differences"] == []
    assert "reads the same" in run("verify", str(path)).out


def test_a_difference_is_named_and_ends_in_1(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a library read another shape, the tensor is named and the exit code is 1."""
    path = install("flux2-vae-f32", tmp_path)
    library, tensors = verify._read_safetensors(path)
    changed = [Tensor(tensors[0].name, (1, 2, 3), "F32"), *tensors[1:]]
    monkeypatch.setattr(verify, "_read_safetensors", lambda path: (library, changed))
    ran = run("verify", str(path))
    assert ran.code == 1
    assert tensors[0].name in ran.out


def test_what_cannot_be_read_is_one_error(run: Run, tmp_path: Path) -> None:
    """Missing files and empty folders: exit code 3, one line."""
    for path in (tmp_path, tmp_path / "missing.gguf"):
        ran = run("verify", str(path))
        assert (ran.code, ran.out) == (3, "")
        assert str(path) in ran.err
