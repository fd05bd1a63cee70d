"""Why one pair costs what it costs: every line of bytes, from the file to RAM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fitplan.accounting.quantization import quant_name
from fitplan.accounting.residency import Outcome, Residency, Unsupported
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog, Pipeline, PublishedFile
from fitplan.errors import ErrorKind, FitplanError, unknown_name, usage_error
from fitplan.planning.clock import Clock
from fitplan.planning.observations import Observed, observed
from fitplan.planning.planner import Choice, Plan, choices_of, make_plan
from fitplan.timing.answers import Question, Time
from fitplan.units import format_gb


class NotLoadableError(FitplanError):
    """The runtime loads no file of that name, as far as is known."""

    refused = False
    """Whether that is known; else no rule tells what the runtime makes of some file."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the pair, or of the pipeline around it."""

    slot: str
    choice: Choice

    @property
    def header_bytes(self) -> int:
        """Bytes of the file that no tensor takes: header, tokenizer, padding."""
        weights = self.choice.file.weights
        return weights.file_bytes - weights.tensor_bytes


@dataclass(frozen=True, slots=True)
class Explanation:
    """One pair in one runtime."""

    pipeline_id: str
    pipeline: Pipeline
    runtime: Runtime
    parts: tuple[Part, ...]
    file_bytes: int
    """Denoiser and encoder."""
    cache_bytes: int
    real_bytes: int
    quality_db: float | None
    observed: Observed | None
    time: Time | None = None
    """Seconds per image; None when no card was named."""
    question: Question | None = None
    """What was asked about time."""

    @property
    def residencies(self) -> tuple[Residency, ...]:
        """What each part becomes, the denoiser first."""
        return tuple(part.choice.residency for part in self.parts)

    @property
    def mapped_bytes(self) -> int:
        """Those of the real bytes that are memory-mapped and can be taken back."""
        return sum(residency.mapped_bytes for residency in self.residencies)

    def needed_bytes(self, budget: int = 0) -> int:
        """What the runtime's fit test asks of `budget` bytes (0: the least it can ask)."""
        return self.runtime.fit.needed(self.residencies, budget)

    @property
    def transient_bytes(self) -> int:
        """The most that loading any one part needs on top; parts load one after another."""
        return max(part.choice.residency.transient_bytes for part in self.parts)


def explain(
    catalog: Catalog,
    pipeline_id: str,
    denoiser: str,
    encoder: str,
    runtime: Runtime,
    find_runtime: Callable[[str], Runtime],
    clock: Clock | None = None,
) -> Explanation:
    """Explain the pair that `denoiser` and `encoder` ("QUANT" or "publisher/QUANT") name.

    Raises FitplanError (usage, unknown-name) when a name fits no file, or several that differ.
    `clock` tells the pair's time; None: no time.
    """
    pipeline = catalog.file.pipelines[pipeline_id]
    pair = [
        _choose(catalog, pipeline.denoiser, denoiser, runtime),
        _choose(catalog, pipeline.encoders[0], encoder, runtime),
    ]
    others = tuple(_cheapest(catalog, id, runtime) for id in (*pipeline.encoders[1:], pipeline.vae))
    plan = make_plan(catalog, pipeline_id, pair[0], pair[1], others, frontier=False)
    explanation = _explanation(plan, runtime, observed(plan, catalog, find_runtime))
    if clock is None:
        return explanation
    return replace(explanation, time=clock.time(plan), question=clock.question)


def _explanation(plan: Plan, runtime: Runtime, seen: Observed | None) -> Explanation:
    slots = ["denoiser", "encoder", *("encoder" for _ in plan.others[1:]), "vae"]
    return Explanation(
        pipeline_id=plan.pipeline_id,
        pipeline=plan.pipeline,
        runtime=runtime,
        parts=tuple(Part(slot, choice) for slot, choice in zip(slots, plan.choices, strict=True)),
        file_bytes=plan.file_bytes,
        cache_bytes=plan.cache_bytes,
        real_bytes=plan.real_bytes,
        quality_db=plan.quality_db,
        observed=seen,
    )


def _choose(catalog: Catalog, component_id: str, name: str, runtime: Runtime) -> Choice:
    files = catalog.files(component_id)
    publisher, slash, quant = name.rpartition("/")
    wanted = f"{publisher}{slash}{quant_name(quant)}"
    named = [file for file in files if file.is_called(wanted)]
    if not named:
        what = f"file of {catalog.file.components[component_id].name}"
        raise unknown_name(what, name, sorted({file.quant for file in files}))
    found = [(file, runtime.residency(file.weights)) for file in named]
    choices = [Choice(file, r) for file, r in found if isinstance(r, Residency)]
    if not choices:
        raise _not_loadable(name, [outcome for _, outcome in found])
    if len({choice.residency.cache_bytes for choice in choices}) > 1:
        raise usage_error(f"{name!r} is published in different sizes", _listed(named))
    return choices[0]


def _cheapest(catalog: Catalog, component_id: str, runtime: Runtime) -> Choice:
    choices = choices_of(catalog, component_id, lambda file: runtime.residency(file.weights))
    if choices:
        return choices[0]
    outcomes = [runtime.residency(file.weights) for file in catalog.files(component_id)]
    raise _not_loadable(catalog.file.components[component_id].name, outcomes)


def _not_loadable(name: str, outcomes: Sequence[Outcome]) -> NotLoadableError:
    """Why none of several files can be loaded; known where each is refused."""
    reasons = sorted({o.reason for o in outcomes if not isinstance(o, Residency)})
    said = "; ".join(reasons) or "the catalog has no file of it"
    hint = "choose another file, or another --runtime"
    error = NotLoadableError(ErrorKind.USAGE, f"{name}: {said}", hint)
    error.refused = all(isinstance(outcome, Unsupported) for outcome in outcomes)
    return error


def _listed(files: list[PublishedFile]) -> str:
    sizes = [f"{f.publisher}/{f.quant} ({format_gb(f.weights.file_bytes)})" for f in files]
    return f"say which: {', '.join(sizes)}"
