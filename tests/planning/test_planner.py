"""The planner against brute force, and the properties a user relies on."""

from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs import as_stored, catalog_of
from fitplan.catalog import Catalog
from fitplan.planning.pairs import Plan
from fitplan.planning.planner import Show, plan

sizes = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from([0.0, 0.0054, 0.018, 0.036, 0.071, 0.3])),
    min_size=1,
    max_size=6,
)
models = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.tuples(sizes, sizes), min_size=1)
elos = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(900, 1200))
budgets = st.integers(1, 70)
Models = dict[str, tuple[list[tuple[int, float | None]], list[tuple[int, float | None]]]]
Key = tuple[str, str, str]
BEST: Show = "best"
SHOWS: list[Show] = ["all", "frontier"]


def key(found: Plan) -> Key:
    """What tells one pair from another."""
    return (found.pipeline_id, found.denoiser.file.id, found.encoder.file.id)


def keys(catalog: Catalog, budget: int, show: Show) -> list[Key]:
    """The pairs an answer lists, in order."""
    answer = plan(as_stored(catalog), catalog.file.pipelines, budget, show)
    return [key(found) for found in answer.plans]


def brute_force(catalog: Catalog, id: str, budget: int) -> dict[Key, tuple[float, float, int]]:
    """Every pair that fits: errors of both parts and cache bytes, by definition."""
    pipeline = catalog.file.pipelines[id]
    rest = catalog.files(pipeline.vae)[0].weights.file_bytes
    found = {}
    for d, e in product(catalog.files(pipeline.denoiser), catalog.files(pipeline.encoders[0])):
        cost = d.weights.file_bytes + e.weights.file_bytes + rest
        if cost <= budget:
            assert d.rel_error is not None
            assert e.rel_error is not None
            found[(id, d.id, e.id)] = (d.rel_error, e.rel_error, cost)
    return found


@given(models, elos, budgets)
def test_all_is_every_pair_that_fits(
    models: Models,
    elos: dict[str, int],
    budget: int,
) -> None:
    """`--all` lists exactly the pairs whose bytes add up to no more than the budget."""
    catalog = catalog_of(models, elos)
    expected = {pair for id in models for pair in brute_force(catalog, id, budget)}
    assert sorted(keys(catalog, budget, "all")) == sorted(expected)


@given(models, budgets)
def test_frontier_is_what_no_other_fitting_pair_beats(
    models: Models,
    budget: int,
) -> None:
    """One frontier pair for every undominated point of (error, error, bytes), and none besides."""
    catalog = catalog_of(models)
    for id in models:
        points = brute_force(catalog, id, budget)
        best = {
            p
            for p in points.values()
            if not any(
                q != p and all(x <= y for x, y in zip(q, p, strict=True)) for q in points.values()
            )
        }
        answer = plan(as_stored(catalog), [id], budget, "frontier")
        assert all(found.frontier for found in answer.plans)
        assert sorted(points[key(found)] for found in answer.plans) == sorted(best)


@given(models, elos, budgets)
def test_the_first_pair_of_a_model_has_its_best_score(
    models: Models,
    elos: dict[str, int],
    budget: int,
) -> None:
    """No fitting pair of the same model scores higher than the one ranked 1."""
    catalog = catalog_of(models, elos)
    for found in plan(as_stored(catalog), models, budget, "best", top=1).plans:
        scores = [
            catalog.quality.score_db(d, e) or 0.0
            for d, e, _ in brute_force(catalog, found.pipeline_id, budget).values()
        ]
        assert found.quality_db == max(scores)


@given(models, elos, budgets, st.integers(0, 20), st.sampled_from(SHOWS))
def test_more_budget_never_loses_a_pair(
    models: Models,
    elos: dict[str, int],
    budget: int,
    more: int,
    show: Show,
) -> None:
    """What fits, or is on the frontier, stays so when the budget grows."""
    catalog = catalog_of(models, elos)
    assert set(keys(catalog, budget, show)) <= set(keys(catalog, budget + more, show))


@settings(max_examples=50)
@given(models, elos, budgets, st.randoms(use_true_random=False))
def test_ranking_does_not_depend_on_the_order_of_the_catalog(
    models: Models,
    elos: dict[str, int],
    budget: int,
    random: Random,
) -> None:
    """Shuffled pipelines and releases give the same answer in the same order."""
    catalog = catalog_of(models, elos)
    names = list(models)
    random.shuffle(names)
    shuffled = catalog_of({name: models[name] for name in names}, elos)
    for component in shuffled.file.components.values():
        random.shuffle(component.releases[0].variants)
    for show in (*SHOWS, BEST):
        assert keys(catalog, budget, show) == keys(shuffled, budget, show)


@given(models, budgets)
def test_every_pair_is_shown_or_counted(
    models: Models,
    budget: int,
) -> None:
    """Listed, too large, dominated and beyond the best add up to all pairs of the catalog."""
    catalog = catalog_of(models)
    answer = plan(as_stored(catalog), models, budget, "best", top=2)
    out = answer.excluded
    total = sum(len(d) * len(e) for d, e in models.values())
    assert len(answer.plans) + out.pairs == total


def test_models_within_the_tie_band_are_ordered_by_score() -> None:
    """Elo gaps under 20 are ties, broken by the score; a model without Elo comes last."""
    good, fair = [(1, 0.0)], [(1, 0.018)]
    made = {"a": (fair, fair), "b": (good, good), "c": (fair, fair), "d": (good, good)}
    catalog = catalog_of(made, {"a": 1100, "b": 1085, "c": 1200})
    assert [id for id, _, _ in keys(catalog, 10, "best")] == ["c", "b", "a", "d"]


def test_an_unknown_error_is_listed_last_and_has_no_score() -> None:
    """A file whose weight error nobody measured still fits; it isn't ranked by a guess."""
    catalog = catalog_of({"a": ([(5, None), (9, 0.0)], [(1, 0.0)])})
    answer = plan(as_stored(catalog), ["a"], 20, "all")
    assert [found.quality_db is None for found in answer.plans] == [False, True]
