"""The public face: `from fitplan import …`, lazy, and the command line gives the same answer."""

import doctest
import re
import subprocess
import sys

import pytest

import fitplan
from cli import Run
from fitplan import Candidates, find_runtime, load_catalog, parse_size, plan
from places import ROOT

HEAVY = ("pydantic", "rich", "numpy", "gguf", "typer", "yaml", "sqlite3", "highspy")


def test_importing_the_package_imports_nothing_else() -> None:
    """The first name that is used brings its module along, and only that."""
    code = f"import sys, fitplan; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(fitplan.__all__))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    """Each resolves, and what can be called says what it does."""
    found = getattr(fitplan, name)
    assert found
    assert name == "__version__" or found.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fitplan.nothing  # noqa: B018


def test_the_examples_of_the_docstring_hold() -> None:
    """By doctest."""
    assert doctest.testmod(fitplan).failed == 0


def test_library_and_command_line_give_the_same_answer(run: Run) -> None:
    """Files and bytes of every pair, in order."""
    candidates = Candidates(load_catalog(), find_runtime("invokeai"))
    answer = plan(candidates, candidates.catalog.file.pipelines, parse_size("14"))
    document = run("--ram", "14", "--top", "3", "--json").json
    assert [(p.pipeline_id, p.denoiser.file.quant, p.cache_bytes) for p in answer.plans] == [
        (p["model_id"], p["denoiser"]["quant"], p["cache_bytes"]) for p in document["plans"]
    ]


def test_the_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The Python block of docs/library.md."""
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(code, {})
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_documentation_names_what_there_is() -> None:
    """Every public function stands in docs/library.md."""
    text = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    functions = set(fitplan.__all__) - {"__version__", "Catalog", "Plan", "Runtime"}
    assert all(f"`{name}" in text for name in functions)
