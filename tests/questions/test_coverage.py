"""Every model in every program: one of four answers, and the page that shows them."""

from pathlib import Path

import pytest

from catalogs import shipped
from fitplan import runtimes
from fitplan.planning.candidates import Candidates
from fitplan.questions.coverage import (
    Answered,
    HasPairs,
    NoFile,
    NoRules,
    NotSupported,
    answer,
    coverage,
)
from fitplan.render.coverage import coverage_page

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def asked(model: str, runtime: str) -> Answered:
    """One cell of the table."""
    return answer(Candidates(shipped(), runtimes.find(runtime)), model)


def test_the_page_is_what_the_rules_make_it() -> None:
    """docs/coverage.md: `python -m fitplan.render.coverage docs/coverage.md` writes it."""
    programs = runtimes.newest()
    assert PAGE.read_text("utf-8") == coverage_page(coverage(shipped(), programs), programs)


def test_every_answer_but_pairs_has_a_reason_and_every_refusal_a_source() -> None:
    """No "does not load" without a source."""
    for model in coverage(shipped(), runtimes.newest()):
        for found in model.answers:
            match found:
                case HasPairs():
                    assert found.pairs > 0
                case NoFile():
                    assert found.takes
                    assert found.reason
                    assert found.source
                case NotSupported():
                    assert found.reason
                    assert found.source
                case NoRules():
                    assert found.reason


def test_a_model_has_pairs_exactly_where_a_plan_without_a_limit_finds_some() -> None:
    """The table and the planner agree about every model in every program."""
    for program in runtimes.newest():
        candidates = Candidates(shipped(), program)
        for id in shipped().file.pipelines:
            assert isinstance(answer(candidates, id), HasPairs) == candidates.loads(id), id


@pytest.mark.parametrize(
    ("model", "runtime", "kind"),
    [
        ("sdxl", "comfyui", HasPairs),
        ("sd15", "comfyui", HasPairs),
        ("sd3.5-medium", "comfyui", HasPairs),
        ("krea2-turbo", "comfyui", HasPairs),
        ("wan2.2-5b", "comfyui", HasPairs),
        ("ernie-image", "comfyui", HasPairs),
        ("chroma1-hd", "comfyui", HasPairs),
        ("sd15", "sd.cpp", HasPairs),
        ("krea2-turbo", "sd.cpp@721", HasPairs),
        ("krea2-turbo", "sd.cpp@720", NotSupported),
        ("chroma1-hd", "invokeai", NotSupported),
        ("krea2-turbo", "diffusers", HasPairs),
        ("krea2-turbo", "diffusers@0.36", NotSupported),
        ("longcat-image", "diffusers", NoFile),
        ("anima-base", "diffusers", NoRules),
        ("cogview4", "comfyui", NotSupported),
        ("qwen-image", "invokeai@6.12", NotSupported),
    ],
)
def test_what_is_known_of_a_model(model: str, runtime: str, kind: type[Answered]) -> None:
    """As the programs' sources say."""
    assert isinstance(asked(model, runtime), kind)


def test_what_a_program_would_need_is_named() -> None:
    """diffusers has LongCat-Image's class, but not among those that load from one file."""
    found = asked("longcat-image", "diffusers")
    assert isinstance(found, NoFile)
    assert (found.component, list(found.takes)) == ("LongCat-Image", ["folder"])
    assert "single_file_model.py" in found.source
