"""InvokeAI's database and settings as they are found: each row counts, is named, or is external."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli import Run
from fitplan.errors import FitplanError
from fitplan.machine import invokeai
from sparse import install

GOOD = {"name": "VAE", "path": "key1/flux1-ae-f32.safetensors", "type": "vae"}


def a_root(folder: Path, rows: Sequence[Any], settings: str | None = None) -> Path:
    """An InvokeAI root with one model file and these rows; text stands as it is."""
    (folder / "databases").mkdir(parents=True)
    install("flux1-ae-f32", folder / "models" / "key1")
    connection = sqlite3.connect(folder / "databases" / "invokeai.db")
    connection.execute("CREATE TABLE models (id TEXT, config)")
    for number, row in enumerate(rows):
        config = json.dumps(row) if isinstance(row, dict) else row
        connection.execute("INSERT INTO models VALUES (?, ?)", (f"{number:03}", config))
    connection.commit()
    connection.close()
    if settings is not None:
        (folder / "invokeai.yaml").write_text(settings)
    return folder


BROKEN = [
    '{"name": "no path"}',
    '{"path": "no name"}',
    "no JSON",
    "[]",
    "null",
    "5",
    None,
    17,
    b"\xff\xfe",
    '{"name": 1, "path": "x"}',
    '{"name": "x", "path": ["x"]}',
    '{"name": "empty", "path": ""}',
    '{"name": "dot", "path": "."}',
    '{"name": "digits", "path": ' + "9" * 5000 + "}",
    "[" * 100_000,
]


@pytest.mark.parametrize("row", BROKEN, ids=range(len(BROKEN)))
def test_a_row_that_cannot_be_used_hides_no_other(row: Any, tmp_path: Path) -> None:
    """It is a problem of the database with its number; the rows before and after it are found."""
    root = a_root(tmp_path / "root", [GOOD, row, {**GOOD, "name": "again"}])
    found = invokeai.find(root)
    assert [place.name for place in found.places] == ["VAE", "again"]
    (problem,) = found.problems
    assert problem.path == root / "databases" / "invokeai.db"
    assert problem.message.startswith("model 2: ")


def test_external_models_are_counted_and_no_problem(run: Run, tmp_path: Path) -> None:
    """They run at a provider and have no file by design."""
    rows = [
        {"name": "a", "path": "external://openai/gpt-image-1", "base": "external"},
        {"name": "b", "path": "external://gemini/x"},
        {"name": "c", "path": "", "format": "external_api", "base": "external"},
    ]
    root = a_root(tmp_path / "root", [GOOD, *rows])
    document = run("scan", "--invokeai", str(root), "--json").json
    assert (len(document["models"]), document["external"], document["problems"]) == (1, 3, [])
    assert "3 external models" in run("scan", "--invokeai", str(root)).out


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("key1\\flux1-ae-f32.safetensors", "a file of that name is "),
        ("D:\\models\\key1\\flux1-ae-f32.safetensors", "a Windows path"),
        ("D:/elsewhere/ae.safetensors", "a Windows path"),
        ("\\\\server\\share\\ae.safetensors", "a Windows path"),
        ("/old/root/models/key1/flux1-ae-f32.safetensors", "a file of that name is "),
        ("/srv/gone.gguf", "No such file"),
        ("key1/" + "x" * 300, "too long"),
        ("a\0b", "not a possible path"),
    ],
)
def test_a_path_without_a_file_is_named(path: str, said: str, tmp_path: Path) -> None:
    """Windows paths, moved roots and impossible names; InvokeAI itself finds no file there."""
    root = a_root(tmp_path / "root", [GOOD, {"name": "gone", "path": path}])
    found = invokeai.find(root)
    assert len(found.places) == 1
    (problem,) = found.problems
    assert "'gone'" in problem.message
    assert said in problem.message


@pytest.mark.parametrize("settings", [None, "models_dir: models\n", "models_dir: nowhere\n"])
@pytest.mark.parametrize("name", ["INVOKEAI_MODELS_DIR", "invokeai_models_dir"])
def test_variables_count_before_the_file(name: str, settings: str | None, tmp_path: Path) -> None:
    """In any case, as pydantic-settings reads them; an empty one is not set."""
    root = a_root(tmp_path / "root", [GOOD], settings)
    elsewhere = tmp_path / "elsewhere"
    install("flux1-ae-f32", elsewhere / "key1")
    (place,) = invokeai.find(root, {name: str(elsewhere)}).places
    assert place.path.is_relative_to(elsewhere)
    unset = invokeai.find(root, {name: ""})
    assert bool(unset.places) == (settings != "models_dir: nowhere\n")


def test_db_dir_and_root_come_from_variables(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    """INVOKEAI_ROOT names the root, INVOKEAI_DB_DIR the database's folder, relative to it."""
    root = a_root(tmp_path / "root", [GOOD])
    (root / "databases").rename(root / "elsewhere")
    monkeypatch.setenv("INVOKEAI_ROOT", str(root))
    monkeypatch.setenv("INVOKEAI_DB_DIR", "elsewhere")
    assert len(run("scan", "--invokeai", "--json").json["models"]) == 1


@pytest.mark.parametrize("how", ["relative", "absolute", "home", "literal", "version 3"])
def test_models_dir_in_each_form(how: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Relative to the root, absolute, below the home folder, in a folder called `~`, and of 3.x."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    wanted = {
        "relative": tmp_path / "root" / "mine",
        "absolute": tmp_path / "mine",
        "home": home / "mine",
        "literal": tmp_path / "root" / "~" / "mine",
        "version 3": tmp_path / "root" / "mine",
    }[how]
    text = {"relative": "mine", "absolute": str(wanted), "version 3": "mine"}.get(how, "~/mine")
    settings = f"models_dir: {text}\n"
    if how == "version 3":
        settings = f"InvokeAI:\n  Paths:\n    {settings}"
    root = a_root(tmp_path / "root", [GOOD], settings)
    install("flux1-ae-f32", wanted / "key1")
    (place,) = invokeai.find(root).places
    assert place.path.is_relative_to(wanted)


@pytest.mark.parametrize(
    "settings", ["models_dir: [a]\n", "a: !!int ''\n", "- a\n", "", "a: 1\n---\nb: 2\n", "\0"]
)
def test_settings_that_cannot_be_used_are_named(settings: str, tmp_path: Path) -> None:
    """The models are found in the usual folder, and the file is a problem."""
    root = a_root(tmp_path / "root", [GOOD], settings)
    found = invokeai.find(root)
    assert len(found.places) == 1
    (problem,) = found.problems
    assert problem.path == root / "invokeai.yaml"


def test_an_endless_view_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database may claim anything; reading it ends in time."""
    monkeypatch.setattr(invokeai, "SECONDS_TO_READ", 0.2)
    (tmp_path / "databases").mkdir()
    connection = sqlite3.connect(tmp_path / "databases" / "invokeai.db")
    connection.execute(
        "CREATE VIEW models AS WITH RECURSIVE r(id, config) AS"
        " (SELECT 1, 'x' UNION ALL SELECT id + 1, config FROM r) SELECT * FROM r"
    )
    connection.commit()
    connection.close()
    with pytest.raises(FitplanError, match="fitplan's limit"):
        invokeai.find(tmp_path)
