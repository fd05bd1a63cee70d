"""Which models of a catalog each program runs: one of four answers for every model and program."""

from collections.abc import Iterable
from dataclasses import dataclass

from fitplan.accounting.residency import Unsupported
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container
from fitplan.catalog import Catalog
from fitplan.planning.candidates import Candidates, Group


@dataclass(frozen=True, slots=True)
class HasPairs:
    """The program loads this many pairs of denoiser and text encoder."""

    pairs: int
    measured: bool
    """Whether some pair's files all have rules that were held against the running program."""


@dataclass(frozen=True, slots=True)
class NoFile:
    """The program knows the model, but of a part the catalog has no file that it loads."""

    component: str
    """Name of that part."""
    takes: tuple[Container, ...]
    """Kinds of files that the program has rules for."""
    reason: str
    """Why it loads none of those there are."""
    source: str


@dataclass(frozen=True, slots=True)
class NoRules:
    """No rule tells what the program makes of a part."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSupported:
    """The program is known not to have the model."""

    reason: str
    source: str


Answered = HasPairs | NoFile | NoRules | NotSupported
"""The worst of a model's parts decides: not supported, no rules, no file."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One model in every program."""

    pipeline_id: str
    name: str
    answers: tuple[Answered, ...]
    """One for each program, in their order."""


def coverage(catalog: Catalog, runtimes: Iterable[Runtime]) -> tuple[Coverage, ...]:
    """Every model of `catalog` in each of `runtimes`, models in the order of the catalog."""
    programs = tuple(Candidates(catalog, runtime) for runtime in runtimes)
    return tuple(
        Coverage(id, pipeline.name, tuple(answer(program, id) for program in programs))
        for id, pipeline in catalog.file.pipelines.items()
    )


def answer(candidates: Candidates, pipeline_id: str) -> Answered:
    """What is known of one model in one program."""
    groups = candidates.groups(pipeline_id)
    if any(group.pairs for group in groups):
        return HasPairs(sum(group.pairs for group in groups), any(map(_measured, groups)))
    parts = candidates.catalog.file.pipelines[pipeline_id].parts
    missing = [_missing(candidates, id) for id in parts if not candidates.of(id)]
    return min(missing, key=_gravity, default=_not_together(candidates, parts[0]))


def _measured(group: Group) -> bool:
    return (
        any(choice.residency.basis == "measured" for choice in group.denoisers)
        and any(choice.residency.basis == "measured" for choice in group.encoders)
        and all(choice.residency.basis == "measured" for choice in group.others)
    )


def _gravity(found: Answered) -> int:
    return (NotSupported, NoRules, NoFile, HasPairs).index(type(found))


def _not_together(candidates: Candidates, denoiser: str) -> Answered:
    """Every part has a file, but none may be used with another."""
    runtime, files = candidates.runtime, candidates.catalog.files(denoiser)
    why = "text encoders come out of the model's own folder or checkpoint only"
    return NoFile(
        candidates.catalog.file.components[denoiser].name,
        _takes(runtime, {file.weights.family for file in files}),
        why,
        runtime.source,
    )


def _missing(candidates: Candidates, component_id: str) -> Answered:
    """Why a program loads no file of a component."""
    runtime, files = candidates.runtime, candidates.catalog.files(component_id)
    outcomes = [runtime.residency(file.weights) for file in files]
    unknown = next((o for o in outcomes if isinstance(o, Unknown)), None)
    if unknown is not None:
        return NoRules(unknown.reason)
    refused = next((o for o in outcomes if isinstance(o, Unsupported)), _NO_FILES)
    takes = _takes(runtime, {file.weights.family for file in files})
    if files and not takes:
        return NotSupported(refused.reason, refused.source)
    name = candidates.catalog.file.components[component_id].name
    return NoFile(name, takes, refused.reason, refused.source)


_NO_FILES = Unsupported("the catalog has no file of it that stands alone", "the catalog")


def _takes(runtime: Runtime, families: set[str]) -> tuple[Container, ...]:
    """Kinds of files of some families that a program has rules for."""
    found = {c for rule in runtime.rules if rule.family in families for c in rule.containers}
    return tuple(container for container in Container if container in found)
