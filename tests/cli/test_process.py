"""fitplan as a process: its stdout is one answer, its streams may be closed or full."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import commands
from commands import PLAN, PROGRAM, fitplan
from fitplan.machine.native import silent_stdout

pytestmark = pytest.mark.slow

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """Arguments per command that get an answer."""
    return commands.lines(tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """An environment with a hub on this machine."""
    with commands.hub() as found:
        yield found


def test_every_command_has_a_line(lines: Mapping[str, list[str]]) -> None:
    """A new command can't be forgotten in what follows."""
    assert set(lines) == set(commands.names())


@pytest.mark.parametrize("name", commands.names())
def test_json_of_every_command_is_one_document(
    lines: Mapping[str, list[str]], environment: dict[str, str], name: str
) -> None:
    """Whatever the libraries print that it loads; before and after the command's name."""
    for arguments in ([*lines[name], "--json"], ["--json", *lines[name]]):
        done = fitplan(arguments, environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["schema"].startswith("fitplan.")


@pytest.mark.parametrize("name", commands.names())
def test_json_of_a_mistake_is_one_document(lines: Mapping[str, list[str]], name: str) -> None:
    """An unknown option is a usage error, written as a document."""
    done = fitplan([*lines[name], "--json", "--nonsense"])
    assert (done.returncode, done.stderr) == (2, "")
    assert json.loads(done.stdout)["schema"] == "fitplan.error/1"


PRINTS = """
import ctypes, os
libc = ctypes.CDLL(None)
from fitplan.machine.native import silent_stdout
print("before", flush=True)
with silent_stdout():
    with silent_stdout():
        libc.printf(b"buffered in C\\n")
    os.write(1, b"unbuffered\\n")
print("after", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="finds printf the POSIX way")
def test_what_a_library_prints_goes_nowhere() -> None:
    """Also what C still holds in a buffer when the library is done, and in nested contexts."""
    command = [sys.executable, "-c", PRINTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "before\nafter\n"


def test_stdout_comes_back_after_errors_and_threads() -> None:
    """No descriptor is left open, and descriptor 1 is the same file as before."""

    def raises() -> None:
        with pytest.raises(ValueError, match="inside"), silent_stdout():
            raise ValueError("inside")

    def same() -> tuple[int, int]:
        status = os.fstat(1)
        return status.st_dev, status.st_ino

    before = same()
    first = os.dup(1)
    os.close(first)
    for _ in range(50):
        threads = [threading.Thread(target=raises) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    again = os.dup(1)
    os.close(again)
    assert (same(), again) == (before, first)


def shell(line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of bash in which `$fitplan` is the program."""
    program = f"set -o pipefail\nfitplan='{' '.join(PROGRAM)}'\n{line}"
    return subprocess.run(
        ["bash", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


UNWRITABLE = "fitplan: cannot write to standard output: "
ANSWERS = [("--ram 14", 0), ("--ram 1", 1), ("--ram 14 --json", 0), ("pack --ram 14 --json", 0)]


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", ["--ram 14", "--ram 14 --all --json", "--help", "pack --ram 1 --json", "check"]
)
def test_a_full_disk_is_an_error(arguments: str, unbuffered: str) -> None:
    """The answer is lost, which one line says and exit code 3."""
    done = shell(f"$fitplan {arguments} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 3
    assert done.stderr == f"{UNWRITABLE}No space left on device\n"


@needs_full
def test_a_mistake_keeps_its_code_on_a_full_disk() -> None:
    """2 says more than that the error's document could not be written."""
    assert shell("$fitplan --ram x --json > /dev/full").returncode == 2
    assert shell("$fitplan --ram x 2> /dev/full").returncode == 2
    assert shell("$fitplan --ram 14 > /dev/full 2>&1").returncode == 3


@pytest.mark.parametrize(("arguments", "code"), ANSWERS)
def test_a_closed_stdout_keeps_the_code(arguments: str, code: int) -> None:
    """Who closes it wants the exit code alone; one line says that there was an answer."""
    done = shell(f"$fitplan {arguments} >&-")
    assert (done.returncode, done.stderr) == (code, f"{UNWRITABLE}it is closed\n")


@pytest.mark.parametrize(("arguments", "code"), [*ANSWERS, ("--ram x", 2), ("check no.yaml", 3)])
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stderr_keeps_the_code(arguments: str, code: int, closed: str) -> None:
    """Errors that can't be said still have their code."""
    done = shell(f"$fitplan {arguments} {closed}")
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize(
    ("arguments", "code"), [("--ram 14 --all --json", 0), ("--help", 0), ("--ram 1 --json", 1)]
)
def test_a_reader_that_leaves_keeps_the_code(arguments: str, code: int) -> None:
    """`| head -1` ends quietly."""
    done = shell(f"$fitplan {arguments} | head -1")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\n") == 1


def test_a_closed_stdout_gives_its_number_to_no_file(tmp_path: Path) -> None:
    """A catalog that is opened for writing never becomes descriptor 1."""
    to = tmp_path / "mine.yaml"
    measured = "--cache 8.5 --runtime invokeai@6.12 --date 2026-04-07 --source https://a.org/b"
    pair = "'Klein 4B' unsloth/Q8_0 unsloth/Q8_0"
    done = shell(f"$fitplan catalog observe {pair} {measured} --to {to} >&-")
    assert done.returncode == 0
    written = to.read_text(encoding="utf-8")
    shell(f"rm {to}; $fitplan catalog observe {pair} {measured} --to {to}")
    assert to.read_text(encoding="utf-8") == written


def test_python_m_fitplan_is_the_program() -> None:
    """`python -m fitplan` answers as the console script does, by the same function."""
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'fitplan = "fitplan.__main__:run"' in project
    assert fitplan(["--version"]).stdout.startswith("fitplan ")
    assert PLAN in commands.names()
