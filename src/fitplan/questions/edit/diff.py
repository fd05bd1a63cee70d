"""What an edit of a catalog changes for those who plan with it: the best pair of each model."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog
from fitplan.planning.candidates import Candidates
from fitplan.planning.pairs import Plan
from fitplan.planning.planner import plan
from fitplan.questions.edit.difference import Difference, changes
from fitplan.units import GIB

BUDGETS = tuple(size * GIB for size in (8, 12, 14, 24, 32))
"""Budgets at which best pairs are compared, bytes."""


@dataclass(frozen=True, slots=True)
class NewBest:
    """A model whose best pair in a budget is another one."""

    pipeline_id: str
    name: str
    budget: int
    before: Plan | None
    """None: no pair fitted, or there was no such model."""
    after: Plan | None
    in_old: bool
    """Whether the old catalog has the model."""
    in_new: bool


@dataclass(frozen=True, slots=True)
class Review:
    """Two catalogs side by side."""

    changes: tuple[Difference, ...]
    best: tuple[NewBest, ...]
    runtime: Runtime


def review(old: Catalog, new: Catalog, runtime: Runtime) -> Review:
    """Entries that differ, and best pairs that change at `BUDGETS` in `runtime`."""
    found: list[NewBest] = []
    pipelines = {**old.file.pipelines, **new.file.pipelines}
    best = [_best(catalog, runtime) for catalog in (old, new)]
    for id, pipeline in pipelines.items():
        for budget in BUDGETS:
            before, after = (plans.get((id, budget)) for plans in best)
            if _pair(before) != _pair(after):
                known = [id in catalog.file.pipelines for catalog in (old, new)]
                found.append(NewBest(id, pipeline.name, budget, before, after, *known))
    return Review(tuple(changes(old, new)), tuple(found), runtime)


def _pair(plan: Plan | None) -> Sequence[str]:
    return [] if plan is None else [plan.denoiser.file.id, plan.encoder.file.id]


def _best(catalog: Catalog, runtime: Runtime) -> dict[tuple[str, int], Plan]:
    """The first plan of each model in each budget."""
    candidates = Candidates(catalog, runtime)
    found: dict[tuple[str, int], Plan] = {}
    for budget in BUDGETS:
        plans = plan(candidates, catalog.file.pipelines, budget, "best", 1).plans
        found |= {(plan.pipeline_id, budget): plan for plan in plans}
    return found
