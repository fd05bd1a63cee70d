"""Ten thousand models are planned in seconds: files are judged once, pairs counted in one sweep."""

from random import Random
from time import process_time

import pytest

from catalogs import as_stored, catalog_of, shipped
from fitplan import runtimes
from fitplan.accounting.quality import QualityRule
from fitplan.catalog import Catalog
from fitplan.planning.candidates import Candidates
from fitplan.planning.planner import plan, rank_models

pytestmark = pytest.mark.slow

SECONDS = 3.0
"""Of one processor, so that a busy machine fails no test."""


def finetunes(count: int) -> Catalog:
    """The shipped catalog with `count` models of the shipped components."""
    known = list(shipped().file.pipelines.items())
    models = {}
    for number in range(count):
        id, model = known[number % len(known)]
        models[f"{id}-{number}"] = model.model_copy(update={"name": f"{model.name} {number}"})
    return Catalog(shipped().file.model_copy(update={"pipelines": models}))


@pytest.mark.parametrize("runtime", ["invokeai", "comfyui"])
def test_ten_thousand_models_of_shared_files(runtime: str) -> None:
    """Under three seconds, since no file is judged twice."""
    catalog = finetunes(10_000)
    candidates = Candidates(catalog, runtimes.find(runtime))
    start = process_time()
    answer = plan(candidates, catalog.file.pipelines, 14 * 2**30)
    assert process_time() - start < SECONDS
    assert len({found.pipeline_id for found in answer.plans}) > 1000


def test_two_thousand_models_with_files_of_their_own() -> None:
    """Twenty thousand files that nothing shares; a fifth of the models, a fifth of the time."""
    random = Random(1)

    def sizes() -> list[tuple[int, float | None]]:
        return [(random.randint(1, 1000), random.random()) for _ in range(5)]

    names = [f"m{number}" for number in range(2000)]
    elos = {name: random.randint(500, 3500) for name in names}
    catalog = catalog_of({name: (sizes(), sizes()) for name in names}, elos)
    for component in catalog.file.components:
        catalog.files(component)  # reading is not planning
    start = process_time()
    answer = plan(as_stored(catalog), names, 1000)
    assert process_time() - start < SECONDS
    ranks = [found.pipeline_id for found in answer.plans if found.rank == 1]
    assert len(ranks) > 1900


def test_ranking_takes_no_longer_where_no_two_tie() -> None:
    """Every model is a group of its own; the order is that of Elo."""
    names = [f"m{number}" for number in range(2000)]
    elos = {name: 500 + number for number, name in enumerate(names)}
    catalog = catalog_of({name: ([(1, 0.1)], [(1, 0.1)]) for name in names}, elos)
    plans = [[found] for found in plan(as_stored(catalog), names, 10).plans]
    start = process_time()
    ordered = rank_models(plans, QualityRule(tie_band=0.0))
    assert process_time() - start < 1.0
    assert [found[0].pipeline_id for found in ordered] == names[::-1]
