"""Hostile YAML and hostile paths in every command that takes one: one line, never a traceback."""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from cli import Ran, Run
from fitplan.errors import FitplanError
from fitplan.machine.settings import write_setting
from sparse import install

pytestmark = pytest.mark.slow

TEXTS: dict[str, str] = {
    "integer": 'version: !!int ""',
    "truth": "version: !!bool foo",
    "time": "version: !!timestamp x",
    "float": 'version: !!float "_"',
    "object": 'version: !!python/object/apply:os.system ["true"]',
    "name": "version: !!python/name:os.system",
    "base 64": 'version: !!binary "é"',
    "bytes": "version: !!binary /w==",
    "set": "components: !!set {a, b}",
    "ordered": "components: !!omap [a: b]",
    "pairs": "components: !!pairs [a: b]",
    "own tag": "version: !mine 1",
    "no day": "sources:\n  a: {title: x, as_of: 2026-02-30}",
    "no year": "version: 0000-01-01",
    "zone": "version: 2001-01-01 00:00:00+99:99",
    "digits": "version: " + "9" * 5000,
    "hexadecimal": "version: 0x" + "f" * 5000,
    "base 60": "version: 1" + ":1" * 3000,
    "brackets": "[" * 3000,
    "braces": "{a: " * 3000,
    "dashes": "- " * 3000 + "x",
    "questions": "? " * 3000,
    "quoted closers": '- "' + "]" * 3000 + '"\n- ' + "[" * 3000,
    "mapping as a name": "components:\n  {a: b}: c",
    "list as a name": "components:\n  [a]: c",
    "list for a mapping": "version: 1\ncomponents: [a, b]",
    "mapping for text": "sources:\n  a: {title: {b: c}}",
    "numbers as names": "components:\n  1: {2: {3: 4}}\n  2026-01-01: x\n  null: y",
    "bytes as a name": "components:\n  !!binary /w==: {}",
    "merge": "version: 1\na: &a {b: c}\nd: {<<: *a}",
    "merge of a number": "<<: 5",
    "in itself": "version: &a [*a]",
    "merged in itself": "&a {<<: *a}",
    "bomb": "a0: &a0 [x, x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
    "merge bomb": "a0: &a0 {x: 1}\n"
    + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40)),
    "undefined": "version: *x",
    "nul": "version: a\0b",
    "control": "version: \x01",
    "escape": '{"a\\0b": "\\e"}',
    "two documents": "version: 1\n---\nversion: 1",
    "directive": "%YAML 9.9\n---\nversion: 1",
    "repeated": "version: 1\nversion: 1",
    "equals": "=",
    "tab": "a:\n\tb: c",
    "text": "hello",
    "list": "[1, 2]",
    "infinite": "version: .inf",
    "no number": "version: .nan",
    "long key": "a" * 5000 + ": b",
}
"""Texts that no reader can use, each wrong in its own way."""
BYTES = {name: text.encode() for name, text in TEXTS.items()} | {
    "latin-1": b"version: \xe8",
    "utf-16": "version: 1".encode("utf-16"),
    "utf-32": "version: 1".encode("utf-32"),
    "cut": b"version: \xe2\x82",
}
FEW = ("integer", "brackets", "latin-1")
"""For the commands that read catalogs with the same code."""
PAIR = ("Klein 9B", "unsloth/q5_k_m", "Q4_K_M")
SEEN = ("--cache", "13.8", "--runtime", "invokeai@6.12", "--date", "2026-05-01")
PUBLISHED = ("--source", "https://example.org/x", "--publisher", "me")
MACHINE = ("--ram-total", "16", "--vram", "0")

CATALOG: dict[str, tuple[str, ...]] = {
    "plan": ("--ram", "14", "--catalog", "{}"),
    "explain": ("explain", *PAIR, "--catalog", "{}"),
    "compare": ("compare", *PAIR, "--catalog", "{}"),
    "need": ("need", "Klein 9B", "--catalog", "{}"),
    "pack": ("pack", "--ram", "14", "--catalog", "{}"),
    "setup": ("setup", *MACHINE, "--catalog", "{}"),
    "train": ("train", "--vram", "12", "--catalog", "{}"),
    "list": ("catalog", "list", "--catalog", "{}"),
    "show": ("catalog", "show", "--catalog", "{}"),
    "diff": ("catalog", "diff", "{}", "{}"),
    "add": ("catalog", "add", "{model}", *PUBLISHED, "--to", "{}"),
    "observe": ("catalog", "observe", *PAIR, *SEEN, *PUBLISHED[:2], "--to", "{}"),
    "check": ("check", "{}"),
    "check json": ("check", "{}", "--json"),
    "format": ("catalog", "format", "{}"),
    "format check": ("catalog", "format", "--check", "{}"),
}
"""Every command that reads a catalog; `{}` is its path."""
FILES: dict[str, tuple[str, ...]] = {
    "inspect": ("inspect", "{}"),
    "verify": ("verify", "{}"),
    "scan": ("scan", "{}"),
    "add a file": ("catalog", "add", "{}", *PUBLISHED),
    "plan a file": ("--ram", "14", "--file", "{}"),
    "plan a folder": ("--ram", "14", "--installed", "--folder", "{}"),
    "extra paths": ("scan", "--extra-model-paths", "{}"),
    "plan extra paths": ("--ram", "14", "--extra-model-paths", "{}"),
    "comfyui": ("scan", "--comfyui", "{}"),
    "invokeai": ("scan", "--invokeai", "{}"),
    "write": ("setup", *MACHINE, "--write", "{}"),
}
"""Every other command that takes a path."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that can be read."""
    return install("klein-4b-q8_0", tmp_path_factory.mktemp("model"))


def filled(command: tuple[str, ...], path: str, model: Path) -> list[str]:
    return [part.replace("{}", path).replace("{model}", str(model)) for part in command]


def clear(ran: Ran, codes: tuple[int, ...]) -> None:
    """At most an error and its cure, and one of these exit codes."""
    assert ran.code in codes, ran
    assert len(ran.err.splitlines()) <= 2, ran.err
    assert "Traceback" not in ran.err + ran.out


@pytest.mark.parametrize("name", BYTES)
def test_no_yaml_breaks_a_reader_of_catalogs(
    run: Run, tmp_path: Path, model: Path, name: str
) -> None:
    """Refused with exit code 3 (or as findings with their places), and the file stays."""
    file = tmp_path / "models.yaml"
    file.write_bytes(BYTES[name])
    commands = CATALOG if name in FEW else {k: CATALOG[k] for k in ("plan", "check json", "format")}
    for key, command in commands.items():
        ran = run(*filled(command, str(file), model))
        clear(ran, ANSWERS.get(key, (3,)))
        if key == "check json":
            assert ran.json["schema"] in ("fitplan.check/1", "fitplan.error/1")
        assert file.read_bytes() == BYTES[name] or (key, ran.code) == ("format", 0)


@pytest.mark.parametrize("name", BYTES)
def test_no_yaml_breaks_a_reader_of_settings(run: Run, tmp_path: Path, name: str) -> None:
    """extra_model_paths.yaml and invokeai.yaml: a listed problem, or an answer without it."""
    (tmp_path / "databases").mkdir()
    connection = sqlite3.connect(tmp_path / "databases" / "invokeai.db")
    connection.execute("CREATE TABLE models (id TEXT, config TEXT)")
    connection.close()
    for file in ("invokeai.yaml", "extra_model_paths.yaml"):
        (tmp_path / file).write_bytes(BYTES[name])
    extra = run("scan", "--comfyui", str(tmp_path), "--json")
    clear(extra, (1,))
    assert extra.json["problems"]
    clear(run("scan", "--invokeai", str(tmp_path)), (1,))
    if name in FEW:
        clear(run("setup", *MACHINE, "--write", str(tmp_path)), (0, 3))
    with suppress(FitplanError):
        write_setting(tmp_path / "invokeai.yaml", "max_cache_ram_gb", "14")


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, str]:
    """Paths that lead nowhere, each in its own way."""
    (tmp_path / "file").write_text("hello", encoding="utf-8")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.gguf")
    return {
        "nul": "a\0b",
        "name over 255": "n" * 300,
        "path over 4096": "/".join(["d" * 200] * 25),
        "no such user": "~no-such-user/x",
        "below a file": str(tmp_path / "file" / "x"),
        "dangling": str(tmp_path / "dangling"),
        "loop": str(tmp_path / "loop"),
        "below a loop": str(tmp_path / "loop" / "x"),
        "pipe": str(tmp_path / "pipe"),
        "pipe of a model": str(tmp_path / "pipe.gguf"),
        "device": "/dev/zero",
        "folder": str(tmp_path / "empty"),
        "surrogate": str(tmp_path / "empty" / "\udcff" / "x"),
        "line break": str(tmp_path / "a\nb" / "x"),
    }


ANSWERS = {"check": (1, 3), "check json": (1, 3), "format": (0, 3), "format check": (0, 1, 3)}
"""Exit codes of the commands that judge or rewrite a text that is YAML but no catalog."""
MAKES = frozenset({"add", "observe"})
"""Commands that make a file that is not there."""


@pytest.mark.parametrize("key", [*CATALOG, *FILES])
def test_no_path_breaks_a_command(
    run: Run,
    paths: dict[str, str],
    model: Path,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 3, or 1 with a listed problem; typer refuses NUL, which no system hands on."""
    monkeypatch.chdir(tmp_path)
    command = (CATALOG | FILES)[key]
    for name in paths if key in (*FILES, "plan", "check", "add") else DEAD_ENDS:
        path = paths[name]
        ran = run(*filled(command, path, model))
        clear(ran, (*([2] if name == "nul" else []), *([0] if key in MAKES else []), 1, 3))


VARIABLES = (
    "FITPLAN_CATALOG",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "INVOKEAI_ROOT",
    "INVOKEAI_MODELS_DIR",
    "INVOKEAI_DB_DIR",
    "APPDATA",
    "HOME",
)
QUESTIONS = (
    ("scan",),
    ("scan", "--hf-cache"),
    ("scan", "--invokeai"),
    ("scan", "--comfyui"),
    ("catalog", "list"),
)
DEAD_ENDS = ("name over 255", "no such user", "below a loop", "pipe")


@pytest.mark.parametrize("variable", VARIABLES)
def test_no_variable_breaks_a_command(
    run: Run, paths: dict[str, str], variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that leads nowhere in any variable: an answer, a listed problem, or one line."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in DEAD_ENDS:
        monkeypatch.setenv(variable, paths[name])
        for question in QUESTIONS:
            clear(run(*question), (0, 1, 2, 3))


@pytest.mark.parametrize(
    "question", [*QUESTIONS, ("--ram", "14"), ("check",), ("scan", ".")], ids=" ".join
)
def test_without_a_home_folder_and_a_working_folder(
    run: Run, question: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No HOME and no user of that number; then the folder that fitplan runs in is deleted."""

    def no_home(cls: object = None) -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(Path, "expanduser", no_home)
    clear(run(*question), (0, 1, 2, 3))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    clear(run(*question), (0, 1, 2, 3))


def test_a_user_without_a_home_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which variable, and which user."""
    monkeypatch.setenv("FITPLAN_CATALOG", "~no-such-user/models.yaml")
    ran = run("catalog", "list")
    assert ran.code == 3
    assert "FITPLAN_CATALOG: ~no-such-user/models.yaml: no home folder for ~no-such-user" in ran.err


def test_a_pipe_stays_a_pipe(run: Run, paths: dict[str, str]) -> None:
    """Nothing is written over what is not a regular file."""
    run("catalog", "format", paths["pipe"])
    assert stat.S_ISFIFO(os.stat(paths["pipe"]).st_mode)  # noqa: PTH116
