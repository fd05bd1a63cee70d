"""Writing a catalog file: whole at any moment, its mode kept, links followed, races refused."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli import Run
from fitplan.errors import FitplanError
from fitplan.machine import atomic
from fitplan.questions.edit import stored
from fitplan.questions.edit.stored import read_stored, save
from killing import kill_at_each_line

pytestmark = pytest.mark.slow

OLD, NEW = "version: 1\n", "version: 1\nsources:\n  a:\n    title: A\n"


def test_mode_and_backup(tmp_path: Path) -> None:
    """The mode stays; a backup is made only when asked for, and never over another."""
    path = tmp_path / "models.yaml"
    for number, backup in enumerate((False, True, True)):
        old = f"{OLD}# {number}\n"
        path.write_text(old, encoding="utf-8")
        path.chmod(0o604)
        kept = save(read_stored(path), NEW, backup)
        assert path.read_text(encoding="utf-8") == NEW
        assert path.stat().st_mode & 0o777 == 0o604
        assert (kept.read_text(encoding="utf-8") if kept else None) == (old if backup else None)
        assert len(list(tmp_path.iterdir())) == 1 + number


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file it leads to changes; the link stays a link."""
    real, link = tmp_path / "real.yaml", tmp_path / "models.yaml"
    real.write_text(OLD, encoding="utf-8")
    link.symlink_to(real)
    save(read_stored(link), NEW, backup=False)
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == NEW


def test_a_new_file_has_the_mode_of_new_files(tmp_path: Path) -> None:
    """As the umask says, with its folder made."""
    path = tmp_path / "new" / "models.yaml"
    mask = os.umask(0o027)
    try:
        assert save(read_stored(path), NEW, backup=False) is None
    finally:
        os.umask(mask)
    assert path.read_text(encoding="utf-8") == NEW
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False])
def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path, there: bool) -> None:
    """Changed or made since it was read: refused, untouched, nothing left over."""
    path = tmp_path / "models.yaml"
    if there:
        path.write_text(OLD, encoding="utf-8")
    stored = read_stored(path)
    path.write_text("# theirs\n", encoding="utf-8")
    with pytest.raises(FitplanError, match=r"meanwhile|changed while"):
        save(stored, NEW, backup=False)
    assert path.read_text(encoding="utf-8") == "# theirs\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(FitplanError):
        read_stored(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("backup", [False, True])
def test_killed_at_any_moment_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, backup: bool
) -> None:
    """A process killed before each line that it executes: the file is whole, the next run tidy."""
    path = tmp_path / "models.yaml"

    def write() -> None:
        before = read_stored(path)
        if before.text != NEW:
            save(before, NEW, backup)

    ends = kill_at_each_line(path, OLD.encode(), write, (stored, atomic))
    assert ends == {OLD.encode(), NEW.encode()}


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """What a process that is gone left goes; what a living one writes, and other files, stay."""
    path = tmp_path / "models.yaml"
    path.write_text(OLD, encoding="utf-8")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {
        f".models.yaml.{gone.pid}-abc12_.tmp": False,
        f".models.yaml.{os.getppid()}-abc12_.tmp": True,
        f".other.yaml.{gone.pid}-abc12_.tmp": True,
        ".models.yaml.tmp": True,
        "models.yaml.tmp": True,
        f".models.yaml.{10**30}-x.tmp": True,
    }
    for name in names:
        (tmp_path / name).touch()
    save(read_stored(path), NEW, backup=False)
    assert {name: (tmp_path / name).exists() for name in names} == names


def overtaken(monkeypatch: pytest.MonkeyPatch, path: Path, times: int, text: str) -> None:
    """Let another program write `text` into `path` while fitplan writes, so many times."""
    sync = os.fsync
    left = [times]

    def meddle(handle: int) -> None:
        if left[0]:
            left[0] -= 1
            path.write_text(f"{text}# {left[0]}\n", encoding="utf-8")
        sync(handle)

    monkeypatch.setattr(os, "fsync", meddle)


THEIRS = "version: 1\nsources:\n  b: {url: 'https://example.com/b', title: B}\n"


def test_an_edit_that_is_overtaken_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """What another program wrote meanwhile stays, and the edit is made on it."""
    path = tmp_path / "models.yaml"
    path.write_text("version: 1\n\n\nsources: {}\n", encoding="utf-8")
    overtaken(monkeypatch, path, 1, THEIRS)
    assert run("catalog", "format", str(path)).code == 0
    assert "title: B" in path.read_text(encoding="utf-8")
    assert "'https" not in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_an_edit_that_is_overtaken_again_and_again_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """One clear line, exit code 3, the other program's file, and no backup."""
    path = tmp_path / "models.yaml"
    path.write_text("version: 1\n\n\nsources: {}\n", encoding="utf-8")
    overtaken(monkeypatch, path, 100, THEIRS)
    ran = run("catalog", "format", str(path), "--backup")
    assert ran.code == 3
    assert "changed while" in ran.err
    assert path.read_text(encoding="utf-8").startswith(THEIRS)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("swap", ["folder", "link", "gone"])
def test_a_file_replaced_by_something_else_is_refused(tmp_path: Path, swap: str) -> None:
    """Nothing is written, and nothing is left."""
    path, elsewhere = tmp_path / "models.yaml", tmp_path / "elsewhere"
    path.write_text(OLD, encoding="utf-8")
    before = read_stored(path)
    path.unlink()
    if swap == "folder":
        path.mkdir()
    elif swap == "link":
        path.symlink_to(elsewhere)
    with pytest.raises(FitplanError):
        save(before, NEW, backup=False)
    assert not list(tmp_path.glob(".*"))
    assert not list(tmp_path.glob("*.bak"))
    assert not elsewhere.exists()


def test_a_full_disk(tmp_path: Path) -> None:
    """The old file stays, without a backup or anything half written beside it."""
    path = tmp_path / "models.yaml"
    path.write_text("version: 1\n\n\nsources: {}\n# " + "x" * 9_000 + "\n", encoding="utf-8")
    old = path.read_bytes()
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); "
        "from fitplan.cli.app import run; sys.argv[1:] = ['catalog', 'format', sys.argv[1], "
        "'--backup']; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("owner", [(0, 12345), (12345, 0), (12345, 12345)])
def test_owner_and_group_stay(tmp_path: Path, owner: tuple[int, int]) -> None:
    """The new file and the backup belong to whom the old one did."""
    path = tmp_path / "models.yaml"
    path.write_text(OLD, encoding="utf-8")
    os.chown(path, *owner)
    kept = save(read_stored(path), NEW, backup=True)
    assert kept is not None
    for file in (path, kept):
        assert (file.stat().st_uid, file.stat().st_gid) == owner


@pytest.mark.parametrize("what", ["user", "group"])
def test_an_owner_that_cannot_be_kept_is_refused(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and the error says why."""
    path = tmp_path / "models.yaml"
    path.write_text(OLD, encoding="utf-8")
    before = read_stored(path)
    place = {"user": stat.ST_UID, "group": stat.ST_GID}[what]
    fields = list(before.state or ())
    fields[place] = 54321

    def refuse(handle: int, user: int, group: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(FitplanError, match=f"another {what}"):
        atomic.replace_file(path, b"new", os.stat_result(fields), b"old")
    assert list(tmp_path.iterdir()) == [path]


def test_windows_line_ends_stay(tmp_path: Path, run: Run) -> None:
    """`catalog format` keeps CR LF where all lines end so, and doesn't call that a departure."""
    path = tmp_path / "models.yaml"
    text = b"version: 1\n\n\nsources:\n  a: {url: 'https://e.org', title: A}\n"
    path.write_bytes(text.replace(b"\n", b"\r\n"))
    assert run("catalog", "format", str(path)).code == 0
    content = path.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 2
    assert run("catalog", "format", str(path), "--check").code == 0


def test_mixed_line_ends_become_one(tmp_path: Path, run: Run) -> None:
    """Where some lines end otherwise, all end with LF afterwards."""
    path = tmp_path / "models.yaml"
    path.write_bytes(b"version: 1\r\nsources:\n  a: {title: A, url: https://e.org}\r\n")
    assert run("catalog", "format", str(path), "--check").code == 1
    assert run("catalog", "format", str(path)).code == 0
    assert b"\r" not in path.read_bytes()
