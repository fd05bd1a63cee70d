"""Fixtures that several test modules share."""

from collections.abc import Iterator

import hypothesis
import pytest

from cli import Ran, Run
from fitplan.cli import main

# How long an example takes depends on what else the machine does: no test fails for it.
hypothesis.settings.register_profile("fitplan", deadline=None)
hypothesis.settings.load_profile("fitplan")


@pytest.fixture(autouse=True, scope="session")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads the user's settings or writes to the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        patch.delenv("FITPLAN_CATALOG", raising=False)
        yield


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run fitplan in this process; COLUMNS is 100 unless a test says otherwise."""
    monkeypatch.setenv("COLUMNS", "100")

    def go(*arguments: str) -> Ran:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return go
