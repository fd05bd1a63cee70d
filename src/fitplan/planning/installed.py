"""What installed files can't be planned, and why; and what is missing for those that are there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fitplan.accounting.residency import Residency
from fitplan.catalog import Pipeline, PublishedFile
from fitplan.machine.places import PlaceProblem
from fitplan.planning.candidates import Candidates, Group
from fitplan.planning.matching import Matched, Unused
from fitplan.planning.pairs import Choice


@dataclass(frozen=True, slots=True)
class Missing:
    """A model whose denoiser is installed, but not all of the rest."""

    pipeline_id: str
    model: str
    """Its name."""
    components: tuple[str, ...]
    """Names of the components of which no file is there."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What keeps models on this machine from running."""

    missing: tuple[Missing, ...] = ()
    unused: tuple[Unused, ...] = ()
    """Installed models that are in no pair, each with the reason."""
    problems: tuple[PlaceProblem, ...] = ()
    """What could not be read."""


def shortfall(
    candidates: Candidates, matched: Matched, problems: tuple[PlaceProblem, ...]
) -> Shortfall:
    """Every installed model that is in no pair of `candidates`, whose catalog has only these."""
    return Shortfall(
        tuple(_missing(candidates)), (*matched.unused, *_idle(candidates, matched)), problems
    )


def _missing(candidates: Candidates) -> Iterator[Missing]:
    """The models whose denoiser is there but something else isn't."""
    catalog = candidates.catalog
    for id, pipeline in catalog.file.pipelines.items():
        there = catalog.files(pipeline.denoiser)
        lacking = _lacking(candidates, pipeline)
        if there and lacking and not all(_is_whole(candidates, id, file) for file in there):
            yield Missing(id, pipeline.name, lacking)


def _lacking(candidates: Candidates, pipeline: Pipeline) -> tuple[str, ...]:
    """Names of the parts beside the denoiser of which no file that stands alone is there."""
    catalog = candidates.catalog
    return tuple(
        catalog.file.components[id].name
        for id in pipeline.parts[1:]
        if not any(file.checkpoint is None for file in catalog.files(id))
    )


def _is_whole(candidates: Candidates, pipeline_id: str, denoiser: PublishedFile) -> bool:
    """Whether a denoiser is in some pair, as that of a checkpoint with all parts is."""
    return any(
        denoiser.file == choice.file.file
        for group in candidates.groups(pipeline_id)
        for choice in group.denoisers
    )


def _idle(candidates: Candidates, matched: Matched) -> Iterator[Unused]:
    """Models of which no file is in a pair."""
    used = {path for id in candidates.catalog.file.pipelines for path in _used(candidates, id)}
    by_path: dict[str, list[PublishedFile]] = {}
    for files in matched.files.values():
        for file in files:
            by_path.setdefault(file.file or "", []).append(file)
    for path, files in by_path.items():
        if path not in used:
            yield Unused(matched.models[path], files[0].publisher, _reason(candidates, files))


def _used(candidates: Candidates, pipeline_id: str) -> Iterable[str | None]:
    for group in candidates.groups(pipeline_id):
        yield from (choice.file.file for choice in _choices(group))


def _choices(group: Group) -> Iterable[Choice]:
    return (*group.denoisers, *group.encoders, *group.others) if group.pairs else ()


def _reason(candidates: Candidates, files: list[PublishedFile]) -> str:
    """Why a model that is a component's file is in no pair."""
    outcomes = [candidates.runtime.residency(file.weights) for file in files]
    refused = [found.reason for found in outcomes if not isinstance(found, Residency)]
    if len(refused) == len(files):
        return refused[0]
    reasons = [_alone(candidates, file.component_id) for file in files]
    return next((reason for reason in reasons if reason), "a cheaper file of its kind is taken")


def _alone(candidates: Candidates, component_id: str) -> str:
    """What a loadable file has no partner for; "" when only a cheaper file is preferred."""
    catalog = candidates.catalog
    users = [
        (id, pipeline)
        for id, pipeline in catalog.file.pipelines.items()
        if component_id in pipeline.parts
    ]
    if any(candidates.loads(id) for id, _ in users):
        return ""
    for _, pipeline in users:
        if catalog.files(pipeline.denoiser):
            closed = [
                catalog.file.components[id].name for id in pipeline.parts if not candidates.of(id)
            ]
            return f"{pipeline.name} lacks {' and '.join(closed)}"
    return "no denoiser that uses it is installed"
