"""Which pairs fit a budget, which no other beats, and in what order. Pure; knows no runtime.

A pipeline is a row of *slots* (denoiser, encoder, others), each with *choices*. A plan takes one
choice per slot. Only the first two slots carry quality; all others take their cheapest choice.

Plan A dominates plan B when A is no worse in either part and needs no more cache. Cache and errors
both belong to single choices, so a plan is on the frontier exactly when each of its choices is
undominated in its own slot: the search needn't look at all pairs to be exact. A fit test (sum,
maximum over phases) only grows with the cost of a choice, and scratch is the same for all choices
of a slot, so this holds for every one of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from itertools import islice, takewhile
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
class _Ask:
    """What is asked of every pipeline."""

    budget: int
    fit: FitTest
    show: Show
    top: int


@dataclass(frozen=True, slots=True)
class _Slot:
    """The choices of one component, cheapest first; made once, however many pipelines use it."""

    files: "_Files"
    frontier: tuple[Choice, ...]
    """Those that no cheaper or equal one beats in error."""
    best: frozenset[int]
    """Their `id()`s."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The files that the runtime loads."""
        return self.files.choices


def _slot(catalog: Catalog, residency_of: ResidencyOf, component_id: str) -> _Slot:
    files = _files_of(catalog, component_id, residency_of)
    frontier = undominated(files.choices)
    return _Slot(files, frontier, frozenset(map(id, frontier)))


@dataclass(frozen=True, slots=True)
class _Slots:
    """The choices of one pipeline: two slots of choices by cost, and the others already chosen."""

    denoiser: _Slot
    encoder: _Slot
    others: tuple[Choice, ...] | None
    """None: some other part has no file that the runtime loads."""
    unloadable: Excluded
    """The pairs that the catalog knows and the runtime doesn't load, by reason."""

    def on_frontier(self, denoiser: Choice, encoder: Choice) -> bool:
        """Whether no other pair is better in both parts and no larger."""
        return id(denoiser) in self.denoiser.best and id(encoder) in self.encoder.best

    def fitting(
        self, ask: _Ask, denoisers: Sequence[Choice], encoders: Sequence[Choice]
    ) -> Iterator[tuple[Choice, int]]:
        """Each denoiser, and with how many of `encoders`, the cheapest first, it fits.

        Both are in order of cost: what doesn't fit beside a denoiser fits beside no later one.
        """
        if self.others is None:
            return
        rest, count = [other.residency for other in self.others], len(encoders)
        for denoiser in denoisers:
            while count:
                costs = (denoiser.residency, encoders[count - 1].residency, *rest)
                if ask.fit.needed(costs, ask.budget) <= ask.budget:
                    break
                count -= 1
            if not count:
                return
            yield denoiser, count


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
    ask = _Ask(budget, fit, show, top)
    slot_of = cache(partial(_slot, catalog, residency_of))
    answers = [
        _plan_pipeline(catalog, id, _slots(catalog, id, slot_of), ask)
        for id in sorted(set(pipeline_ids))
    ]
    excluded = Excluded()
    for answer in answers:
        excluded += answer.excluded
    ranked = rank_models([answer.plans for answer in answers if answer.plans], catalog.quality)
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


def _plan_pipeline(catalog: Catalog, id: str, slots: _Slots, ask: _Ask) -> Answer:
    denoisers, encoders = slots.denoiser.choices, slots.encoder.choices
    pairs = len(denoisers) * len(encoders) if slots.others is not None else 0
    fitting = sum(count for _, count in slots.fitting(ask, denoisers, encoders))
    found = _ordered(catalog.quality, slots, ask)
    listed = found[: ask.top] if ask.show == "best" else found
    excluded = slots.unloadable + Excluded(
        too_large=pairs - fitting,
        dominated=fitting - len(found),
        beyond_best=len(found) - len(listed),
    )
    plans = (
        make_plan(catalog, id, *pair, slots.others or (), slots.on_frontier(*pair), rank)
        for rank, pair in enumerate(listed, 1)
    )
    return Answer(tuple(plans), excluded)


def _slots(catalog: Catalog, pipeline_id: str, slot_of: Callable[[str], _Slot]) -> _Slots:
    pipeline = catalog.file.pipelines[pipeline_id]
    slots = [slot_of(id) for id in (pipeline.denoiser, *pipeline.encoders, pipeline.vae)]
    denoiser, encoder, *rest = slots
    loads = all(slot.choices for slot in rest)
    others = tuple(slot.choices[0] for slot in rest) if loads else None
    unloadable = _unloadable(pipeline.name, [slot.files for slot in slots])
    return _Slots(denoiser, encoder, others, unloadable)


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


def _ordered(quality: QualityRule, slots: _Slots, ask: _Ask) -> list[tuple[Choice, Choice]]:
    """The pairs that fit, the best first: all of them, or those on the frontier."""
    everything = ask.show == "all"
    denoisers, encoders = (
        slot.choices if everything else slot.frontier for slot in (slots.denoiser, slots.encoder)
    )
    pairs = [
        (denoiser, encoder)
        for denoiser, count in slots.fitting(ask, denoisers, encoders)
        for encoder in encoders[:count]
    ]
    return sorted(pairs, key=partial(_pair_key, quality))


def _pair_key(
    quality: QualityRule, pair: tuple[Choice, Choice]
) -> tuple[float, int, int, str, str]:
    """Orders the pairs of one pipeline as `Plan.sort_key` orders its plans."""
    denoiser, encoder = pair[0].file, pair[1].file
    score = quality.score_db(denoiser.rel_error, encoder.rel_error)
    cache_bytes = pair[0].residency.cache_bytes + pair[1].residency.cache_bytes
    file_bytes = denoiser.weights.file_bytes + encoder.weights.file_bytes
    return (inf if score is None else -score, cache_bytes, file_bytes, denoiser.id, encoder.id)


def make_plan(
    catalog: Catalog,
    id: str,
    denoiser: Choice,
    encoder: Choice,
    others: tuple[Choice, ...],
    frontier: bool,
    rank: int = 0,
) -> Plan:
    """Put choices together into a plan and score it."""
    pipeline = catalog.file.pipelines[id]
    score = catalog.quality.score_db(denoiser.file.rel_error, encoder.file.rel_error)
    elo = pipeline.elo.value if pipeline.elo else None
    adjusted = catalog.quality.adjusted_elo(elo, score)
    return Plan(id, pipeline, denoiser, encoder, others, frontier, score, adjusted, rank)
