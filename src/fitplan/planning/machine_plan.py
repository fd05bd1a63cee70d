"""Which pairs are best on a machine: those that it holds, before those that a cache alone holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from fitplan.planning.pairs import Plan
from fitplan.planning.planner import Answer, Excluded, Show, plan, rank_models
from fitplan.planning.verdicts import Judge, Verdicts


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A model's best pair for the cache, where the machine does not hold it."""

    plan: Plan
    verdicts: Verdicts


@dataclass(frozen=True, slots=True)
class MachineAnswer:
    """Plans, best first: models that the machine holds, then the others."""

    plans: tuple[Plan, ...]
    excluded: Excluded
    passed_over: tuple[PassedOver, ...]
    """In the order of their models' quality."""


@dataclass(frozen=True, slots=True)
class _Model:
    """One model's pairs."""

    standing: int
    """That of the listed pairs: the best that any pair of it has."""
    listed: tuple[Plan, ...]
    best: Plan
    """For the cache."""
    not_held: int
    """Pairs left out because another of the model stands better."""
    dominated: int
    beyond_best: int


def plan_for(
    judge: Judge, pipeline_ids: Iterable[str], budget: int, show: Show = "best", top: int = 3
) -> MachineAnswer:
    """Answer as `planner.plan` does, for the machine of `judge`.

    Of each model the pairs that stand best are listed (held; else unknown; else not held). With
    `show` "all" every pair is, the best-standing first.
    """
    fitting = plan(judge.candidates, pipeline_ids, budget, "all")
    by_model = groupby(fitting.plans, key=lambda plan: plan.pipeline_id)
    models = [_model(judge, list(plans), show, top) for _, plans in by_model]
    quality = judge.candidates.catalog.quality
    ranked = [
        plans
        for standing in range(3)
        for plans in rank_models((m.listed for m in models if m.standing == standing), quality)
    ]
    excluded = fitting.excluded + Excluded(
        not_held=sum(model.not_held for model in models),
        dominated=sum(model.dominated for model in models),
        beyond_best=sum(model.beyond_best for model in models),
    )
    passed = (PassedOver(model.best, judge.of(model.best)) for model in models)
    return MachineAnswer(
        tuple(replace(p, rank=rank) for plans in ranked for rank, p in enumerate(plans, 1)),
        excluded,
        tuple(over for over in passed if over.verdicts.standing > 0 and not _unknown(judge)),
    )


def _unknown(judge: Judge) -> bool:
    return judge.machine.ram_bytes is None


def held_only(answer: Answer, judge: Judge) -> Answer:
    """`answer` without the plans that the machine does not hold."""
    return replace(answer, plans=tuple(plan for plan in answer.plans if judge.holds(plan)))


def _model(judge: Judge, plans: Sequence[Plan], show: Show, top: int) -> _Model:
    """`plans`: all pairs of a model, best first."""
    standings = [judge.of(plan).standing for plan in plans]
    standing = min(standings)
    if show == "all":
        ordered = [p for _, p in sorted(zip(standings, plans, strict=True), key=lambda x: x[0])]
        return _Model(standing, tuple(ordered), plans[0], 0, 0, 0)
    standing_best = [p for s, p in zip(standings, plans, strict=True) if s == standing]
    frontier = _unbeaten(standing_best)
    listed = frontier[:top] if show == "best" else frontier
    return _Model(
        standing,
        tuple(replace(plan, frontier=True) for plan in listed),
        plans[0],
        len(plans) - len(standing_best),
        len(standing_best) - len(frontier),
        len(frontier) - len(listed),
    )


def _unbeaten(plans: Sequence[Plan]) -> list[Plan]:
    """Those of `plans`, best first, that no other beats; what beats a plan comes before it."""
    kept: list[Plan] = []
    for candidate in plans:
        if not any(map(candidate.beaten_by, kept)):
            kept.append(candidate)
    return kept
