"""`fitplan scan` and planning with what is installed."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from cli import Run
from fitplan.accounting.weights import Tensor
from fitplan.machine import comfyui, folders, hf_cache, invokeai
from places import DATA
from sparse import install, write_safetensors

ROOT_6_12 = DATA / "invokeai_root_6.12"


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below with its size and time of change."""
    below = (path for path in folder.rglob("*") if path.is_file())
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in below}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with all that FLUX.2 Klein 4B needs, and a Z-Image without its VAE."""
    folder = tmp_path / "models"
    for name in ("klein-4b-q8_0", "qwen3-4b-q8_0", "flux2-vae-f32", "z-image-turbo-q8_0"):
        install(name, folder)
    return folder


def test_every_model_is_counted_once(run: Run, models: Path) -> None:
    """Links and hard links are other names of a file already seen."""
    original = models / "klein-4b-q8_0.gguf"
    (models / "link.gguf").symlink_to(original)
    (models / "hard.gguf").hardlink_to(original)
    (models / "loop").symlink_to(models)
    document = run("scan", str(models), str(models), "--json").json
    assert len(document["models"]) == 4
    assert document["repeated"] == 8
    assert document["file_bytes"] == sum(m["file_bytes"] for m in document["models"])


def test_what_cannot_be_read_is_reported_not_fatal(run: Run, models: Path) -> None:
    """Broken files and missing folders stand under problems; the others are listed."""
    (models / "broken.gguf").write_bytes(b"GGUF")
    ran = run("scan", str(models), str(models / "nowhere"), "--json")
    assert ran.code == 0
    assert len(ran.json["models"]) == 4
    assert len(ran.json["problems"]) == 2
    assert "broken.gguf" in run("scan", str(models)).out


def test_an_empty_folder_has_no_models(run: Run, tmp_path: Path) -> None:
    """Exit code 1, and the folder is named as one that gave nothing."""
    ran = run("scan", str(tmp_path), "--json")
    assert (ran.code, ran.json["models"]) == (1, [])
    assert [p["path"] for p in ran.json["problems"]] == [str(tmp_path)]
    assert run("scan", str(tmp_path)).out.startswith("0 models, 0.00 GB on disk.\n! ")


def test_no_usual_place_is_a_usage_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without folders and without any known program there is nothing to scan."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("INVOKEAI_ROOT", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    ran = run("scan")
    assert ran.code == 2
    assert "--invokeai ROOT" in ran.err


def test_planning_with_installed_files_is_exact_and_tells_what_is_missing(
    run: Run, models: Path
) -> None:
    """The pair of installed files, by their own headers; Z-Image lacks its VAE."""
    document = run("--ram", "14", "--installed", "--folder", str(models), "--json").json
    (found,) = document["plans"]
    assert found["model"] == "FLUX.2 Klein 4B"
    assert {found[slot]["basis"] for slot in ("denoiser", "encoder")} == {"header"}
    assert found["denoiser"]["cache_bytes"] == 4586502144
    assert found["encoder"]["cache_bytes"] == 5417007104
    assert [m["model"] for m in document["missing"]] == ["Z-Image Turbo"]
    table = run("--ram", "14", "--folder", str(models)).out
    assert "Z-Image Turbo can't run here yet: no FLUX.1 VAE." in table


def test_a_name_tells_models_of_the_same_shapes_apart(run: Run, tmp_path: Path) -> None:
    """Klein 4B Base has the shapes of Klein 4B; "base" in the file's name decides."""
    path = install("klein-4b-q8_0", tmp_path)
    path.rename(tmp_path / "flux-2-klein-base-4b-Q8_0.gguf")
    document = run("--ram", "14", "--folder", str(tmp_path), "--json").json
    assert [m["model"] for m in document["missing"]] == ["FLUX.2 Klein 4B Base"]


def test_one_file_can_be_added_to_the_catalog_of_a_run(run: Run, tmp_path: Path) -> None:
    """`--file` plans with it beside everything published; what is not a model's part is refused."""
    path = install("z-image-turbo-q8_0", tmp_path)
    found = run("--ram", "14", "--model", "z-image-turbo", "--file", str(path), "--all", "--json")
    assert any(p["denoiser"]["file"] == str(path) for p in found.json["plans"])
    stranger = write_safetensors(tmp_path / "x.safetensors", [Tensor("a.weight", (4, 4), "F32")])
    refused = run("--ram", "14", "--file", str(stranger))
    assert refused.code == 2
    assert "belongs to no model known" in refused.err


@pytest.fixture
def invokeai_root(tmp_path: Path) -> Path:
    """InvokeAI 6.12's own database, with the files of its six models below."""
    root = tmp_path / "invokeai"
    shutil.copytree(ROOT_6_12, root)
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    below = root / "models"
    with sqlite3.connect(root / "databases" / "invokeai.db") as connection:
        rows = connection.execute("SELECT name, path FROM models").fetchall()
    connection.close()
    names = {"ae": "flux1-ae-f32", "clip-l": "clip-l-bf16", "t5_bnb": "t5-xxl-bnb-int8"}
    for name, path in rows:
        target = below / Path(path).name if Path(path).is_absolute() else below / path
        written = install(names.get(name, _inventory(name)), tmp_path / "made" / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        written.rename(target)
    return root


def _inventory(name: str) -> str:
    known = {"flux-2": "klein-4b-q8_0", "Qwen3-": "qwen3-4b-q8_0", "z_imag": "z-image-turbo-q8_0"}
    return known.get(name[:6], "")


def test_invokeais_own_database_is_read(run: Run, invokeai_root: Path) -> None:
    """Six models of InvokeAI 6.12, paths relative to models_dir; one points to a file elsewhere."""
    document = run("scan", "--invokeai", str(invokeai_root), "--json").json
    names = {model["name"] for model in document["models"]}
    assert names == {"Qwen3-4B-Q8_0.gguf", "ae", "clip-l", "t5_bnb", "z_image_turbo-Q8_0.gguf"}
    assert [p["path"] for p in document["problems"]] == ["/srv/models/flux-2-klein-4b-Q8_0.gguf"]
    pairs = run("--ram", "14", "--invokeai", str(invokeai_root), "--json").json
    assert [plan["model"] for plan in pairs["plans"]] == ["Z-Image Turbo"]


def test_reading_the_database_writes_nothing(invokeai_root: Path) -> None:
    """No byte changes and no file appears beside the database."""
    before = contents(invokeai_root)
    assert len(invokeai.find(invokeai_root).places) == 5
    assert contents(invokeai_root) == before


@pytest.mark.parametrize("running", [True, False])
def test_rows_still_in_the_write_ahead_log_are_seen(invokeai_root: Path, running: bool) -> None:
    """While InvokeAI runs and after it was killed, the newest rows are read, none written."""
    database = invokeai_root / "databases" / "invokeai.db"
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("DELETE FROM models WHERE name = 'ae'")
    root = invokeai_root
    if not running:
        root = invokeai_root.with_name("killed")
        shutil.copytree(database.parent, root / "databases")
        (root / "databases" / "invokeai.db-shm").unlink()
    before = contents(root)
    found = invokeai.find(root)
    assert len(found.places) + len(found.problems) == 5
    assert "ae" not in {place.name for place in found.places}
    assert contents(root) == before
    writer.close()


def test_a_locked_database_is_one_clear_error(
    run: Run, invokeai_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds it exclusively: exit code 3 and the cure."""
    monkeypatch.setattr(invokeai, "SECONDS_TO_WAIT", 0.1)
    database = invokeai_root / "databases" / "invokeai.db"
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    ran = run("scan", "--invokeai", str(invokeai_root))
    writer.close()
    assert ran.code == 3
    assert "locked" in ran.err
    assert "try again" in ran.err


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(200)])
def test_what_is_no_invokeai_database_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    """Empty, foreign and broken files, and an older schema: exit code 3, one line."""
    database = tmp_path / "databases" / "invokeai.db"
    database.parent.mkdir()
    database.write_bytes(content)
    ran = run("scan", "--invokeai", str(tmp_path))
    assert ran.code == 3
    assert str(database) in ran.err


def test_models_dir_of_the_settings_is_honoured(tmp_path: Path) -> None:
    """`models_dir` and `db_dir` in invokeai.yaml move the folders, relative to the root."""
    root = tmp_path / "root"
    shutil.copytree(ROOT_6_12, root)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    (root / "databases").rename(root / "db")
    (root / "invokeai.yaml").write_text("db_dir: db\nmodels_dir: elsewhere\n", encoding="utf-8")
    problems = invokeai.find(root).problems
    assert any(problem.path.is_relative_to(root / "elsewhere") for problem in problems)


def test_comfyui_folders_and_extra_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """models/ and extra_model_paths.yaml: several groups, base_path, variables, several lines."""
    root = tmp_path / "ComfyUI"
    monkeypatch.setenv("SHARED_MODELS", str(tmp_path / "shared"))
    install("klein-4b-q8_0", root / "models" / "unet" / "deeper")
    install("qwen3-4b-q8_0", root / "models" / "text_encoders")
    install("flux1-ae-f32", tmp_path / "shared" / "vaes")
    install("flux2-vae-f32", root / "other" / "vae2")
    install("z-image-turbo-q8_0", root / "models" / "loras")
    (root / "extra_model_paths.yaml").write_text(
        "a:\n  base_path: $SHARED_MODELS\n  is_default: true\n  vae: |\n    vaes\n    nowhere\n"
        "b:\n  base_path: other\n  vae: vae2\n  clip: [a, list]\n",
        encoding="utf-8",
    )
    names = {place.path.name for place in comfyui.find(root).places}
    assert names == {
        "klein-4b-q8_0.gguf",
        "qwen3-4b-q8_0.gguf",
        "flux1-ae-f32.safetensors",
        "flux2-vae-f32.safetensors",
    }


def test_the_hugging_face_cache_counts_blobs_once(run: Run, tmp_path: Path) -> None:
    """Two snapshots link to the same blob: one model, named after its repository."""
    hub = tmp_path / "hub"
    repository = hub / "models--unsloth--FLUX.2-klein-4B-GGUF"
    blob = install("klein-4b-q8_0", repository / "blobs")
    for commit in ("aaa", "bbb"):
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (snapshot / "flux-2-klein-4b-Q8_0.gguf").symlink_to(os.path.relpath(blob, snapshot))
    found = hf_cache.find(hub)
    assert {p.name for p in found.places} == {
        "unsloth/FLUX.2-klein-4B-GGUF/flux-2-klein-4b-Q8_0.gguf"
    }
    document = run("scan", str(hub), "--json").json
    assert len(document["models"]) == 1


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "/home/u/.cache/huggingface/hub"),
        ({"HF_HOME": "/data/hf"}, "/data/hf/hub"),
        ({"HF_HUB_CACHE": "/data/hub", "HF_HOME": "/x"}, "/data/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_the_cache_is_where_huggingface_hub_keeps_it(
    environment: dict[str, str], expected: str
) -> None:
    """HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and the home folder, in that order."""
    assert hf_cache.cache_folder(environment, Path("/home/u")) == Path(expected)


def test_an_unreadable_folder_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that can't be listed is reported; its neighbours are found."""
    install("klein-4b-q8_0", tmp_path / "open")
    closed = tmp_path / "closed"
    closed.mkdir()
    listing = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = folders.find(tmp_path)
    assert [place.path.name for place in found.places] == ["klein-4b-q8_0.gguf"]
    assert [(p.path, p.message) for p in found.problems] == [
        (closed, "can't be opened: Permission denied")
    ]
