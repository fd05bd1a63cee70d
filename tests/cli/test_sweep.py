"""Every command in every hostile environment of one table: an answer or one clear line."""

from collections.abc import Iterator, Mapping

import pytest

import commands
from cli import Run
from commands import fitplan

pytestmark = pytest.mark.slow

ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "columns that are no number": {"COLUMNS": "²", "LINES": "²"},
    "no columns": {"COLUMNS": "0", "LINES": "0"},
    "negative columns": {"COLUMNS": "-5"},
    "empty columns": {"COLUMNS": "", "LINES": ""},
    "narrow": {"COLUMNS": "20"},
    "wide": {"COLUMNS": "100000"},
    "digits without end": {"COLUMNS": "9" * 5000},
    "dumb terminal": {"TERM": "dumb"},
    "no terminal type": {"TERM": ""},
    "unknown terminal": {"TERM": "no-such-terminal"},
    "no colour": {"NO_COLOR": "1"},
    "forced colour": {"FORCE_COLOR": "1", "COLORTERM": "truecolor"},
    "CI": {"CI": "true", "GITHUB_ACTIONS": "true"},
    "no folders": {"HOME": "/no/such/home", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "/no/such"},
    "no language": {"LANG": "xx_XX.nothing", "LC_ALL": "", "LANGUAGE": "::"},
}

PROCESSES: Mapping[str, Mapping[str, str]] = {
    "strict ASCII, unbuffered": {"PYTHONIOENCODING": "ascii:strict", "PYTHONUNBUFFERED": "1"},
    "Windows' code page": {"PYTHONIOENCODING": "cp1252"},
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """Arguments per command that get an answer."""
    return commands.lines(tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def hub() -> Iterator[Mapping[str, str]]:
    """The environment of a hub on this machine."""
    with commands.hub() as environment:
        yield environment


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize("name", [name for name in commands.names() if name != "fit"])
def test_every_command_answers_in_every_environment(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    lines: Mapping[str, list[str]],
    name: str,
    environment: Mapping[str, str],
) -> None:
    """An exit code of an answer, nothing on stderr, and a table with its words."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    ran = run(*lines[name])
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.split()) > 3


@pytest.mark.parametrize("environment", PROCESSES.values(), ids=PROCESSES)
@pytest.mark.parametrize("name", commands.names())
def test_every_command_answers_in_every_encoding(
    lines: Mapping[str, list[str]],
    hub: Mapping[str, str],
    name: str,
    environment: Mapping[str, str],
) -> None:
    """What an encoding can't say is escaped."""
    done = fitplan(lines[name], {**hub, **environment}, encoding="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) > 3
