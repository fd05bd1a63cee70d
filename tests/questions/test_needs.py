"""What pairs need, and the steps of the frontier over limits."""

import json
from typing import Any

import pytest

from catalogs import as_stored, catalog_of, in_runtime, shipped
from fitplan import runtimes
from fitplan.cli import main
from fitplan.planning.candidates import Candidates
from fitplan.planning.planner import plan
from fitplan.questions.need import best_within, ladder, needs, steps
from fitplan.units import GIB

FOREIGN = {id for id in shipped().file.pipelines if not in_runtime("invokeai").loads(id)}
"""Models of the catalog that InvokeAI doesn't load."""
MODELS = sorted(set(shipped().file.pipelines) - FOREIGN)


def in_invokeai(model: str, *pair: str) -> Any:
    """Needs of a shipped model's pairs in the newest InvokeAI."""
    return needs(in_runtime("invokeai"), model, *pair)


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON that `fitplan need` answers."""
    assert main(["need", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("model", sorted(FOREIGN))
def test_a_model_that_is_not_loaded_needs_nothing(model: str) -> None:
    """InvokeAI has no loader for it, so there is no pair to ask about."""
    assert steps(in_invokeai(model)) == ()


@pytest.mark.parametrize("model", MODELS)
def test_a_step_is_where_the_best_pair_of_a_plan_changes(model: str) -> None:
    """At each step a plan's best pair is that pair; a byte below, it is the one before."""
    climbed = steps(in_invokeai(model))
    assert climbed
    for before, step in zip((None, *climbed), climbed, strict=False):
        for limit, expected in ((step.cache_bytes, step), (step.cache_bytes - 1, before)):
            found = plan(in_runtime("invokeai"), [model], limit, "best", 1).plans
            best = [(p.cache_bytes, p.quality_db) for p in found]
            wanted = [(expected.cache_bytes, expected.plan.quality_db)] if expected else []
            assert best == wanted


def test_steps_climb_in_bytes_and_in_quality() -> None:
    """A dearer pair that is not better is no step."""
    catalog = catalog_of({"a": ([(1, 0.3), (2, 0.1), (3, 0.05)], [(1, 0.3), (9, 0.0)])})
    climbed = steps(needs(as_stored(catalog), "a"))
    assert [need.cache_bytes for need in climbed] == sorted({n.cache_bytes for n in climbed})
    scores = [need.plan.quality_db or 0 for need in climbed]
    assert scores == sorted(set(scores))


def test_the_pages_pair_needs_what_the_page_saw() -> None:
    """Klein 9B Q5_K_M + Q4_K_M: 13.81 GiB of cache, 12.65 GiB held, 14.65 GiB of RAM."""
    [need] = in_invokeai("flux2-klein-9b", "Q5_K_M", "Q4_K_M")
    sizes = (need.cache_bytes, need.real_bytes, need.system_ram_bytes)
    assert [round(size / GIB, 2) for size in sizes] == [13.81, 12.65, 14.65]
    assert need.disk_bytes == 7018699040 + 5027784512 + 168120878


def test_a_pair_that_fits_the_cache_may_not_fit_the_machine() -> None:
    """Z-Image Turbo Q8_0 + Q8_0 counts 12.64 GiB and holds 17.52: no pair for 16 GiB."""
    [need] = in_invokeai("z-image-turbo", "leejet/Q8_0", "Qwen/Q8_0")
    assert round(need.cache_bytes / GIB, 2) == 12.64
    assert round(need.real_bytes / GIB, 2) == 17.52
    assert best_within((need,), 14 * GIB) == need
    assert [rung.need for rung in ladder([need], [16 * GIB, 24 * GIB])] == [None, need]


def test_more_ram_never_holds_less() -> None:
    """Up the ladder of machines quality never falls."""
    for model in MODELS:
        rungs = ladder(in_invokeai(model))
        scores = [r.need.plan.quality_db or 0.0 if r.need else 0.0 for r in rungs]
        assert scores == sorted(scores)


def test_the_document_keeps_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """Schema, integer bytes, the steps and machines of --for-ram, the verdict of --ram-total."""
    found = document(capsys, "Z-Image Turbo", "leejet/Q8_0", "Qwen/Q8_0", "--ram-total", "16")
    [pair] = found["pairs"]
    assert found["schema"] == "fitplan.need/1"
    assert pair["system_ram_bytes"] == pair["real_bytes"] + found["reserve_bytes"]
    assert pair["fits_machine"] is False
    assert "steps" not in found
    swept = document(capsys, "FLUX.2 Klein 9B", "--for-ram")
    limits = [step["cache_limit_bytes"] for step in swept["steps"]]
    assert limits == sorted(limits)
    assert [m["ram_bytes"] // GIB for m in swept["machines"]][2:5] == [16, 24, 32]
    sixteen = swept["machines"][2]["pair"]
    assert (sixteen["denoiser"]["quant"], sixteen["encoder"]["quant"]) == ("Q5_K_M", "Q4_K_M")


def test_the_table_says_fits_the_cache_but_needs_ram(capsys: pytest.CaptureFixture[str]) -> None:
    """Item for a user with 16 GiB: the limit holds the pair, the machine doesn't."""
    assert main(["need", "Z-Image Turbo", "leejet/Q8_0", "Qwen/Q8_0", "--ram-total", "16"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Q8_0 + Q8_0 fits the cache but needs 17.52 GiB of RAM" in out
    assert "0 of 1 fit a machine of 16.00 GiB." in out


JUNK = [
    (["nothing"], "no model is called"),
    (["klein"], "more than one model"),
    (["FLUX.2 Klein 9B", "Q99"], "no file of FLUX.2 Klein 9B is called 'Q99'"),
    (["FLUX.2 Klein 9B", "--ram-total", "x"], "invalid size"),
]


@pytest.mark.parametrize(("arguments", "said"), JUNK)
def test_junk_is_a_usage_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and what is wrong."""
    assert main(["need", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_model_that_the_runtime_cannot_load_is_no_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """InvokeAI 6.12 has no loader for FLUX.2 Dev's encoder: exit code 1."""
    assert main(["need", "FLUX.2 Dev", "--runtime", "invokeai@6.12"]) == 1
    assert "loads no such pair of FLUX.2 Dev" in capsys.readouterr().out


@pytest.mark.parametrize("modes", [(), ("disk",)])
@pytest.mark.parametrize("program", ["comfyui", "sd.cpp", "diffusers", "invokeai"])
def test_every_program_says_the_least_that_a_pair_stays_in(
    program: str, modes: tuple[str, ...]
) -> None:
    """The pair fits what is said and not a byte less, headroom and compute buffers included."""
    runtime = runtimes.find(program, modes if program == "sd.cpp" else ())
    candidates = Candidates(shipped(), runtime)
    for need in needs(candidates, "flux2-klein-4b"):
        assert candidates.fits(need.plan.choices, need.cache_bytes)
        assert not candidates.fits(need.plan.choices, need.cache_bytes - 1)


def test_available_ram_is_the_machine_s_less_the_reserve(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """ComfyUI's limit is no setting of its own: 2 GiB on top, and it keeps some free."""
    asked = ("FLUX.2 Klein 4B", "Q8_0", "Q8_0", "--runtime", "comfyui", "--ram-total", "16")
    [pair] = document(capsys, *asked)["pairs"]
    assert pair["system_ram_bytes"] == pair["cache_limit_bytes"] + 2 * GIB
    assert pair["cache_limit_bytes"] == pair["real_bytes"] + 2 * GIB
    assert pair["fits_machine"]


def test_need_says_what_having_less_costs(capsys: pytest.CaptureFixture[str]) -> None:
    """sd.cpp ends with an error; there is no cache to speak of."""
    assert main(["need", "FLUX.2 Klein 4B", "Q8_0", "Q8_0", "--runtime", "sd.cpp"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "With less, the run ends with an error." in shown
    assert "Cache limit" not in shown
