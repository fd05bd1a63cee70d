"""Which file of a repository to download: the best pair that each of them makes.

A file takes the place of the catalog's files of its component; its partner comes from the catalog,
or from what is installed. The planner does the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog, Pipeline, PublishedFile, Source
from fitplan.errors import unknown_name, usage_error
from fitplan.hub.models import RemoteModel, describe
from fitplan.planning.candidates import Candidates
from fitplan.planning.matching import as_published, component_of
from fitplan.planning.pairs import Choice, Plan
from fitplan.planning.planner import plan, rank_models

_SOURCE = Source(title="header read on the hub")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file of a repository in the terms of the catalog."""

    remote: RemoteModel
    file: PublishedFile


@dataclass(frozen=True, slots=True)
class Pair:
    """The best pair that one file makes for one model."""

    candidate: Candidate
    plan: Plan
    headroom_bytes: int

    @property
    def partner(self) -> Choice:
        """The other half."""
        return self.plan.encoder if self._is_denoiser else self.plan.denoiser

    @property
    def choice(self) -> Choice:
        """The file's own half."""
        return self.plan.denoiser if self._is_denoiser else self.plan.encoder

    @property
    def _is_denoiser(self) -> bool:
        return self.candidate.file.component_id == self.plan.pipeline.denoiser


@dataclass(frozen=True, slots=True)
class Without:
    """A file that makes no pair for a model (or for none), and why."""

    remote: RemoteModel
    pipeline: Pipeline | None
    reason: str
    needed_bytes: int | None = None
    """What the smallest pair would take, when the budget is the reason."""
    rel_error: float | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """All files of a repository, the best pairs first."""

    pairs: tuple[Pair, ...]
    without: tuple[Without, ...]

    @property
    def better_but(self) -> "Pair | Without | None":
        """Of the more exact files of the best pair's model, the one next to its file."""
        if not self.pairs:
            return None
        model, limit = self.pairs[0].plan.pipeline, _error(self.pairs[0])
        files: tuple[Pair | Without, ...] = (*self.pairs, *self.without)
        others = (item for item in files if _model(item) == model)
        return max((item for item in others if _error(item) < limit), key=_error, default=None)


def _model(item: "Pair | Without") -> Pipeline | None:
    return item.plan.pipeline if isinstance(item, Pair) else item.pipeline


def _error(item: "Pair | Without") -> float:
    """Relative error of the file itself."""
    error = item.candidate.file.rel_error if isinstance(item, Pair) else item.rel_error
    return inf if error is None else error


@dataclass(frozen=True, slots=True)
class FitQuestion:
    """What a file is to fit into, and beside what."""

    catalog: Catalog
    runtime: Runtime
    budget_bytes: int
    partners: Mapping[str, Sequence[PublishedFile]] | None = None
    """Component id → installed files, where only these are to be paired with."""
    encoder: str = ""
    """The text encoder that is to be kept; "" for any."""


def choose(question: FitQuestion, found: Sequence[RemoteModel]) -> Choices:
    """The best pair of every file, ranked as plans are; FitplanError for an unknown encoder."""
    pairs: dict[str, list[Pair]] = {}
    without: list[Without] = []
    for remote in found:
        for item in _of_file(question, remote):
            if isinstance(item, Pair):
                pairs.setdefault(item.plan.pipeline_id, []).append(item)
            else:
                without.append(item)
    return Choices(tuple(_ranked(question.catalog, pairs)), tuple(without))


def candidate(catalog: Catalog, remote: RemoteModel) -> Candidate | None:
    """`remote` as a file of the catalog's component that it is; None when the catalog has none."""
    id = component_of(catalog, remote.model, describe(remote))
    if id is None:
        return None
    owner = remote.repository.name.partition("/")[0]
    file = as_published(id, remote.model, owner)
    url = f"https://huggingface.co/{remote.repository.name}"
    return Candidate(remote, replace(file, file=remote.name, url=url, source=_SOURCE))


def _of_file(question: FitQuestion, remote: RemoteModel) -> Iterator[Pair | Without]:
    """A pair or a reason for each model that the file belongs to; one reason when there is none."""
    known = candidate(question.catalog, remote)
    if known is None:
        strange = remote.model.weights.unknown_packing
        reason = strange.reason if strange else "belongs to no model in the catalog"
        yield Without(remote, None, reason)
        return
    residency = question.runtime.residency(known.file.weights)
    if not isinstance(residency, Residency):
        yield Without(remote, None, residency.reason)
        return
    ids = list(_pipelines(question.catalog, known.file.component_id))
    if not ids:
        yield Without(remote, None, "not used in any pair; any file of this kind works")
    for id in ids:
        yield _best(question, known, id)


def _pipelines(catalog: Catalog, component_id: str) -> Iterator[str]:
    """Ids of the pipelines whose pair `component_id` is half of."""
    for id, pipeline in catalog.file.pipelines.items():
        if component_id in pipeline.pair:
            yield id


def _best(question: FitQuestion, known: Candidate, id: str) -> Pair | Without:
    candidates = Candidates(_beside(question, known, id), question.runtime)
    budget = question.budget_bytes
    plans = plan(candidates, [id], budget, "best", 1).plans
    if plans:
        return Pair(known, plans[0], budget - candidates.needed(plans[0].choices, budget))
    pipeline = candidates.catalog.file.pipelines[id]
    slots = [candidates.of(part) for part in pipeline.parts]
    if not all(slots):
        return Without(known.remote, pipeline, "has nothing to be paired with")
    needed = candidates.needed([choices[0] for choices in slots], budget)
    return Without(known.remote, pipeline, "too large", needed, known.file.rel_error)


def _beside(question: FitQuestion, known: Candidate, id: str) -> Catalog:
    """A catalog with `known` alone in its slot, and the partners asked for in the other."""
    catalog = question.catalog
    pipeline = catalog.file.pipelines[id]
    files = {part: catalog.files(part) for part in pipeline.parts}
    pair = pipeline.pair
    for part in pair if question.partners is not None else ():
        files[part] = tuple((question.partners or {}).get(part, ()))
    if question.encoder:
        if known.file.component_id == pair[1]:
            hint = "leave it out: each file is paired with the best denoiser"
            raise usage_error(f"{known.remote.repository.name} holds text encoders", hint)
        files[pair[1]] = tuple(_called(question.encoder, files[pair[1]]))
    return catalog.with_only(files | {known.file.component_id: (known.file,)})


def _called(name: str, files: Sequence[PublishedFile]) -> Iterator[PublishedFile]:
    found = [file for file in files if name == file.id or file.is_called(name)]
    if not found:
        raise unknown_name("text encoder", name, [file.id for file in files])
    yield from found


def _ranked(catalog: Catalog, pairs: Mapping[str, list[Pair]]) -> Iterator[Pair]:
    """Models in the order of plans, within each the better pair first."""
    by_plan = {id(pair.plan): pair for group in pairs.values() for pair in group}
    models = [sorted((p.plan for p in group), key=lambda p: p.sort_key) for group in pairs.values()]
    for plans in rank_models(models, catalog.quality):
        yield from (by_plan[id(plan)] for plan in plans)
