"""Fixtures that several test modules share."""

import pytest

from cli import Ran, Run
from fitplan.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run fitplan in this process; COLUMNS is 100 unless a test says otherwise."""
    monkeypatch.setenv("COLUMNS", "100")

    def go(*arguments: str) -> Ran:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return go
