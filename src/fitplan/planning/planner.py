"""Which pairs fit a budget, which no other beats, and in what order. Pure; knows no runtime.

A pipeline is a row of *slots* (denoiser, encoder, others), each with *choices*. A plan takes one
choice per slot. Only the first two slots carry quality; all others take their cheapest choice.

Plan A dominates plan B when A is no worse in either part and needs no more cache. Cache and errors
both belong to single choices, so of files that all go together a plan is on the frontier exactly
when each of its choices is undominated in its own slot: the search needn't look at all pairs to be
exact. A fit test (sum, maximum over phases) only grows with the cost of a choice, and scratch is
the same for all choices of a slot, so this holds for every one of them. Plans of different groups
(a checkpoint beside separate files) are compared one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice, product, takewhile
from math import inf
from typing import Literal

from fitplan.accounting.quality import QualityRule
from fitplan.planning.candidates import Candidates, Files, Group
from fitplan.planning.pairs import Choice, Plan, download_bytes, undominated

Show = Literal["best", "frontier", "all"]


@dataclass(frozen=True, slots=True)
class Excluded:
    """How many pairs the answer leaves out, by reason."""

    too_large: int = 0
    unsupported_format: int = 0
    """With a file that the runtime is known not to load, where others of its model are loaded."""
    no_rules: int = 0
    """With a file that no rule of the runtime is about."""
    no_loadable_file: int = 0
    """Of models a part of which has only files that the runtime is known not to load."""
    dominated: int = 0
    beyond_best: int = 0
    not_held: int = 0
    """Fitting the cache, of models with a pair that the machine holds better."""
    models_without_rules: tuple[str, ...] = ()
    """Names of models all of whose pairs are among `no_rules`."""
    models_without_files: tuple[str, ...] = ()
    """Names of the models that `no_loadable_file` counts the pairs of."""

    @property
    def pairs(self) -> int:
        """All pairs left out."""
        return (
            self.too_large
            + self.unsupported_format
            + self.no_rules
            + self.no_loadable_file
            + self.dominated
            + self.beyond_best
            + self.not_held
        )

    def __add__(self, other: "Excluded") -> "Excluded":
        names = (field.name for field in fields(self))
        return Excluded(*(getattr(self, name) + getattr(other, name) for name in names))


@dataclass(frozen=True, slots=True)
class Answer:
    """Plans, best model first, and what was left out."""

    plans: tuple[Plan, ...]
    excluded: Excluded


def plan(
    candidates: Candidates,
    pipeline_ids: Iterable[str],
    budget: int,
    show: Show = "best",
    top: int = 3,
) -> Answer:
    """Answer for `pipeline_ids` under `budget` bytes of what the runtime's fit test asks for.

    `show`: "best" gives each model's `top` frontier plans, "frontier" all of them, "all" every plan
    that fits.
    """
    found: dict[tuple[str, ...], _Found] = {}
    answers = []
    for id in sorted(set(pipeline_ids)):
        parts = candidates.catalog.file.pipelines[id].parts
        if parts not in found:
            found[parts] = _find(candidates, id, budget, everything=show == "all")
        answers.append(
            _plan_pipeline(candidates, id, found[parts], top if show == "best" else None)
        )
    excluded = sum((answer.excluded for answer in answers), Excluded())
    plans = [answer.plans for answer in answers if answer.plans]
    ranked = rank_models(plans, candidates.catalog.quality)
    return Answer(tuple(plan for plans in ranked for plan in plans), excluded)


def rank_models(models: Iterable[Sequence[Plan]], quality: QualityRule) -> list[Sequence[Plan]]:
    """Order models (each its plans, best first) by adjusted Elo; within the tie band, by score.

    Ties are counted from the best of a group, so the order doesn't depend on the input's. Models
    without an Elo follow, by score.
    """
    left = sorted(
        models, key=lambda plans: (-plans[0].adjusted_elo, plans[0].sort_key, plans[0].pipeline_id)
    )
    ordered: list[Sequence[Plan]] = []
    while len(ordered) < len(left):
        start = len(ordered)
        lead = left[start][0].adjusted_elo
        tied = takewhile(partial(_ties, lead, quality), islice(left, start, None))
        ordered += sorted(tied, key=lambda plans: (plans[0].sort_key, plans[0].pipeline_id))
    return ordered


def _ties(lead: float, quality: QualityRule, plans: Sequence[Plan]) -> bool:
    elo = plans[0].adjusted_elo
    return elo == lead or lead - elo < quality.tie_band


@dataclass(frozen=True, slots=True)
class _Pair:
    """A pair that fits, with the parts beside it."""

    denoiser: Choice
    encoder: Choice
    others: tuple[Choice, ...]
    frontier: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """What fits, of the models that are made of the same parts: one may have many finetunes."""

    too_large: int
    dominated: int
    pairs: tuple[_Pair, ...]
    """Best first."""


def _plan_pipeline(candidates: Candidates, id: str, found: _Found, top: int | None) -> Answer:
    """The `top` (None: all) best of what was found, as plans of the model `id`."""
    listed = found.pairs[:top]
    excluded = _unloadable(candidates, id) + Excluded(
        too_large=found.too_large,
        dominated=found.dominated,
        beyond_best=len(found.pairs) - len(listed),
    )
    plans = (_plan(candidates, id, pair) for pair in listed)
    return Answer(tuple(replace(p, rank=i) for i, p in enumerate(plans, 1)), excluded)


def _plan(candidates: Candidates, id: str, pair: _Pair) -> Plan:
    return candidates.plan(id, pair.denoiser, pair.encoder, pair.others, frontier=pair.frontier)


def _find(candidates: Candidates, id: str, budget: int, *, everything: bool) -> _Found:
    """The frontier, or every pair, within the budget."""
    groups = candidates.groups(id)
    fitting = sum(
        count
        for group in groups
        for _, count in _fitting(candidates, group, group.denoisers, group.encoders, budget)
    )
    pairs = [
        pair for group in groups for pair in _fitting_pairs(candidates, group, budget, everything)
    ]
    if len(groups) > 1:
        pairs = list(_compared(candidates, id, pairs))
    kept = pairs if everything else [pair for pair in pairs if pair.frontier]
    ordered = sorted(kept, key=partial(_key, candidates.catalog.quality))
    too_large = sum(group.pairs for group in groups) - fitting
    return _Found(too_large, fitting - len(ordered), tuple(ordered))


def _unloadable(candidates: Candidates, id: str) -> Excluded:
    """The pairs of a model that the runtime doesn't load, of those that the catalog has.

    A model with a part of which all files are refused, or none has a rule, has no pair at all.
    """
    pipeline = candidates.catalog.file.pipelines[id]
    parts = [candidates.files(part) for part in pipeline.parts]
    denoisers, encoders = parts[:2]
    published = denoisers.published * encoders.published if all(p.published for p in parts) else 0
    closed = [part for part in parts if not part.choices]
    if not published:
        return Excluded()
    if any(part.unsupported == part.published for part in closed):
        return Excluded(no_loadable_file=published, models_without_files=(pipeline.name,))
    if closed:
        return Excluded(no_rules=published, models_without_rules=(pipeline.name,))
    loadable = len(denoisers.choices) * len(encoders.choices)
    not_refused = _not_refused(denoisers) * _not_refused(encoders)
    return Excluded(unsupported_format=published - not_refused, no_rules=not_refused - loadable)


def _not_refused(files: Files) -> int:
    return files.published - files.unsupported


def _fitting(
    candidates: Candidates,
    group: Group,
    denoisers: Sequence[Choice],
    encoders: Sequence[Choice],
    budget: int,
) -> Iterable[tuple[Choice, int]]:
    """Each denoiser, and with how many of `encoders`, the cheapest first, it fits.

    Both are in order of cost: what doesn't fit beside a denoiser fits beside no later one.
    """
    count = len(encoders)
    for denoiser in denoisers:
        while count and not candidates.fits((denoiser, encoders[count - 1], *group.others), budget):
            count -= 1
        if not count:
            return
        yield denoiser, count


def _fitting_pairs(
    candidates: Candidates, group: Group, budget: int, everything: bool
) -> Iterable[_Pair]:
    best = (undominated(group.denoisers), undominated(group.encoders))
    denoisers, encoders = (group.denoisers, group.encoders) if everything else best
    known = [frozenset(map(id, choices)) for choices in best]
    for denoiser, count in _fitting(candidates, group, denoisers, encoders, budget):
        good = id(denoiser) in known[0]
        for encoder in encoders[:count]:
            yield _Pair(denoiser, encoder, group.others, good and id(encoder) in known[1])


def _key(quality: QualityRule, pair: _Pair) -> tuple[float, int, int, str, str]:
    """Orders pairs as `Plan.sort_key` orders their plans."""
    denoiser, encoder = pair.denoiser.file, pair.encoder.file
    score = quality.score_db(denoiser.rel_error, encoder.rel_error)
    parts = (pair.denoiser, pair.encoder, *pair.others)
    cache_bytes = sum([choice.residency.cache_bytes for choice in parts])
    file_bytes = download_bytes(pair.denoiser, pair.encoder)
    return (inf if score is None else -score, cache_bytes, file_bytes, denoiser.id, encoder.id)


def _compared(candidates: Candidates, id: str, pairs: Iterable[_Pair]) -> Iterable[_Pair]:
    """Pairs of several groups: on the frontier are those that no other beats."""
    plans = [(pair, _plan(candidates, id, pair)) for pair in pairs]
    best = [plan for _, plan in plans if plan.frontier]
    for pair, plan in plans:
        frontier = pair.frontier and not any(map(plan.beaten_by, best))
        yield replace(pair, frontier=frontier)


def near_misses(
    candidates: Candidates, pipeline_ids: Iterable[str], budget: int, top: int | None
) -> tuple[Plan, ...]:
    """What more cache would buy: of each model the `top` (None: all) best pairs over the budget.

    Only undominated pairs that beat every fitting pair of their model, and whose parts fit one at a
    time: a part that alone is over the budget can't be loaded at all.
    """
    return tuple(
        replace(plan, rank=rank)
        for id in sorted(set(pipeline_ids))
        for rank, plan in enumerate(_misses(candidates, id, budget)[:top], 1)
    )


def _misses(candidates: Candidates, id: str, budget: int) -> list[Plan]:
    groups = candidates.groups(id)
    plans = [plan for group in groups for plan in _loadable(candidates, id, group, budget)]
    fitting = [p.quality_db for p in plans if candidates.fits(p.choices, budget)]
    best = max((score for score in fitting if score is not None), default=-inf)
    over = [plan for plan in plans if not candidates.fits(plan.choices, budget)]
    better = [plan for plan in over if plan.quality_db is not None and plan.quality_db > best]
    return sorted(better, key=lambda plan: plan.sort_key)


def _loadable(candidates: Candidates, id: str, group: Group, budget: int) -> Iterable[Plan]:
    """The undominated pairs of a group whose parts fit alone, over the budget or not."""
    if not all(candidates.fits([choice], budget) for choice in group.others):
        return
    alone = [
        [choice for choice in choices if candidates.fits([choice], budget)]
        for choices in (group.denoisers, group.encoders)
    ]
    for denoiser, encoder in product(*map(undominated, alone)):
        yield candidates.plan(id, denoiser, encoder, group.others, frontier=True)
