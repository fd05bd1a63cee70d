"""The catalog as one runtime loads it: the one way to ask for files, pairs and what they need."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from fitplan.accounting.quantization import quant_name
from fitplan.accounting.residency import Outcome, Residency, Unsupported
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.catalog import Catalog, Pipeline
from fitplan.errors import ErrorKind, FitplanError, unknown_name
from fitplan.planning.pairs import Choice, Plan, undominated


class NotLoadableError(FitplanError):
    """The runtime is not known to load this file."""

    refused = False
    """Whether that is known; else no rule tells what the runtime makes of some file."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a component that stand alone: those that load, and how many do not."""

    choices: tuple[Choice, ...]
    """Cheapest first."""
    unsupported: int
    unknown: int

    @property
    def published(self) -> int:
        """All of them."""
        return len(self.choices) + self.unsupported + self.unknown


@dataclass(frozen=True, slots=True)
class Called:
    """The file that a name means: of several publishers' the cheapest."""

    choice: Choice
    others: tuple[Choice, ...] = ()
    """Those of the other publishers, cheapest first."""

    @property
    def full_name(self) -> str:
        """`publisher/QUANT`: means this file alone."""
        return f"{self.choice.file.publisher}/{self.choice.file.quant}"


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one pipeline that may be used together: any denoiser with any encoder."""

    denoisers: tuple[Choice, ...]
    encoders: tuple[Choice, ...]
    others: tuple[Choice, ...]
    """One file, the cheapest, for each other part."""

    @property
    def pairs(self) -> int:
        """The number of pairs."""
        return len(self.denoisers) * len(self.encoders)


class Candidates:
    """Files of a catalog in one runtime; every residency is computed once."""

    def __init__(self, catalog: Catalog, runtime: Runtime) -> None:
        self.catalog = catalog
        self.runtime = runtime
        self._all: dict[str, tuple[Choice, ...]] = {}
        self._files: dict[str, Files] = {}
        self._groups: dict[tuple[str, ...], tuple[Group, ...]] = {}

    def of(self, component_id: str) -> tuple[Choice, ...]:
        """The files of a component that load by themselves, cheapest first."""
        return self.files(component_id).choices

    def best(self, component_id: str) -> tuple[Choice, ...]:
        """Those that no cheaper one beats."""
        return undominated(self.of(component_id))

    def files(self, component_id: str) -> Files:
        """The files of a component, loadable or not; parts of checkpoints are left out."""
        self._read(component_id)
        return self._files[component_id]

    def _everything(self, component_id: str) -> tuple[Choice, ...]:
        """All choices, parts of checkpoints too, cheapest first."""
        self._read(component_id)
        return self._all[component_id]

    def _read(self, component_id: str) -> None:
        if component_id in self._all:
            return
        choices: list[Choice] = []
        unsupported = unknown = 0
        for file in self.catalog.files(component_id):
            found = self.runtime.residency(file.weights)
            match found:
                case Residency():
                    choices.append(Choice(file, found))
                case Unsupported():
                    unsupported += file.checkpoint is None
                case Unknown():
                    unknown += file.checkpoint is None
                case _:
                    assert_never(found)
        self._all[component_id] = tuple(sorted(choices, key=lambda choice: choice.sort_key))
        alone = tuple(c for c in self._all[component_id] if c.file.checkpoint is None)
        self._files[component_id] = Files(alone, unsupported, unknown)

    def called(self, component_id: str, name: str) -> tuple[Choice, ...]:
        """The loadable files that `name` (`QUANT` or `publisher/QUANT`) means, cheapest first.

        Raises FitplanError: unknown-name when no file matches; NotLoadableError (usage) when
        the runtime loads none of them.
        """
        files = self.catalog.files(component_id)
        publisher, slash, quant = name.strip().rpartition("/")
        wanted = f"{publisher}{slash}{quant_name(quant)}"
        named = [file for file in files if file.is_called(wanted)]
        if not named:
            what = f"file of {self.catalog.file.components[component_id].name}"
            raise unknown_name(what, name, sorted({file.quant for file in files}))
        choices = tuple(c for c in self._everything(component_id) if c.file in named)
        if not choices:
            raise _not_loadable(name, [self.runtime.residency(file.weights) for file in named])
        return choices

    def meant(self, component_id: str, name: str) -> Called:
        """The file that `name` means; raises FitplanError as `called` does."""
        cheapest, *others = self.called(component_id, name)
        return Called(cheapest, tuple(others))

    def cheapest(self, component_id: str) -> Choice:
        """The cheapest file of a component; NotLoadableError when the runtime loads none."""
        if choices := self.of(component_id):
            return choices[0]
        files = self.catalog.files(component_id)
        name = self.catalog.file.components[component_id].name
        raise _not_loadable(name, [self.runtime.residency(file.weights) for file in files])

    def others(self, pipeline_id: str) -> tuple[Choice, ...] | None:
        """The cheapest file for each part beside the pair; None when one of them has none."""
        found = [self.of(id)[:1] for id in self._pipeline(pipeline_id).others]
        return tuple(choices[0] for choices in found) if all(found) else None

    def loads(self, pipeline_id: str) -> bool:
        """Whether the runtime loads at least one pair of a model."""
        return any(group.pairs for group in self.groups(pipeline_id))

    def groups(self, pipeline_id: str) -> tuple[Group, ...]:
        """Files of a pipeline by what may be combined.

        Files that stand alone go with each other; what a checkpoint (or, where a runtime takes text
        encoders out of the model's own folder only, that folder) holds goes with its denoiser.
        """
        pipeline = self._pipeline(pipeline_id)
        if pipeline.parts not in self._groups:
            self._groups[pipeline.parts] = tuple(self._grouped(pipeline))
        return self._groups[pipeline.parts]

    def _pipeline(self, pipeline_id: str) -> Pipeline:
        return self.catalog.file.pipelines[pipeline_id]

    def _grouped(self, pipeline: Pipeline) -> Iterable[Group]:
        denoisers: dict[_Home | None, list[Choice]] = {}
        for choice in self._everything(pipeline.denoiser):
            home = self._home(pipeline, choice)
            alone = choice if home else _alone(choice)
            denoisers.setdefault(home, []).append(alone)
        for home, choices in denoisers.items():
            encoder, *others = (self._beside(id, home) for id in pipeline.parts[1:])
            if encoder and all(others):
                ordered = sorted(choices, key=lambda choice: choice.sort_key)
                yield Group(tuple(ordered), encoder, tuple(found[0] for found in others))

    def _home(self, pipeline: Pipeline, denoiser: Choice) -> "_Home | None":
        """Where the other parts must come from; None: from anywhere."""
        weights, home = denoiser.file.weights, denoiser.file.home
        if weights.bundle:
            found = _Home(home.path if home else "", checkpoint=True)
            others = (c for id in pipeline.parts[1:] for c in self._everything(id))
            return found if any(found.has(choice) for choice in others) else None
        if weights.family in self.runtime.own_encoders:
            return _Home(home.path if home else "", part_of=weights.family)
        return None

    def _beside(self, component_id: str, home: "_Home | None") -> tuple[Choice, ...]:
        """The files of a component that go with a denoiser of `home`."""
        free = self.of(component_id)
        if home is None:
            return free
        inside = tuple(c for c in self._everything(component_id) if home.has(c))
        is_encoder = self.catalog.file.components[component_id].kind == "encoder"
        return inside if inside or (is_encoder and not home.checkpoint) else free

    def plan(
        self,
        pipeline_id: str,
        denoiser: Choice,
        encoder: Choice,
        others: Sequence[Choice],
        *,
        frontier: bool | None = None,
    ) -> Plan:
        """Put choices together into a plan and score it.

        `frontier` None: whether neither half has a cheaper file that is as good.
        """
        pipeline, quality = self._pipeline(pipeline_id), self.catalog.quality
        if frontier is None:
            frontier = all(
                choice in self.best(id)
                for id, choice in zip(pipeline.pair, (denoiser, encoder), strict=True)
            )
        score = quality.score_db(denoiser.file.rel_error, encoder.file.rel_error)
        elo = pipeline.elo.value if pipeline.elo else None
        adjusted = quality.adjusted_elo(elo, score)
        halves = (denoiser, encoder)
        return Plan(pipeline_id, pipeline, *halves, tuple(others), frontier, score, adjusted)

    def needed(self, choices: Iterable[Choice], budget: int) -> int:
        """Bytes of `budget` that the runtime's fit test asks for."""
        return self.runtime.fit.needed([choice.residency for choice in choices], budget)

    def fits(self, choices: Iterable[Choice], budget: int) -> bool:
        """Whether choices stay resident together in `budget` bytes."""
        return self.needed(choices, budget) <= budget


@dataclass(frozen=True, slots=True)
class _Home:
    """A checkpoint, or a pipeline's folder of one family; all of the catalog's are one."""

    path: str
    checkpoint: bool = False
    part_of: str = ""

    def has(self, choice: Choice) -> bool:
        weights, home = choice.file.weights, choice.file.home
        inside = bool(weights.bundle) if self.checkpoint else weights.part_of == self.part_of
        return inside and (home.path if home else "") == self.path


def _not_loadable(name: str, outcomes: Sequence[Outcome]) -> NotLoadableError:
    """Why none of several files can be loaded; known where each is refused."""
    reasons = sorted({o.reason for o in outcomes if not isinstance(o, Residency)})
    said = "; ".join(reasons) or "the catalog has no file of it"
    hint = "choose another file, or another --runtime"
    error = NotLoadableError(ErrorKind.USAGE, f"{name}: {said}", hint)
    error.refused = all(isinstance(outcome, Unsupported) for outcome in outcomes)
    return error


def _alone(choice: Choice) -> Choice:
    """A denoiser without the rest of its checkpoint: the file is read whole all the same."""
    whole = choice.file.checkpoint
    if whole is None:
        return choice
    weights = replace(choice.file.weights, file_bytes=whole.file_bytes)
    return Choice(replace(choice.file, weights=weights), choice.residency)


FindRuntime = Callable[[str], Runtime]
"""The runtime that an observation names, as `name@version`."""
