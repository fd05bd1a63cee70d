"""Why one pair costs what it costs: every line of bytes, from the file to RAM."""

from dataclasses import dataclass, replace

from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Pipeline
from fitplan.planning.candidates import Called, Candidates, FindRuntime
from fitplan.planning.clock import Clock
from fitplan.planning.observations import Observed, observed
from fitplan.planning.pairs import Choice, Plan
from fitplan.timing.answers import Question, Time


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
    named: tuple[Called, ...] = ()
    """The denoiser and the encoder as they were named, with the other files of that name."""

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

    Of several publishers' files of that name the cheapest answers. Raises FitplanError
    (unknown-name, NotLoadableError) when a name fits no file that the runtime loads.
    `clock` tells the pair's time; None: no time.
    """
    pipeline = candidates.catalog.file.pipelines[pipeline_id]
    named = tuple(
        candidates.meant(id, name)
        for id, name in zip(pipeline.pair, (denoiser, encoder), strict=True)
    )
    others = [candidates.cheapest(id) for id in pipeline.others]
    plan = candidates.plan(pipeline_id, named[0].choice, named[1].choice, others)
    seen = observed(plan, candidates.catalog, find_runtime)
    explanation = replace(_explanation(plan, candidates.runtime, seen), named=named)
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
