"""Writing a catalog file: whole at any moment, its mode kept, links followed, races refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fitplan.errors import FitplanError
from fitplan.questions.edit.stored import read_stored, save

OLD, NEW = "version: 1\n", "version: 1\nsources:\n  a:\n    title: A\n"


def test_mode_and_backup(tmp_path: Path) -> None:
    """The mode stays; a backup is made only when asked for, and never over another."""
    path = tmp_path / "models.yaml"
    for number, backup in enumerate((False, True, True)):
        path.write_text(OLD, encoding="utf-8")
        path.chmod(0o604)
        kept = save(read_stored(path), NEW, backup)
        assert path.read_text(encoding="utf-8") == NEW
        assert path.stat().st_mode & 0o777 == 0o604
        assert (kept.read_text(encoding="utf-8") if kept else None) == (OLD if backup else None)
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


_KILLER = """
import os, sys
from pathlib import Path
from fitplan.machine import atomic
from fitplan.questions.edit import stored
path, old, new = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
ends = set()
for moment in range(1, 500):
    path.write_text(old)
    child = os.fork()
    if child == 0:
        left = moment
        def trace(frame, event, argument):
            global left
            if frame.f_code.co_filename not in (stored.__file__, atomic.__file__):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os._exit(9)
            return trace
        before = stored.read_stored(path)
        sys.settrace(trace)
        stored.save(before, new, False)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert path.read_text() in (old, new)
    ends.add(path.read_text())
    if os.waitstatus_to_exitcode(status) == 0:
        break
assert ends == {old, new} and 15 < moment < 499, (ends, moment)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """A process killed before each line that it executes in turn: the file is always whole."""
    path = tmp_path / "models.yaml"
    command = [sys.executable, "-c", _KILLER, str(path), OLD, NEW]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
