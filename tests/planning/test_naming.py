"""Several publishers of one quantization: the cheapest answers, and the answer names the others."""

import pytest

from catalogs import shipped
from cli import Run
from fitplan import runtimes
from fitplan.catalog import PublishedFile
from fitplan.errors import FitplanError
from fitplan.planning.candidates import Candidates

PAIRS = [
    ("Klein 4B", "Q8_0", "Q8_0"),
    ("Z-Image Turbo", "Q6_K", "Q3_K_M"),
    ("Z-Image Base", "BF16", "BF16"),
]
"""Models of whose files with these names there are several."""


def published(component: str, quant: str) -> list[PublishedFile]:
    """Every file of that name in the shipped catalog."""
    return [file for file in shipped().files(component) if file.quant == quant]


@pytest.mark.parametrize("runtime", ["invokeai", "comfyui", "sd.cpp", "diffusers"])
def test_no_file_of_that_name_is_cheaper(runtime: str) -> None:
    """For every name in the shipped catalog that several publishers share, in every program."""
    candidates = Candidates(shipped(), runtimes.find(runtime))
    shared = 0
    for component in shipped().file.components:
        for quant in {file.quant for file in shipped().files(component)}:
            files = published(component, quant)
            try:
                found = candidates.meant(component, quant)
            except FitplanError:
                continue
            costs = [other.residency.cache_bytes for other in found.others]
            assert all(cost >= found.choice.residency.cache_bytes for cost in costs)
            assert {found.choice.file.id, *(other.file.id for other in found.others)} <= {
                file.id for file in files
            }
            shared += len(costs) > 0
    assert shared > 0


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("command", ["explain", "compare", "need"])
def test_the_answer_says_which_and_names_the_others(
    run: Run, command: str, pair: tuple[str, str, str]
) -> None:
    """In JSON and in the table, for every publisher of that quantization."""
    (id,) = shipped().pipeline_ids(pair[0])
    pipeline = shipped().file.pipelines[id]
    document, table = run(command, *pair, "--json"), run(command, *pair)
    assert (document.code, table.code) == (0, 0)
    named = {entry["component"]: entry for entry in document.json["named"]}
    for component, quant in ((pipeline.denoiser, pair[1]), (pipeline.encoders[0], pair[2])):
        files = published(component, quant)
        if len(files) == 1:
            assert component not in named
            continue
        entry = named[component]
        others = {other["publisher"] for other in entry["others"]}
        assert {entry["publisher"], *others} == {file.publisher for file in files}
        assert all(other["cache_bytes"] >= entry["cache_bytes"] for other in entry["others"])
        assert f"answered for {entry['publisher']} " in " ".join(table.out.split())


def test_every_program_is_compared_by_the_same_file(run: Run) -> None:
    """What InvokeAI's cheapest file is, the others are asked about."""
    document = run("compare", "Klein 4B", "Q8_0", "Q8_0", "--json").json
    files = {
        tuple(part["file"] for part in runtime["parts"][:2])
        for runtime in document["runtimes"]
        if runtime["loads"]
    }
    assert len(files) == 1


def test_a_named_publisher_is_kept_to(run: Run) -> None:
    """`unsloth/Q8_0` means one file: nothing else is named."""
    document = run("explain", "Klein 4B", "unsloth/Q8_0", "unsloth/Q8_0", "--json").json
    assert [part["publisher"] for part in document["parts"][:2]] == ["unsloth", "unsloth"]
    assert document["named"] == []


def test_a_kept_pair_of_pack_is_the_cheapest_too(run: Run) -> None:
    """Unless another kept pair that shares the file names its publisher."""
    keep = "FLUX.2 Klein 4B=Q8_0+Q8_0"
    document = run("pack", "--ram", "24", "--keep", keep, "--json").json
    explained = run("explain", "FLUX.2 Klein 4B", "Q8_0", "Q8_0", "--json").json
    plan = next(plan for plan in document["plans"] if plan["model_id"] == "flux2-klein-4b")
    pair = [(plan[slot]["publisher"], plan[slot]["quant"]) for slot in ("denoiser", "encoder")]
    assert pair == [(part["publisher"], part["quant"]) for part in explained["parts"][:2]]
    assert document["named"] == explained["named"]
    both = ("--keep", keep, "--keep", "FLUX.2 Klein 4B Base=Q8_0+worstplayer/Q8_0")
    plans = run("pack", "--ram", "24", *both, "--json").json["plans"]
    kept = [plan for plan in plans if plan["model_id"].startswith("flux2-klein-4b")]
    assert [plan["encoder"]["publisher"] for plan in kept] == ["worstplayer", "worstplayer"]


def test_a_measurement_says_whose_file_it_is_of(run: Run) -> None:
    """An observation of files that differ in size must name the publisher."""
    seen = ("--cache", "13", "--runtime", "invokeai@6.12", "--date", "2026-04-07")
    source = ("--source", "https://example.org/measured")
    pair = ("Z-Image Turbo", "Q8_0", "Q4_K_M")
    ran = run("catalog", "observe", *pair, *seen, *source)
    assert ran.code == 2
    assert "leejet/Q8_0" in ran.err
