"""What a user wants of a set of resident models, as a packing problem over a catalog.

The value of a pair is its model's Elo less what its quantization costs (`quality`), times the
user's weight. Elo's zero is arbitrary: a model more is worth about a thousand points and a finer
quantization a few dozen, so the number of models comes first and quality decides among equals. An
unrated model takes part only when the user names it, and counts as the lowest rated one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import inf

from fitplan.catalog import Catalog, Pipeline
from fitplan.errors import FitplanError, usage_error
from fitplan.planning.candidates import Called, Candidates
from fitplan.planning.pairs import Choice
from fitplan.questions.pack.problem import Bundle, Item, Limits, Objective, Option, PackingProblem

POINTS_PER_ELO = 1000
"""Values are whole thousandths of an Elo point."""

UNKNOWN_ERROR = 1.0
"""Relative error assumed of a file without a measured error: as if nothing were left."""

DEFAULT_ELO = 1000
"""Of every model, when a catalog rates none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A pair that stays; its files are named as `QUANT` or `publisher/QUANT`."""

    pipeline_id: str
    denoiser: str
    encoder: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants of the set."""

    candidates: frozenset[str]
    wanted: frozenset[str] = frozenset()
    kept: tuple[Kept, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    objective: Objective = "value"
    min_quality_db: float | None = None

    @property
    def required(self) -> frozenset[str]:
        """Models that must be in."""
        return self.wanted | {kept.pipeline_id for kept in self.kept}


@dataclass(frozen=True, slots=True)
class Posed:
    """A problem, and the files that its items stand for."""

    problem: PackingProblem
    choices: tuple[Choice, ...]


class Field:
    """The files that come into question under a user's wishes.

    Raises FitplanError (usage, unknown-name) for kept pairs that contradict each other or name
    unknown files.
    """

    def __init__(self, candidates: Candidates, wishes: Wishes) -> None:
        self._candidates = candidates
        self._catalog = candidates.catalog
        self._wishes = wishes
        kept = kept_files(candidates, wishes.kept)
        self._kept = {id: (called.choice,) for id, called in kept.items()}

    def choices(self, component_id: str) -> tuple[Choice, ...]:
        """Files of a component that the runtime loads and no wish rules out, cheapest first."""
        return self._kept.get(component_id) or self._candidates.of(component_id)

    def pairs(self, pipeline: Pipeline) -> Iterable[tuple[Choice, Choice]]:
        """Pairs of a pipeline that are good enough for the user."""
        floor = self._wishes.min_quality_db
        pairs = product(self.choices(pipeline.denoiser), self.choices(pipeline.encoders[0]))
        return (pair for pair in pairs if floor is None or self._score(pair) >= floor)

    def holds(self, pipeline_id: str) -> bool:
        """Whether every part of a pipeline has a file, and some pair is good enough."""
        pipeline = self._catalog.file.pipelines[pipeline_id]
        rest = all(self.choices(component_id) for component_id in pipeline.others)
        return rest and next(iter(self.pairs(pipeline)), None) is not None

    def _score(self, pair: tuple[Choice, Choice]) -> float:
        denoiser, encoder = (choice.file.rel_error for choice in pair)
        score = self._catalog.quality.score_db(denoiser, encoder)
        return -inf if score is None else score

    def pose(self, limits: Limits) -> Posed:
        """The problem of choosing among these files within `limits`."""
        wishes, known = self._wishes, self._catalog.file.pipelines
        names = [name for name in sorted(wishes.candidates | wishes.required) if self.holds(name)]
        files = self._useful([known[name] for name in names], limits)
        place = {id(choice): i for i, choice in enumerate(files)}
        bundles = tuple(self._bundle(name, known[name], place) for name in names)
        return Posed(PackingProblem(tuple(map(_item, files)), bundles, limits), files)

    def _useful(self, pipelines: list[Pipeline], limits: Limits) -> tuple[Choice, ...]:
        scored = {id for p in pipelines for id in p.pair}
        ids = sorted({id for p in pipelines for id in p.parts})
        real = limits.real_bytes is not None
        found = (_unbeaten(self.choices(id), by_error=id in scored, by_real=real) for id in ids)
        return tuple(choice for choices in found for choice in choices)

    def _bundle(self, name: str, pipeline: Pipeline, place: Mapping[int, int]) -> Bundle:
        options = tuple(
            Option(place[id(d)], place[id(e)], self._value(name, pipeline, d, e))
            for d, e in self.pairs(pipeline)
            if id(d) in place and id(e) in place
        )
        return Bundle(name, options, pipeline.others, name in self._wishes.required)

    def _value(self, name: str, pipeline: Pipeline, denoiser: Choice, encoder: Choice) -> int:
        rule, weight = self._catalog.quality, self._wishes.weights.get(name, 1.0)
        elo = pipeline.elo.value if pipeline.elo else lowest_elo(self._catalog)
        error = rule.pair_error(_error(denoiser), _error(encoder))
        return round((elo - rule.elo_per_error * error) * weight * POINTS_PER_ELO)


def usual_candidates(
    catalog: Catalog, objective: Objective, weighted: Iterable[str]
) -> frozenset[str]:
    """The models that come into question unasked: those with a value of their own.

    That is the rated and the weighted ones; all of them where only their number counts, or where
    none is rated.
    """
    models = catalog.file.pipelines
    rated = frozenset(id for id, pipeline in models.items() if pipeline.elo)
    return frozenset(models) if objective == "count" or not rated else rated | frozenset(weighted)


def lowest_elo(catalog: Catalog) -> int:
    """The Elo that models without one count as."""
    rated = [p.elo.value for p in catalog.file.pipelines.values() if p.elo]
    return min(rated, default=DEFAULT_ELO)


def _item(choice: Choice) -> Item:
    residency = choice.residency
    return Item(choice.file.component_id, residency.cache_bytes, residency.real_bytes)


def _error(choice: Choice) -> float:
    return UNKNOWN_ERROR if choice.file.rel_error is None else choice.file.rel_error


def _unbeaten(choices: tuple[Choice, ...], *, by_error: bool, by_real: bool) -> tuple[Choice, ...]:
    """Files that no earlier one in order of cost equals or beats in all that counts."""
    kept: list[tuple[Choice, tuple[float, ...]]] = []
    for choice in choices:
        error = _error(choice) if by_error else 0.0
        real = choice.residency.real_bytes if by_real else 0
        marks = (error, real)
        if not any(all(a <= b for a, b in zip(m, marks, strict=True)) for _, m in kept):
            kept.append((choice, marks))
    return tuple(choice for choice, _ in kept)


def kept_files(candidates: Candidates, kept: Iterable[Kept]) -> dict[str, Called]:
    """Per component of which a kept pair names a file: the file that all such names mean.

    Raises FitplanError (usage, unknown-name) for names that contradict each other or mean no file.
    """
    found: dict[str, tuple[Choice, ...]] = {}
    said: dict[str, str] = {}
    file = candidates.catalog.file
    for pair in kept:
        ids = file.pipelines[pair.pipeline_id].pair
        for id, name in zip(ids, (pair.denoiser, pair.encoder), strict=True):
            named = candidates.called(id, name)
            both = tuple(choice for choice in found.get(id, named) if choice in named)
            if not both:
                raise _contradiction(file.components[id].name, said[id], name)
            found[id], said[id] = both, name
    return {id: Called(choices[0], choices[1:]) for id, choices in found.items()}


def _contradiction(component: str, one: str, other: str) -> FitplanError:
    message = f"{component} can't stay both as {one} and as {other}: all models share one file"
    return usage_error(message, "keep one of the two")
