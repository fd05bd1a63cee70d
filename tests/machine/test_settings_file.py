"""Changing one key of a settings file: nothing else changes, and no moment leaves half a file."""

import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fitplan.cli import main
from fitplan.errors import ErrorKind, FitplanError
from fitplan.machine import atomic
from fitplan.machine import settings as settings_file
from fitplan.machine.settings import with_setting, write_setting
from killing import kill_at_each_line
from places import DATA

pytestmark = pytest.mark.slow

ROOT = DATA / "invokeai_root"
KEY = "max_cache_ram_gb"
REAL = (ROOT / "invokeai.yaml").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "invokeai.example.yaml").read_text(encoding="utf-8")


def a_root(tmp_path: Path, text: str = REAL) -> Path:
    """A copy of InvokeAI's root folder with such settings."""
    (tmp_path / "invokeai.yaml").write_bytes(text.encode("utf-8"))
    return tmp_path


def test_setup_writes_one_line_into_a_real_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line that was there still is, comments too; one is new; the backup is the old file."""
    root = a_root(tmp_path)
    assert main(["setup", "--ram-total", "16", "--write", str(root), "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    new = (root / "invokeai.yaml").read_text(encoding="utf-8")
    assert new == f"{REAL}{KEY}: 14\n"
    assert Path(written["backup"]).read_text(encoding="utf-8") == REAL
    assert (written["before"], written["after"]) == (None, "14")
    assert sorted(path.name for path in root.iterdir()) == ["invokeai.yaml", "invokeai.yaml.bak"]


def test_a_second_time_changes_one_line_and_a_third_nothing(tmp_path: Path) -> None:
    """The value is replaced in place; the same value again leaves the file alone."""
    path = a_root(tmp_path, EXAMPLE + f"{KEY}: 12  # mine\nlast: 1\n") / "invokeai.yaml"
    change = write_setting(path, KEY, "14")
    assert change.before == "12"
    assert path.read_text(encoding="utf-8") == EXAMPLE + f"{KEY}: 14  # mine\nlast: 1\n"
    assert write_setting(path, KEY, "14.0").backup is None
    write_setting(path, KEY, "15")
    assert sorted(p.name for p in tmp_path.glob("*.bak*")) == [
        "invokeai.yaml.bak",
        "invokeai.yaml.bak1",
    ]


EDITS = {
    "empty": ("", f"{KEY}: 14\n"),
    "comments only": ("# hello\n", f"# hello\n{KEY}: 14\n"),
    "no last line break": ("a: 1", f"a: 1\n{KEY}: 14\n"),
    "windows": (f"a: 1\r\n{KEY}: 3\r\nb: 2\r\n", f"a: 1\r\n{KEY}: 14\r\nb: 2\r\n"),
    "windows, appended": ("a: 1\r\n", f"a: 1\r\n{KEY}: 14\r\n"),
    "byte order mark": (f"\ufeff{KEY}: 3\n", f"\ufeff{KEY}: 14\n"),
    "quoted key": (f'"{KEY}": 3 # c\n', f'"{KEY}": 14 # c\n'),
    "quoted value": (f"{KEY}: '3'\n", f"{KEY}: 14\n"),
    "no value": (f"{KEY}:\nb: 1\n", f"{KEY}: 14\nb: 1\n"),
    "no value, comment": (f"{KEY}: # c\nb: 1\n", f"{KEY}: 14 # c\nb: 1\n"),
    "null": (f"{KEY}: null\n", f"{KEY}: 14\n"),
    "flow": (f"{{a: 1, {KEY}: 3, b: 2}}\n", f"{{a: 1, {KEY}: 14, b: 2}}\n"),
    "commented out": (f"# {KEY}: 3\n", f"# {KEY}: 3\n{KEY}: 14\n"),
    "nested namesake": (f"a:\n  {KEY}: 3\n", f"a:\n  {KEY}: 3\n{KEY}: 14\n"),
    "other scripts": ("dir: /data/été/絵\n", f"dir: /data/été/絵\n{KEY}: 14\n"),
}


@pytest.mark.parametrize("name", EDITS)
def test_only_the_value_changes(name: str) -> None:
    """Comments, order, quoting, line endings and marks stay."""
    before, after = EDITS[name]
    assert with_setting(before, KEY, "14") == after


keys = st.text("abcdefgh_", min_size=1, max_size=8)
values = st.one_of(st.integers(), st.booleans(), st.text("abc #:'\"-", max_size=8), st.none())


@given(st.dictionaries(keys, values), st.sampled_from(["12", "3.5", "null"]), st.booleans())
def test_all_other_keys_say_the_same(settings: dict[str, object], old: str, has: bool) -> None:
    """Whatever the file says, the key is set and the rest is as it was."""
    text = yaml.safe_dump(settings) if settings else ""
    text = f"{KEY}: {old}\n{text}" if has else text
    assert yaml.safe_load(with_setting(text, KEY, "14")) == {**settings, KEY: 14}


REFUSED = {
    "aliases": (b"a: &a [x, x]\nb: &b [*a, *a]\nmax_cache_ram_gb: 12\n", "anchors and aliases"),
    "twice": (f"{KEY}: 1\n{KEY}: 2\n".encode(), "duplicate key"),
    "a list": (b"- 1\n- 2\n", "not a list of settings"),
    "no YAML": (b"a: [1\n", "line 2, column 1"),
    "two documents": (b"a: 1\n---\nb: 2\n", "found another document"),
    "ended": (b"a: 1\n...\n", "line"),
    "flow without the key": (b"{a: 1}\n", "line"),
    "binary": (b"a: \xff\xfe\n", "not UTF-8"),
    "huge": (b"#" * (2**20 + 1), "larger than"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_edited_safely_is_left_alone(name: str, tmp_path: Path) -> None:
    """A clear error of kind `file`; not a byte changes and nothing is left behind."""
    content, said = REFUSED[name]
    path = tmp_path / "invokeai.yaml"
    path.write_bytes(content)
    with pytest.raises(FitplanError) as caught:
        write_setting(path, KEY, "14")
    assert said in caught.value.message
    assert caught.value.kind is ErrorKind.FILE
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_missing_files_folders_links_and_pipes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3; a link's target isn't touched."""
    target = tmp_path / "elsewhere.yaml"
    target.write_text("a: 1\n", encoding="utf-8")
    for name in ("missing", "folder", "link", "pipe"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder" / "invokeai.yaml").mkdir()
    (tmp_path / "link" / "invokeai.yaml").symlink_to(target)
    os.mkfifo(tmp_path / "pipe" / "invokeai.yaml")
    for name in ("missing", "folder", "link", "pipe", "no-such-folder"):
        assert main(["setup", "--ram-total", "16", "--write", str(tmp_path / name)]) == 3
        assert "invokeai.yaml: " in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "a: 1\n"
    assert (tmp_path / "link" / "invokeai.yaml").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_permissions_stay(mode: int, tmp_path: Path) -> None:
    """The new file and the backup can be read by whom the old one could, and nobody else."""
    path = a_root(tmp_path) / "invokeai.yaml"
    path.chmod(mode)
    change = write_setting(path, KEY, "14")
    assert change.backup is not None
    assert path.stat().st_mode & 0o777 == change.backup.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("times", [1, 2, 100])
def test_a_file_that_changes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """An edit that is overtaken is made anew; one that is overtaken on and on gives way."""
    path = a_root(tmp_path) / "invokeai.yaml"
    fsync = os.fsync
    left = [times]

    def meddle(handle: int) -> None:
        if left[0]:
            left[0] -= 1
            path.write_text(f"theirs: {left[0]}\n", encoding="utf-8")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", meddle)
    if times < 3:
        change = write_setting(path, KEY, "14")
        assert path.read_text(encoding="utf-8") == f"theirs: 0\n{KEY}: 14\n"
        assert change.backup is not None
        assert change.backup.read_text(encoding="utf-8") == "theirs: 0\n"
    else:
        with pytest.raises(FitplanError, match="changed while"):
            write_setting(path, KEY, "14")
        assert path.read_text(encoding="utf-8").startswith("theirs: ")
        assert not list(tmp_path.glob("*.bak*"))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """A process killed before each line it executes in turn: the file is always whole."""
    path = a_root(tmp_path) / "invokeai.yaml"
    old, new = REAL.encode(), f"{REAL}{KEY}: 14\n".encode()
    ends = kill_at_each_line(
        path, old, lambda: write_setting(path, KEY, "14"), (settings_file, atomic)
    )
    assert ends == {old, new}
