"""Which programs run which models of the shipped catalog."""

import pytest

from catalogs import shipped
from cli import Run
from fitplan import runtimes
from fitplan.planning.candidates import Candidates


@pytest.mark.parametrize("model", sorted(shipped().file.pipelines))
def test_every_model_runs_somewhere(model: str) -> None:
    """A model that no known program loads has no place in the catalog."""
    assert any(Candidates(shipped(), runtime).loads(model) for runtime in runtimes.newest())


def test_what_invokeai_cannot_load_names_the_programs_that_can(run: Run) -> None:
    """Chroma: not InvokeAI, but ComfyUI; Klein 4B: every program."""
    chroma = run("catalog", "show", "chroma1-hd", "--json").json["models"][0]["runs_in"]
    assert "comfyui@0.33" in chroma
    assert not any(spec.startswith("invokeai") for spec in chroma)
    assert "runs in" in run("catalog", "show", "chroma1-hd").out
    assert all(Candidates(shipped(), r).loads("flux2-klein-4b") for r in runtimes.newest())
