"""ComfyUI's extra_model_paths.yaml as people write it: found as ComfyUI finds it, or named."""

import os
from pathlib import Path

import pytest

from cli import Run
from fitplan.machine import comfyui, extra_paths
from sparse import install

SHORT = "  vae: VAE\n  clip: Encoders\n"
FOLDERS = "    vae: VAE\n    text_encoders: Encoders\n"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder of models outside of any ComfyUI."""
    folder = tmp_path / "shared"
    install("flux1-ae-f32", folder / "VAE")
    install("qwen3-4b-q8_0", folder / "Encoders")
    return folder


def written(tmp_path: Path, content: str | bytes) -> Path:
    file = tmp_path / "root" / "extra_model_paths.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def names(file: Path) -> set[str]:
    return {place.path.name for place in extra_paths.find(file).places}


BOTH = {"flux1-ae-f32.safetensors", "qwen3-4b-q8_0.gguf"}

GOOD = {
    "section": "other:\n    base_path: {base}\n" + FOLDERS,
    "trailing slashes": "other:\n  base_path: {base}/\n  vae: VAE/ # mine\n  clip: Encoders/\n",
    "lines": "other:\n  base_path: {base}\n  is_default: true\n  vae: |\n    VAE\n    Encoders\n",
    "absolute": "other:\n  vae: {base}/VAE\n  clip: {base}/Encoders\n",
    "relative": "other:\n  base_path: ../shared\n" + FOLDERS.replace("    ", "  "),
    "variable": "other:\n  base_path: $SHARED_MODELS\n" + SHORT,
    "merge keys": "a: &a\n  base_path: {base}\n  loras: x\nb:\n  <<: *a\n" + SHORT,
    "default as text": 'x:\n  is_default: "true"\n  base_path: {base}\n' + SHORT,
    "other keys": "x:\n  base_path: {base}\n  custom_nodes: n\n  loras: l\n" + SHORT,
    "empty section": "a:\nb:\n  base_path: {base}\n  vae: VAE\n  unet: Encoders\n",
    "byte order mark": "\ufeffother:\n    base_path: {base}\n" + FOLDERS,
    "quoted": "'other':\n  \"base_path\": '{base}'\n  vae: \"VAE\"\n  clip: Encoders\n",
}


@pytest.mark.parametrize("case", GOOD)
def test_what_comfyui_reads_is_found(
    case: str, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way that ComfyUI accepts leads to the same two models, without a problem."""
    monkeypatch.setenv("SHARED_MODELS", str(shared))
    file = written(tmp_path, GOOD[case].replace("{base}", str(shared)))
    found = extra_paths.find(file)
    assert {place.path.name for place in found.places} == BOTH
    assert found.problems == ()


BAD = {
    "sectionless": ("base_path: {base}\nvae: VAE\n", 1, "outside a section"),
    "sectionless list": ("- {base}\n", 0, "no section"),
    "text": ("models\n", 0, "no section"),
    "empty": ("", 0, "no section"),
    "only comments": ("# a111:\n#   base_path: x\n", 0, "no section"),
    "list": ("o:\n  base_path: {base}\n  vae:\n    - VAE\n", 4, "vae is a list"),
    "mapping": ("o:\n  base_path: {base}\n  vae: {{a: b}}\n", 3, "vae is a mapping"),
    "number": ("o:\n  base_path: {base}\n  vae: 5\n", 3, "vae is 5, not text"),
    "no value": ("o:\n  base_path: {base}\n  vae:\n", 3, "vae is empty"),
    "tabs": ("o:\n\tbase_path: {base}\n", 2, "not tabs"),
    "backslashes": ('o:\n  base_path: "C:\\Users\\me"\n', 2, "single quotes"),
    "drive": ("o:\n  base_path: E:/forge\n  vae: VAE\n", 2, "a Windows path"),
    "share": ("o:\n  vae: \\\\server\\models\n", 2, "a Windows path"),
    "missing base": ("o:\n  base_path: /mnt/gone\n  vae: VAE\n  clip: x\n", 2, "/mnt/gone"),
    "base is a list": ("o:\n  base_path: [a]\n  vae: VAE\n", 2, "base_path is a list"),
    "base is empty": ("o:\n  base_path:\n  vae: VAE\n", 2, "base_path is empty"),
    "missing folder": ("o:\n  base_path: {base}\n  vae: |\n    nowhere\n", 4, "nowhere"),
    "empty folder": ("o:\n  base_path: {base}\n  vae: bare\n", 3, "no model files"),
    "unknown variable": ("o:\n  base_path: $NOT_SET_HERE/x\n  vae: VAE\n", 2, "variables"),
    "home in a folder": ("o:\n  vae: ~/VAE\n", 2, "in base_path only"),
    "blanks": ("o:\n  base_path: {base}\n  vae: 'VAE '\n", 3, "blanks"),
    "misspelt": ("o:\n  base_path: {base}\n  text_encoder: Encoders\n", 3, "text_encoders"),
    "upper case": ("o:\n  base_path: {base}\n  VAE: VAE\n", 3, "did you mean vae?"),
    "no folders": ("o:\n  base_path: {base}\n", 1, "names no folder"),
    "a list as key": ("o:\n  base_path: {base}\n  vae: VAE\n  [a]: b\n", 4, "as a key"),
    "nul": ('o:\n  vae: "a\\0b"\n', 2, "not a possible path"),
    "too long": ("o:\n  vae: " + "x" * 5000 + "\n", 2, "too long"),
    "nested": ("o: " + "[" * 200, 1, "nested deeper"),
    "two documents": ("o:\n  vae: x\n---\na: b\n", 3, "another document"),
    "undefined alias": ("o: *x\n", 1, "undefined alias"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_comfyui_cannot_use_is_named(case: str, tmp_path: Path, shared: Path) -> None:
    """One problem with the file, the line where there is one, and the reason."""
    (shared / "bare").mkdir()
    text, line, said = BAD[case]
    file = written(
        tmp_path, text.replace("{base}", str(shared)).replace("{{", "{").replace("}}", "}")
    )
    (problem,) = extra_paths.find(file).problems
    assert problem.path == file
    assert said in problem.message
    assert problem.message.startswith(f"line {line}: ") or not line


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1", "cp1251"])
def test_other_encodings_are_named(encoding: str, tmp_path: Path, shared: Path) -> None:
    """ComfyUI opens the file as UTF-8."""
    text = "# мод\n" if encoding == "cp1251" else "# modèles\n"
    file = written(tmp_path, (text + f"o:\n  base_path: {shared}\n").encode(encoding))
    (problem,) = extra_paths.find(file).problems
    assert "line 1: not UTF-8 text" in problem.message


@pytest.mark.parametrize("level", ["section", "key"])
def test_of_repeated_keys_the_last_counts(level: str, tmp_path: Path, shared: Path) -> None:
    """As for PyYAML, so for ComfyUI; the one that doesn't count is named."""
    first = "o:\n  base_path: /nowhere\n  vae: VAE\n"
    second = f"  base_path: {shared}\n  clip: Encoders\n  vae: VAE\n"
    text = first + ("o:\n" if level == "section" else "") + second
    file = written(tmp_path, text)
    found = extra_paths.find(file)
    assert {place.path.name for place in found.places} == BOTH
    assert all("duplicate key" in problem.message for problem in found.problems)
    assert found.problems


def test_one_bad_section_hides_no_other(tmp_path: Path, shared: Path) -> None:
    """Folders of the good sections are found beside the problem."""
    file = written(
        tmp_path, f"bad:\n  vae: [a]\ngood:\n  base_path: {shared}\n{FOLDERS}".replace("    ", "  ")
    )
    assert names(file) == BOTH
    assert len(extra_paths.find(file).problems) == 1


def test_download_model_base_is_a_models_folder(tmp_path: Path) -> None:
    """Desktop's own models, and where ComfyUI-Manager puts its downloads."""
    install("flux1-ae-f32", tmp_path / "Documents" / "models" / "vae")
    file = written(
        tmp_path, f"d:\n  base_path: {tmp_path}/Documents\n  download_model_base: models\n"
    )
    assert names(file) == {"flux1-ae-f32.safetensors"}


@pytest.mark.parametrize("name", ["extra_model_paths.yml", "extra_model_paths.yaml.txt"])
def test_a_name_that_comfyui_does_not_read_is_named(name: str, tmp_path: Path) -> None:
    """Neither .yml nor a hidden .txt is read."""
    (tmp_path / "models").mkdir()
    (tmp_path / name).write_text("o:\n  vae: x\n")
    (problem,) = comfyui.find(tmp_path).problems
    assert (problem.path, problem.message) == (
        tmp_path / name,
        "ComfyUI reads extra_model_paths.yaml only; rename it",
    )


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "large"])
def test_what_is_no_settings_file_is_named(kind: str, tmp_path: Path) -> None:
    """Nothing waits, nothing is read without a bound."""
    file = tmp_path / "extra_model_paths.yaml"
    match kind:
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "link":
            file.symlink_to(tmp_path / "gone")
        case _:
            file.write_bytes(b" " * (extra_paths.MAX_BYTES + 1))
    (problem,) = extra_paths.find(file).problems
    assert problem.path == file


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("APPDATA", "ComfyUI"),
        ("XDG_CONFIG_HOME", "ComfyUI"),
        ("HOME", ".config/ComfyUI"),
        ("HOME", "Library/Application Support/ComfyUI"),
    ],
)
def test_desktops_file_is_found_by_itself(
    variable: str,
    below: str,
    run: Run,
    tmp_path: Path,
    shared: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On each system it lies elsewhere; `--comfyui` and the usual places both look there."""
    for name in ("INVOKEAI_ROOT", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(variable, str(tmp_path / "home"))
    folder = tmp_path / "home" / below
    folder.mkdir(parents=True)
    (folder / comfyui.DESKTOP).write_text(f"comfyui_desktop:\n    base_path: {shared}\n{FOLDERS}")
    for arguments in (["scan", "--comfyui"], ["scan"]):
        assert {Path(m["path"]).name for m in run(*arguments, "--json").json["models"]} == BOTH


def test_the_option_names_files(run: Run, tmp_path: Path, shared: Path) -> None:
    """Repeatable, and without any ComfyUI; planning takes it, too."""
    one = tmp_path / "one.yaml"
    two = tmp_path / "two.yaml"
    one.write_text(f"a:\n  base_path: {shared}\n  vae: VAE\n")
    two.write_text(f"a:\n  base_path: {shared}\n  clip: Encoders\n")
    options = ("--extra-model-paths", str(one), "--extra-model-paths", str(two), "--json")
    assert len(run("scan", *options).json["models"]) == 2
    ran = run("--ram", "14", "--installed", "--extra-model-paths", str(tmp_path / "no"), "--json")
    assert [p["path"] for p in ran.json["problems"]] == [str(tmp_path / "no")]
