"""Folders of models: what counts, what is one model, what is named, and what is nothing."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import Run
from fitplan.accounting.file_names import container_named
from fitplan.accounting.weights import Container
from fitplan.machine import comfyui, folders, hf_cache
from fitplan.questions.scan import scan
from sparse import architecture, install, inventory, write_folder, write_pipeline, write_safetensors

VAE = inventory("flux1-ae-f32").tensors
CLIP = architecture("clip-l")


def found_in(path: Path) -> set[str]:
    return {place.path.relative_to(path).as_posix() for place in folders.find(path).places}


@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("flux1-dev.sft", Container.SAFETENSORS),
        ("AE.SFT", Container.SAFETENSORS),
        ("a.b.SafeTensors", Container.SAFETENSORS),
        ("x.GGUF", Container.GGUF),
        ("._x.gguf", None),
        ("x.gguf.part", None),
        ("sft", None),
        (".sft", None),
    ],
)
def test_one_table_says_what_a_weight_file_is(name: str, container: Container | None) -> None:
    """Any case; what macOS keeps beside a file is nothing."""
    assert container_named(name) is container


def test_sft_is_read_everywhere(run: Run, tmp_path: Path) -> None:
    """In folders, beside a config.json and in verify, without a word about the name."""
    write_safetensors(tmp_path / "plain" / "ae.sft", VAE)
    folder = write_folder(tmp_path / "hf", CLIP, {"torch_dtype": "float16"})
    (folder / "model.safetensors").rename(folder / "model.SFT")
    document = run("scan", str(tmp_path), "--json").json
    assert {m["architecture"] for m in document["models"]} == {"FLUX.1 VAE", "CLIP-L"}
    assert all(m["warnings"] == [] for m in document["models"])
    assert document["problems"] == []
    assert run("verify", str(tmp_path / "plain")).code == 0


def test_a_stray_config_hides_nothing(run: Run, tmp_path: Path) -> None:
    """Beside the config's own model every other file is a model of its own."""
    folder = write_folder(tmp_path / "encoders", CLIP, {"torch_dtype": "float16"})
    install("qwen3-4b-q8_0", folder)
    write_safetensors(folder / "ae.safetensors", VAE)
    assert found_in(tmp_path) == {"encoders"}
    models = run("scan", str(tmp_path), "--json").json["models"]
    assert {m["name"] for m in models} == {
        f"{tmp_path.name}/encoders",
        "ae.safetensors",
        "qwen3-4b-q8_0.gguf",
    }
    assert len(models) == 3


def test_comfyui_never_reads_a_config(run: Run, tmp_path: Path) -> None:
    """Not config.json, not model_index.json: each weight file is a model with its own name."""
    models = tmp_path / "models"
    write_folder(models / "text_encoders", CLIP, {})
    write_safetensors(models / "text_encoders" / "ae.safetensors", VAE)
    write_pipeline(models / "diffusion_models" / "x", "FluxPipeline", {"vae": VAE})
    places = comfyui.find(tmp_path).places
    assert {(p.path.name, p.role) for p in places} == {
        ("model.safetensors", "text_encoders"),
        ("ae.safetensors", "text_encoders"),
        ("diffusion_pytorch_model.safetensors", "diffusion_models"),
    }
    document = run("scan", "--comfyui", str(tmp_path), "--json").json
    assert {m["name"] for m in document["models"]} == {p.path.name for p in places}


def test_a_pipeline_may_hold_single_files_besides(run: Run, tmp_path: Path) -> None:
    """Files at the root of a snapshot and strangers in its parts count, as its parts do."""
    root = write_pipeline(tmp_path / "p", "FluxPipeline", {"vae": VAE, "text_encoder": CLIP})
    write_safetensors(root / "ae.safetensors", VAE)
    install("qwen3-4b-q8_0", root / "text_encoder")
    names = sorted(m["name"] for m in run("scan", str(tmp_path), "--json").json["models"])
    assert names == ["ae.safetensors", "p/text_encoder", "p/vae", "qwen3-4b-q8_0.gguf"]


def test_dead_ends_are_named_and_leftovers_are_not(tmp_path: Path) -> None:
    """Links that lead nowhere or in circles and pipes are problems; AppleDouble and trash not."""
    install("flux1-ae-f32", tmp_path)
    for name, target in (("a.gguf", "gone"), ("b.sft", "b.sft"), ("loras", "/mnt/gone")):
        (tmp_path / name).symlink_to(target)
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "README.md").symlink_to("gone")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "._flux1-ae-f32.safetensors").write_bytes(b"\0\5\x16\7")
    for name in (".git", ".Trash-1000", "$RECYCLE.BIN", "__pycache__"):
        install("flux1-ae-f32", tmp_path / name)
    found = folders.find(tmp_path)
    assert [place.path.name for place in found.places] == ["flux1-ae-f32.safetensors"]
    assert {problem.path.name for problem in found.problems} == {
        "a.gguf",
        "b.sft",
        "loras",
        "pipe.safetensors",
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="modes of folders are POSIX's")
def test_a_folder_that_may_not_be_searched_is_a_problem(tmp_path: Path) -> None:
    """Neither listed nor searched, listed only, searched only; all else is found."""
    install("flux1-ae-f32", tmp_path / "open")
    for mode in (0o000, 0o444, 0o111):
        closed = tmp_path / f"closed-{mode:03o}"
        install("flux1-ae-f32", closed)
        closed.chmod(mode)
    tmp_path.chmod(0o755)
    models, problems = json.loads(as_nobody(tmp_path, _scanned))
    for closed in tmp_path.glob("closed*"):
        closed.chmod(0o755)
    assert models == ["open"]
    assert problems == ["closed-000", "closed-111", "closed-444"]


def _scanned() -> str:
    found = scan(folders.find(Path()), [], lambda *_: None)
    models = sorted(item.place.path.parts[0] for item in found.models)
    return json.dumps([models, sorted(problem.path.parts[0] for problem in found.problems)])


def as_nobody(folder: Path, work: Callable[[], str]) -> str:
    """What `work` says in `folder`, run by a user without rights: modes don't bind root."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            os.write(writer, work().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def test_parts_of_a_snapshot_have_names_that_tell_them_apart(tmp_path: Path) -> None:
    """OWNER/REPO/PART, and the revision where two hold different files of one name."""
    snapshots = tmp_path / "models--owner--repo" / "snapshots"
    write_pipeline(snapshots / ("a" * 40), "FluxPipeline", {"vae": VAE, "text_encoder": CLIP})
    write_safetensors(snapshots / ("a" * 40) / "more" / "single" / "ae.safetensors", VAE)
    names = {place.name for place in hf_cache.find(tmp_path).places}
    assert names == {"owner/repo", "owner/repo/more/single/ae.safetensors"}
    write_safetensors(snapshots / ("b" * 40) / "more" / "single" / "ae.safetensors", VAE)
    names = {place.name for place in hf_cache.find(tmp_path).places}
    assert names == {
        "owner/repo",
        "owner/repo@aaaaaaaa/more/single/ae.safetensors",
        "owner/repo@bbbbbbbb/more/single/ae.safetensors",
    }


def test_the_parts_of_a_cached_pipeline_are_told_apart(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In `scan`, each has the name of its folder behind that of the repository."""
    snapshot = tmp_path / "models--owner--repo" / "snapshots" / ("a" * 40)
    write_pipeline(snapshot, "FluxPipeline", {"vae": VAE, "text_encoder": CLIP})
    monkeypatch.setenv("HUGGINGFACE_HUB_CACHE", str(tmp_path))
    document = run("scan", "--hf-cache", "--json").json
    assert {m["name"] for m in document["models"]} == {
        "owner/repo/vae",
        "owner/repo/text_encoder",
    }


def test_a_repository_without_a_snapshot_and_a_lost_blob_are_named(tmp_path: Path) -> None:
    """What an interrupted or half-deleted download leaves behind."""
    (tmp_path / "models--a--b" / "blobs").mkdir(parents=True)
    snapshot = tmp_path / "models--c--d" / "snapshots" / "x"
    snapshot.mkdir(parents=True)
    (snapshot / "m.gguf").symlink_to("../../blobs/gone")
    problems = {p.path.name: p.message for p in hf_cache.find(tmp_path).problems}
    assert "not complete" in problems["models--a--b"]
    assert "gone" in problems["m.gguf"]


def test_a_named_place_that_gives_nothing_is_a_problem(run: Run, tmp_path: Path) -> None:
    """An empty folder, a missing one, and a ComfyUI without models: each is listed."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "comfy" / "models" / "vae").mkdir(parents=True)
    options = ("--folder", str(tmp_path / "empty"), "--folder", str(tmp_path / "gone"))
    comfy = ("--comfyui", str(tmp_path / "comfy"))
    document = run("--ram", "14", "--installed", *options, *comfy, "--json").json
    assert {Path(p["path"]).name for p in document["problems"]} == {"empty", "gone", "comfy"}
