"""The best pairs that don't fit: what more cache would buy."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from math import inf

from fitplan.accounting.fitting import FitTest, fits
from fitplan.catalog import Catalog
from fitplan.planning.planner import (
    SUM,
    Choice,
    Plan,
    ResidencyOf,
    choices_of,
    make_plan,
    undominated,
)


def best_misses(
    catalog: Catalog,
    pipeline_ids: Iterable[str],
    budget: int,
    residency_of: ResidencyOf,
    top: int | None,
    fit: FitTest = SUM,
) -> tuple[Plan, ...]:
    """Of each model the `top` (None: all) undominated pairs over `budget` cache bytes, best first.

    Only pairs that beat every fitting pair of their model, and whose parts fit one at a time: a
    part that alone is over the budget can't be loaded at all.
    """
    return tuple(
        replace(plan, rank=rank)
        for id in sorted(set(pipeline_ids))
        for rank, plan in enumerate(_misses(catalog, id, budget, residency_of, fit)[:top], 1)
    )


def _misses(
    catalog: Catalog, id: str, budget: int, residency_of: ResidencyOf, fit: FitTest
) -> list[Plan]:
    plans = _frontier(catalog, id, budget, residency_of, fit)
    fitting = [plan.quality_db for plan in plans if _fits(plan.choices, budget, fit)]
    best = max((score for score in fitting if score is not None), default=-inf)
    over = [plan for plan in plans if not _fits(plan.choices, budget, fit)]
    better = [plan for plan in over if plan.quality_db is not None and plan.quality_db > best]
    return sorted(better, key=lambda plan: plan.sort_key)


def _fits(choices: Sequence[Choice], budget: int, fit: FitTest) -> bool:
    return fits(fit, [choice.residency for choice in choices], budget)


def _frontier(
    catalog: Catalog, id: str, budget: int, residency_of: ResidencyOf, fit: FitTest
) -> list[Plan]:
    """All undominated pairs whose parts fit alone, over the budget or not."""
    pipeline = catalog.file.pipelines[id]

    def loadable(component_id: str) -> tuple[Choice, ...]:
        choices = choices_of(catalog, component_id, residency_of)
        return tuple(choice for choice in choices if _fits([choice], budget, fit))

    rest = [loadable(component) for component in (*pipeline.encoders[1:], pipeline.vae)]
    if not all(rest):
        return []
    others = tuple(choices[0] for choices in rest)
    pair = (undominated(loadable(pipeline.denoiser)), undominated(loadable(pipeline.encoders[0])))
    return [make_plan(catalog, id, d, e, others, frontier=False) for d, e in product(*pair)]
