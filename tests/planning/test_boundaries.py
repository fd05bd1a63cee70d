"""What a limit means at the limit itself: ties, warnings and misses, to the byte and the point."""

import pytest

from catalogs import as_stored, catalog_of
from fitplan.accounting.quality import ENCODER_FLOOR
from fitplan.catalog import Catalog, CatalogFile
from fitplan.planning.planner import near_misses, plan
from fitplan.planning.report import Budget, make_report
from fitplan.runtimes import find

ENOUGH = 100


def order(catalog: Catalog) -> list[str]:
    """The models of an answer, best first."""
    return [p.pipeline_id for p in plan(as_stored(catalog), catalog.file.pipelines, ENOUGH).plans]


@pytest.mark.parametrize(("below", "expected"), [(0, ["a", "b"]), (1, ["b", "a"])])
def test_a_gap_as_wide_as_the_tie_band_is_no_tie(below: int, expected: list[str]) -> None:
    """Of two models of the same score the smaller comes first only where their Elo ties."""
    large, small = [(9, 0.0)], [(1, 0.0)]
    catalog = catalog_of({"a": (large, large), "b": (small, small)})
    band = catalog.quality.tie_band
    assert band == int(band)
    elos = {"a": 1200, "b": 1200 - int(band) + below}
    assert order(catalog_of({"a": (large, large), "b": (small, small)}, elos)) == expected


def warnings(catalog: Catalog, real_bytes: int | None = None) -> set[str]:
    """The kinds of warnings of a catalog's only pair."""
    candidates = as_stored(catalog)
    answer = plan(candidates, catalog.file.pipelines, ENOUGH)
    budget = Budget(ENOUGH, "option", real_bytes)
    (row,) = make_report(answer, budget, candidates, find).rows
    return {warning.kind for warning in row.warnings}


@pytest.mark.parametrize(("has", "warned"), [(29, True), (30, False), (None, False)])
def test_ram_that_just_holds_a_pair_is_enough(has: int | None, warned: bool) -> None:
    """20 + 9 + 1 bytes are held: the machine may have exactly that much."""
    catalog = catalog_of({"a": ([(20, 0.0)], [(9, 0.0)])})
    assert ("exceeds-machine" in warnings(catalog, has)) == warned


def test_a_cache_that_counts_what_is_held_is_no_surprise() -> None:
    """A warning is due only where more is held than the cache counts."""
    assert "real-exceeds-cache" not in warnings(catalog_of({"a": ([(20, 0.0)], [(9, 0.0)])}))


@pytest.mark.parametrize(("above", "warned"), [(0.0, False), (0.001, True)])
def test_the_worst_q4_k_m_encoder_is_not_below_q4_k_m(above: float, warned: bool) -> None:
    """The floor is the error of a file that is still good."""
    catalog = catalog_of({"a": ([(20, 0.0)], [(9, ENCODER_FLOOR + above)])})
    assert ("encoder-below-q4" in warnings(catalog)) == warned


def test_a_miss_is_better_than_what_fits() -> None:
    """A pair over the budget that scores just as well is not worth more cache.

    Where both halves weigh the same, errors of 1 and 2 % score like 2 and 1 %, whatever they cost.
    """
    made = catalog_of({"m": ([(20, 0.01), (10, 0.02)], [(20, 0.01), (5, 0.02)])})
    document = made.file.model_dump(by_alias=True, exclude_unset=True)
    document["quality"] = {"encoder_weight": 1}
    candidates = as_stored(Catalog(CatalogFile.model_validate(document)))
    score = candidates.catalog.quality.score_db
    assert score(0.01, 0.02) == score(0.02, 0.01)
    found = near_misses(candidates, ["m"], 20 + 5 + 1, None)
    assert [(p.denoiser.file.quant, p.encoder.file.quant) for p in found] == [("T0", "T0")]
