"""Which pairs fit a budget, which no other beats, and in what order. Pure; knows no runtime.

A pipeline is a row of *slots* (denoiser, encoder, others), each with *choices*. A plan takes one
choice per slot. Only the first two slots carry quality; all others take their cheapest choice.

Plan A dominates plan B when A is no worse in either part and needs no more cache. Cache and errors
both belong to single choices, so a plan is on the frontier exactly when each of its choices is
undominated in its own slot: the search needn't look at all pairs to be exact. A fit test (sum,
maximum over phases) only grows with the cost of a choice, and scratch is the same for all choices
of a slot, so this holds for every one of them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import product
from math import inf
from typing import Literal, assert_never

from fitplan.accounting.fitting import FitTest, Together
from fitplan.accounting.quality import QualityRule
from fitplan.accounting.residency import Outcome, Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.catalog import Catalog, Pipeline, PublishedFile

Show = Literal["best", "frontier", "all"]
SUM = Together()
ResidencyOf = Callable[[PublishedFile], Outcome]


@dataclass(frozen=True, slots=True)
class Choice:
    """One file in one slot, and what it becomes in the runtime."""

    file: PublishedFile
    residency: Residency

    @property
    def sort_key(self) -> tuple[int, float, int, str]:
        """Cheapest first, then the more exact, then the smaller file; the id makes it total."""
        return (self.residency.cache_bytes, self._error, self.file.weights.file_bytes, self.file.id)

    @property
    def _error(self) -> float:
        return inf if self.file.rel_error is None else self.file.rel_error

    def dominated_by(self, other: "Choice") -> bool:
        """Whether `other` is no worse and needs no more cache (ties go to the earlier in order)."""
        return other._error <= self._error and other.sort_key < self.sort_key


@dataclass(frozen=True, slots=True)
class Plan:
    """One choice per slot of one pipeline."""

    pipeline_id: str
    pipeline: Pipeline
    denoiser: Choice
    encoder: Choice
    others: tuple[Choice, ...]
    frontier: bool
    quality_db: float | None
    adjusted_elo: float
    rank: int = 0
    """1 for the best plan of its model among those answered."""
    file_bytes: int = field(init=False)
    """Denoiser and encoder, as downloaded."""
    cache_bytes: int = field(init=False)
    """All parts, as the runtime counts them."""
    real_bytes: int = field(init=False)
    """All parts, as they lie in RAM."""

    def __post_init__(self) -> None:
        pair = (self.denoiser, self.encoder)
        object.__setattr__(self, "file_bytes", sum(c.file.weights.file_bytes for c in pair))
        for name in ("cache_bytes", "real_bytes"):
            total = sum(getattr(choice.residency, name) for choice in self.choices)
            object.__setattr__(self, name, total)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All parts, the denoiser first."""
        return (self.denoiser, self.encoder, *self.others)

    @property
    def sort_key(self) -> tuple[float, int, int, str, str]:
        """Best quality first; then less cache, then the smaller download; the ids make it total."""
        quality = -inf if self.quality_db is None else self.quality_db
        ids = (self.denoiser.file.id, self.encoder.file.id)
        return (-quality, self.cache_bytes, self.file_bytes, *ids)


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
        )

    def __add__(self, other: "Excluded") -> "Excluded":
        names = (field.name for field in fields(self))
        return Excluded(*(getattr(self, name) + getattr(other, name) for name in names))


@dataclass(frozen=True, slots=True)
class Answer:
    """Plans, best model first, and what was left out."""

    plans: tuple[Plan, ...]
    excluded: Excluded


@dataclass(frozen=True, slots=True)
class _Slots:
    """The choices of one pipeline: two slots of choices by cost, and the others already chosen."""

    denoisers: tuple[Choice, ...]
    encoders: tuple[Choice, ...]
    others: tuple[Choice, ...] | None
    """None: some other part has no file that the runtime loads."""
    unloadable: Excluded
    """The pairs that the catalog knows and the runtime doesn't load, by reason."""

    def needed(self, fit: FitTest, budget: int, denoiser: Choice, encoder: Choice) -> int:
        """The bytes of `budget` that a pair takes, the others included."""
        choices = (denoiser, encoder, *(self.others or ()))
        return fit.needed([choice.residency for choice in choices], budget)


def plan(
    catalog: Catalog,
    pipeline_ids: Iterable[str],
    budget: int,
    residency_of: ResidencyOf,
    show: Show = "best",
    top: int = 3,
    fit: FitTest = SUM,
) -> Answer:
    """Answer for `pipeline_ids` under `budget` bytes of what `fit` compares with it.

    `show`: "best" gives each model's `top` frontier plans, "frontier" all of them, "all" every plan
    that fits.
    """
    quality = catalog.quality
    answers = [
        _plan_pipeline(catalog, id, budget, residency_of, show, top, fit)
        for id in sorted(set(pipeline_ids))
    ]
    excluded = sum((answer.excluded for answer in answers), Excluded())
    ranked = rank_models([answer.plans for answer in answers if answer.plans], quality)
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
    while left:
        lead = left[0][0].adjusted_elo
        tied = [
            p
            for p in left
            if p[0].adjusted_elo == lead or lead - p[0].adjusted_elo < quality.tie_band
        ]
        ordered += sorted(tied, key=lambda plans: (plans[0].sort_key, plans[0].pipeline_id))
        left = left[len(tied) :]
    return ordered


def choices_of(
    catalog: Catalog, component_id: str, residency_of: ResidencyOf
) -> tuple[Choice, ...]:
    """The files of a component that the runtime loads, cheapest first."""
    return _files_of(catalog, component_id, residency_of).choices


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a component: those that the runtime loads, and how many it doesn't."""

    choices: tuple[Choice, ...]
    """Cheapest first."""
    unsupported: int
    unknown: int

    @property
    def published(self) -> int:
        """All of them."""
        return len(self.choices) + self.unsupported + self.unknown


def _files_of(catalog: Catalog, component_id: str, residency_of: ResidencyOf) -> _Files:
    choices: list[Choice] = []
    unsupported = unknown = 0
    for file in catalog.files(component_id):
        found = residency_of(file)
        match found:
            case Residency():
                choices.append(Choice(file, found))
            case Unsupported():
                unsupported += 1
            case Unknown():
                unknown += 1
            case _:
                assert_never(found)
    return _Files(tuple(sorted(choices, key=lambda c: c.sort_key)), unsupported, unknown)


def undominated(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Of choices in order of cost, those that no cheaper or equal one beats in error."""
    kept: list[Choice] = []
    for choice in choices:
        if not kept or not choice.dominated_by(kept[-1]):
            kept.append(choice)
    return tuple(kept)


def _plan_pipeline(
    catalog: Catalog,
    id: str,
    budget: int,
    residency_of: ResidencyOf,
    show: Show,
    top: int,
    fit: FitTest,
) -> Answer:
    slots = _slots(catalog, catalog.file.pipelines[id], residency_of)
    pairs = len(slots.denoisers) * len(slots.encoders) if slots.others is not None else 0
    fitting = _count_fitting(slots, budget, fit) if pairs else 0
    everything = show == "all"
    plans = _fitting_plans(catalog, id, slots, budget, fit, everything) if fitting else []
    listed = plans[:top] if show == "best" else plans
    excluded = slots.unloadable + Excluded(
        too_large=pairs - fitting,
        dominated=fitting - len(plans),
        beyond_best=len(plans) - len(listed),
    )
    return Answer(tuple(replace(p, rank=i) for i, p in enumerate(listed, 1)), excluded)


def _slots(catalog: Catalog, pipeline: Pipeline, residency_of: ResidencyOf) -> _Slots:
    ids = (pipeline.denoiser, *pipeline.encoders, pipeline.vae)
    parts = [_files_of(catalog, id, residency_of) for id in ids]
    denoisers, encoders, *rest = (part.choices for part in parts)
    others = tuple(choices[0] for choices in rest) if all(rest) else None
    return _Slots(denoisers, encoders, others, _unloadable(pipeline.name, parts))


def _unloadable(name: str, parts: Sequence[_Files]) -> Excluded:
    """The pairs of a model that the runtime doesn't load, of those that the catalog has.

    A model with a part of which all files are refused, or none has a rule, has no pair at all.
    """
    denoisers, encoders = parts[:2]
    published = denoisers.published * encoders.published if all(p.published for p in parts) else 0
    closed = [part for part in parts if not part.choices]
    if not published:
        return Excluded()
    if any(part.unsupported == part.published for part in closed):
        return Excluded(no_loadable_file=published, models_without_files=(name,))
    if closed:
        return Excluded(no_rules=published, models_without_rules=(name,))
    loadable = len(denoisers.choices) * len(encoders.choices)
    not_refused = (denoisers.published - denoisers.unsupported) * (
        encoders.published - encoders.unsupported
    )
    return Excluded(unsupported_format=published - not_refused, no_rules=not_refused - loadable)


def _count_fitting(slots: _Slots, budget: int, fit: FitTest) -> int:
    return sum(
        bisect_right(slots.encoders, budget, key=partial(slots.needed, fit, budget, denoiser))
        for denoiser in slots.denoisers
    )


def _fitting_plans(
    catalog: Catalog,
    pipeline_id: str,
    slots: _Slots,
    budget: int,
    fit: FitTest,
    everything: bool,
) -> list[Plan]:
    frontier = (undominated(slots.denoisers), undominated(slots.encoders))
    best = [frozenset(map(id, choices)) for choices in frontier]
    pairs = product(slots.denoisers, slots.encoders) if everything else product(*frontier)
    plans = [
        make_plan(catalog, pipeline_id, *pair, slots.others or (), _all_in(pair, best))
        for pair in pairs
        if slots.needed(fit, budget, *pair) <= budget
    ]
    return sorted(plans, key=lambda plan: plan.sort_key)


def _all_in(pair: tuple[Choice, ...], frontier: Sequence[frozenset[int]]) -> bool:
    return all(id(choice) in best for choice, best in zip(pair, frontier, strict=True))


def make_plan(
    catalog: Catalog,
    id: str,
    denoiser: Choice,
    encoder: Choice,
    others: tuple[Choice, ...],
    frontier: bool,
) -> Plan:
    """Put choices together into a plan and score it."""
    pipeline = catalog.file.pipelines[id]
    score = catalog.quality.score_db(denoiser.file.rel_error, encoder.file.rel_error)
    elo = pipeline.elo.value if pipeline.elo else None
    adjusted = catalog.quality.adjusted_elo(elo, score)
    return Plan(id, pipeline, denoiser, encoder, others, frontier, score, adjusted)
