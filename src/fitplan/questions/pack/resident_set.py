"""The best set of models that stays resident together: solve, then put plans together."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fitplan.catalog import Catalog
from fitplan.planning.candidates import Candidates
from fitplan.planning.pairs import Choice, Plan
from fitplan.planning.planner import rank_models
from fitplan.questions.pack.problem import Bundle, Limits, PackingProblem, Proof, Resource, total
from fitplan.questions.pack.solver import Infeasible, OutOfTime, Solved, least, solve
from fitplan.questions.pack.wishes import POINTS_PER_ELO, Field, Posed, Wishes
from fitplan.units import format_gib


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that several models use, loaded and counted once."""

    choice: Choice
    plans: tuple[Plan, ...]

    @property
    def saved_bytes(self) -> int:
        """Cache bytes that a copy for each other user would have cost."""
        return self.choice.residency.cache_bytes * (len(self.plans) - 1)


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why there is no set, and what limit would do."""

    reason: str
    cache_bytes: int | None = None
    """The lowest cache limit that holds what is wanted."""
    real_bytes: int | None = None
    """The fewest bytes of RAM that what is wanted holds."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A set of models that stays resident, best model first."""

    plans: tuple[Plan, ...]
    loaded: tuple[Choice, ...]
    """Every file of the set, once, the largest first."""
    shared: tuple[Shared, ...]
    cache_bytes: int
    real_bytes: int
    value: float
    """Elo points."""
    proof: Proof


@dataclass(frozen=True, slots=True)
class Step:
    """What a higher limit changes."""

    extra_bytes: int
    packed: Packed
    gained: float
    """Elo points."""
    added: tuple[Plan, ...]
    changed: tuple[tuple[Plan, Plan], ...]
    """Plans of the same model, before and after."""
    dropped: tuple[Plan, ...]


def pack(
    candidates: Candidates, limits: Limits, wishes: Wishes, time_limit: float
) -> Packed | Unmet:
    """The best set of models that stays resident within `limits`; `time_limit` is in seconds.

    Raises FitplanError (usage, unknown-name) for kept pairs that contradict each other or name
    unknown files.
    """
    field, catalog = Field(candidates, wishes), candidates.catalog
    lacking = [id for id in sorted(wishes.required) if not field.holds(id)]
    if lacking:
        return Unmet(f"{_no_pair(wishes)} of {_names(catalog, lacking)}")
    posed = field.pose(limits)
    solved = solve(posed.problem, wishes.objective, time_limit)
    match solved:
        case Solved() if solved.selection.chosen:
            return _packed(candidates, posed, solved)
        case Solved():
            return _nothing(posed.problem, catalog, wishes)
        case Infeasible():
            names = [catalog.file.pipelines[id].name for id in sorted(wishes.required)]
            return _unmet(posed.problem, names, time_limit)
        case OutOfTime():
            return Unmet(f"no set was found within {time_limit:g} s; allow a longer time limit")


def next_step(before: Packed, after: Packed, extra_bytes: int) -> Step:
    """What became better between two sets."""
    old, new = ({plan.pipeline_id: plan for plan in p.plans} for p in (before, after))
    changed = ((old[id], plan) for id, plan in new.items() if id in old)
    return Step(
        extra_bytes,
        after,
        after.value - before.value,
        added=tuple(plan for id, plan in new.items() if id not in old),
        changed=tuple((a, b) for a, b in changed if _pair(a) != _pair(b)),
        dropped=tuple(plan for id, plan in old.items() if id not in new),
    )


def _pair(plan: Plan) -> tuple[str, str]:
    return plan.denoiser.file.id, plan.encoder.file.id


def _packed(candidates: Candidates, posed: Posed, solved: Solved) -> Packed:
    selection, problem = solved.selection, posed.problem
    chosen = {posed.choices[i].file.component_id: posed.choices[i] for i in selection.loaded}
    made = [_plan(candidates, problem.bundles[b].id, chosen) for b, _ in selection.chosen]
    ranked = rank_models([[plan] for plan in made], candidates.catalog.quality)
    plans = tuple(replace(plan, rank=1) for [plan] in ranked)
    loaded = sorted(chosen.values(), key=lambda c: (-c.residency.cache_bytes, c.file.id))
    return Packed(
        plans=plans,
        loaded=tuple(loaded),
        shared=tuple(_shared(loaded, plans)),
        cache_bytes=total(problem, selection.loaded, "cache_bytes"),
        real_bytes=total(problem, selection.loaded, "real_bytes"),
        value=selection.value / POINTS_PER_ELO,
        proof=solved.proof,
    )


def _plan(candidates: Candidates, id: str, chosen: dict[str, Choice]) -> Plan:
    denoiser, encoder, *others = (
        chosen[part] for part in candidates.catalog.file.pipelines[id].parts
    )
    return candidates.plan(id, denoiser, encoder, others)


def _shared(loaded: Iterable[Choice], plans: tuple[Plan, ...]) -> Iterable[Shared]:
    for choice in loaded:
        users = tuple(plan for plan in plans if choice in plan.choices)
        if len(users) > 1:
            yield Shared(choice, users)


def _names(catalog: Catalog, ids: Iterable[str]) -> str:
    return ", ".join(catalog.file.pipelines[id].name for id in ids)


def _no_pair(wishes: Wishes) -> str:
    floor = wishes.min_quality_db
    return "the runtime loads no pair" + ("" if floor is None else f" of {floor:g} dB or more")


def _nothing(problem: PackingProblem, catalog: Catalog, wishes: Wishes) -> Unmet:
    """No model fits: name the one that needs least of what is short."""
    if not problem.bundles:
        return Unmet(f"{_no_pair(wishes)} of any model")
    cache, id = min((_alone(problem, b, "cache_bytes"), b.id) for b in problem.bundles)
    real, real_id = min((_alone(problem, b, "real_bytes"), b.id) for b in problem.bundles)
    if cache <= problem.limits.cache_bytes:
        name, need = _names(catalog, [real_id]), f"holds {format_gib(real)} of RAM"
    else:
        name, need = _names(catalog, [id]), f"needs a cache of {format_gib(cache)}"
    return Unmet(f"not even the smallest model fits: {name} {need}", cache, real)


def _alone(problem: PackingProblem, bundle: Bundle, resource: Resource) -> int:
    """The fewest bytes of one bundle by itself."""
    pairs = (total(problem, {o.denoiser, o.encoder}, resource) for o in bundle.options)
    rest = (
        min(total(problem, [i], resource) for i in problem.items_of(component))
        for component in bundle.rest
    )
    return min(pairs) + sum(rest)


def _unmet(problem: PackingProblem, names: list[str], time_limit: float) -> Unmet:
    """The wanted models don't fit together: say what would hold them."""
    limits = problem.limits
    cache = least(problem, "cache_bytes", time_limit)
    real = None if limits.real_bytes is None else least(problem, "real_bytes", time_limit)
    reasons = []
    if cache is not None and cache > limits.cache_bytes:
        had = format_gib(limits.cache_bytes)
        reasons.append(f"a cache of {format_gib(cache)}, the limit is {had}")
    if real is not None and limits.real_bytes is not None and real > limits.real_bytes:
        had = format_gib(limits.real_bytes)
        reasons.append(f"{format_gib(real)} of RAM, {had} are left for models")
    who = f"{names[0]} needs" if len(names) == 1 else f"{' and '.join(names)} together need"
    if reasons:
        return Unmet(f"{who} at least {' and '.join(reasons)}", cache, real)
    return Unmet(f"{who} more than both limits allow at once", cache, real)
