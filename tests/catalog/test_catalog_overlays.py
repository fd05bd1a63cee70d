"""Overlays: which files make up the catalog, what they may say, and that the answer names them."""

import os
from pathlib import Path

import pytest

from catalogs import shipped
from cli import Run
from fitplan.catalog import overlays, reading

PIPELINE = """\
version: 1
pipelines:
  NAME:
    name: NAME
    denoiser: z-image
    encoders: [qwen3-4b]
    vae: flux1-vae
    license: none
    distilled: "no"
"""
FILE = """\
version: 1
sources:
  mine: {title: me}
components:
  clip-l:
    kind: encoder
    name: CLIP-L
    architecture: clip-l
    releases:
      - publisher: PUBLISHER
        format: safetensors
        recipe: unquantized
        source: mine
        confidence: high
        variants:
          - {quant: F16, bytes: 246144999}
"""


def write(path: Path, name: str) -> Path:
    """An overlay with one more model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PIPELINE.replace("NAME", name), encoding="utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration with a catalog of their own."""
    own = write(tmp_path / "config" / "models.yaml", "of-the-user")
    monkeypatch.setattr(overlays, "user_file", lambda: own)
    return own


def names(run: Run, *arguments: str) -> list[str]:
    """The models that a listing knows besides the shipped ones."""
    listed = run("catalog", "list", "--json", *arguments).json["models"]
    return [model["id"] for model in listed if model["id"] not in shipped().file.pipelines]


def test_all_overlays_count_and_the_plan_names_them(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User, environment, option: in this order, in JSON always, in the table when there are any."""
    files = [write(tmp_path / f"{name}.yaml", name) for name in ("one", "two", "given")]
    monkeypatch.setenv(overlays.VARIABLE, os.pathsep.join(["", *map(str, files[:2]), ""]))
    assert names(run, "--catalog", str(files[2])) == ["of-the-user", "one", "two", "given"]
    plan = ("--ram", "14", "--catalog", str(files[2]))
    used = run(*plan, "--json").json["catalogs"]
    origins = ["shipped", "user", "environment", "environment", "option"]
    assert [each["from"] for each in used] == origins
    assert [each["file"] for each in used] == ["models.yaml", str(home), *map(str, files)]
    table = run(*plan).out.replace("\n", "")
    assert all(path.name in table for path in (home, *files))


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_users_own_can_be_left_out(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """--no-user-catalog, wherever it stands, leaves folder and environment out, not --catalog."""
    given = write(tmp_path / "given.yaml", "given")
    monkeypatch.setenv(overlays.VARIABLE, str(home))
    flag = ["--no-user-catalog"]
    listing = ["catalog", "list", "--json", "--catalog", str(given)]
    ran = run(*(flag + listing if place == "before" else listing + flag))
    assert [each["from"] for each in ran.json["catalogs"]] == ["shipped", "option"]
    assert "of-the-user" not in ran.out
    assert run("--ram", "14", "--no-user-catalog", "--json").json["catalogs"] == [
        {"file": "models.yaml", "from": "shipped"}
    ]


def test_a_plan_of_the_shipped_catalog_alone_says_nothing(run: Run) -> None:
    """No line about catalogs where there is nothing to say."""
    assert "Catalog:" not in run("--ram", "14").out


def test_a_broken_own_catalog_tells_how_to_leave_it_out(run: Run, home: Path) -> None:
    """File, line and column, whose it is, and the option that leaves it out."""
    home.write_text("version: 1\nnonsense: 1\n", encoding="utf-8")
    ran = run("--ram", "14")
    assert ran.code == 3
    assert f"{home}:2:1" in ran.err
    assert "--no-user-catalog leaves it out" in ran.err


def test_a_missing_file_of_the_environment_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for, so it is an error; the variable is named."""
    monkeypatch.setenv(overlays.VARIABLE, str(tmp_path / "gone.yaml"))
    ran = run("--ram", "14")
    assert ran.code == 3
    assert "FITPLAN_CATALOG names it" in ran.err


@pytest.mark.parametrize("folder", ["missing", "file", "closed"])
def test_no_configuration_folder_is_no_problem(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    """No folder, a file in its place, one that can't be entered: there is no own catalog."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    write(tmp_path / "closed" / "fitplan" / "models.yaml", "hidden")
    (tmp_path / "closed").chmod(0o000)
    monkeypatch.setattr("platformdirs.user_config_path", lambda *a, **k: tmp_path / folder / "x")
    assert overlays.user_file() is None
    assert names(run) == []
    (tmp_path / "closed").chmod(0o700)


def test_no_home_is_no_problem(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process without HOME whose user the system doesn't know plans all the same."""
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987654321, raising=False)
    monkeypatch.chdir(tmp_path)
    assert overlays.user_file() is None
    assert names(run) == []


def test_the_own_catalog_is_models_yaml_in_the_configuration_folder(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The folder is the one that platformdirs names for fitplan."""
    monkeypatch.setattr("platformdirs.user_config_path", lambda name, **k: tmp_path / name)
    own = write(tmp_path / "fitplan" / "models.yaml", "mine")
    assert overlays.user_file() == own
    assert names(run) == ["mine"]


def test_an_overlay_adds_files_to_a_component() -> None:
    """What it had stays; a file of the same publisher and quantization is replaced."""
    before = shipped().files("clip-l")
    more = reading.parse_over(shipped(), FILE.replace("PUBLISHER", "me")).files("clip-l")
    assert [file.id for file in more] == ["clip-l/me/F16", *(file.id for file in before)]
    same = reading.parse_over(shipped(), FILE.replace("PUBLISHER", "comfyanonymous"))
    sizes = {file.id: file.weights.file_bytes for file in same.files("clip-l")}
    assert sizes.keys() == {file.id for file in before}
    assert sizes["clip-l/comfyanonymous/F16"] == 246144999


def test_an_overlay_that_changes_shapes_breaks_nothing() -> None:
    """An architecture told anew keeps recipes that files follow: every file still resolves."""
    text = (
        "version: 1\narchitectures:\n  clip-l:\n    family: clip-l\n    parameters: 5\n"
        "    recipes:\n      unquantized:\n        note: new\n        quants:\n"
        "          BF16: {weights: {BF16: 5}}\n"
    )
    changed = reading.parse_over(shipped(), text).files("clip-l")
    elements = {file.quant: file.weights.elements for file in changed}
    assert elements["BF16"] == 5
    assert (
        elements["F16"] == {f.quant: f.weights.elements for f in shipped().files("clip-l")}["F16"]
    )


def test_a_component_of_other_shapes_is_replaced_whole() -> None:
    """Its old files follow recipes that the new shapes don't have."""
    text = FILE.replace("PUBLISHER", "me").replace("architecture: clip-l", "architecture: qwen3-4b")
    text = text.replace("quant: F16", "quant: BF16")
    (file,) = reading.parse_over(shipped(), text).files("clip-l")
    assert (file.publisher, file.weights.family) == ("me", "qwen3")
