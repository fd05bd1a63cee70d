"""Why one pair costs what it costs: every line of bytes, from the file to RAM."""

from dataclasses import dataclass, replace

from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Pipeline, PublishedFile
from fitplan.errors import usage_error
from fitplan.planning.candidates import Candidates, FindRuntime
from fitplan.planning.clock import Clock
from fitplan.planning.observations import Observed, observed
from fitplan.planning.pairs import Choice, Plan
from fitplan.timing.answers import Question, Time
from fitplan.units import format_gb


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
    candidates: Candidates,
    pipeline_id: str,
    denoiser: str,
    encoder: str,
    find_runtime: FindRuntime,
    clock: Clock | None = None,
) -> Explanation:
    """Explain the pair that `denoiser` and `encoder` ("QUANT" or "publisher/QUANT") name.

    Raises FitplanError (usage, unknown-name) when a name fits no file, or several that differ.
    `clock` tells the pair's time; None: no time.
    """
    pipeline = candidates.catalog.file.pipelines[pipeline_id]
    pair = [
        _choose(candidates, id, name)
        for id, name in zip(pipeline.pair, (denoiser, encoder), strict=True)
    ]
    others = [candidates.cheapest(id) for id in pipeline.others]
    plan = candidates.plan(pipeline_id, pair[0], pair[1], others)
    seen = observed(plan, candidates.catalog, find_runtime)
    explanation = _explanation(plan, candidates.runtime, seen)
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


def _choose(candidates: Candidates, component_id: str, name: str) -> Choice:
    choices = candidates.called(component_id, name)
    if len({choice.residency.cache_bytes for choice in choices}) > 1:
        files = [choice.file for choice in choices]
        raise usage_error(f"{name!r} is published in different sizes", _listed(files))
    return choices[0]


def _listed(files: list[PublishedFile]) -> str:
    sizes = [f"{f.publisher}/{f.quant} ({format_gb(f.weights.file_bytes)})" for f in files]
    return f"say which: {', '.join(sizes)}"
