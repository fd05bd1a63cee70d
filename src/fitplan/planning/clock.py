"""How long an image takes with a plan's files: measured where a benchmark exists, else estimated.

Joins plans with benchmarks of the catalog and the model of `fitplan.timing`. What can't be
estimated is refused with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Benchmark, Catalog
from fitplan.planning.pairs import Choice, Plan
from fitplan.timing import model, reread
from fitplan.timing.answers import Estimated, Measured, Question, Refused, Reread, Time
from fitplan.timing.gpus import OutsideGpu
from fitplan.timing.operations import Dimensions, operations
from fitplan.timing.schema import GpuSpec, TimingData
from fitplan.units import GIB

DENSE = frozenset({"BF16", "F16"})
ENCODER_TYPES = DENSE | {"INT8_BNB", "F32"}
"""Types besides GGML's that an encoder's small share of the time was fitted with, or may have."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Answers a question about time for any plan of one catalog in one runtime."""

    question: Question
    catalog: Catalog
    runtime: Runtime
    data: TimingData

    def time(self, plan: Plan, limit: int | None = None) -> Time:
        """The time of `plan`; what is read again is computed for a cache of `limit` bytes.

        `limit` None (or one that the plan fits): a cache that is one byte too small.
        """
        steps = self._steps(plan)
        forwards = None if steps is None else steps * self._forwards_per_step(plan)
        again = self._reread(plan, min(limit or plan.cache_bytes, plan.cache_bytes - 1))
        return Time(self._answer(plan, steps, forwards), steps, forwards, again)

    @property
    def models_rereading(self) -> bool:
        """Whether it is known what the runtime reads again when its cache is too small."""
        engine = self.data.engines.get(self.runtime.name)
        return engine is not None and bool(engine.loads)

    def _steps(self, plan: Plan) -> int | None:
        timed = (
            b.steps
            for b in self.catalog.file.benchmarks
            if b.seconds and b.model == plan.pipeline_id
        )
        return self.question.steps or next(timed, None) or plan.pipeline.steps

    def _forwards_per_step(self, plan: Plan) -> int:
        rule = self.data.guidance.get(plan.denoiser.file.weights.family)
        if rule is None or not rule.second_forward or plan.pipeline.distilled == "guidance":
            return 1
        usual = rule.scale if plan.pipeline.distilled == "no" else 1.0
        scale = usual if self.question.guidance is None else self.question.guidance
        return 2 if scale > 1 else 1

    def _answer(
        self, plan: Plan, steps: int | None, forwards: int | None
    ) -> Measured | Estimated | Refused:
        predicted = self._predicted(plan, forwards)
        for seen in self.catalog.file.benchmarks:
            if seen.seconds and self._is_of(seen, plan, steps, forwards):
                return Measured(seen, seen.seconds, predicted)
        return predicted

    def _is_of(self, seen: Benchmark, plan: Plan, steps: int | None, forwards: int | None) -> bool:
        files = seen.variants
        return (
            seen.gpu == self.question.gpu.name
            and seen.engine.partition("@")[0] == self.runtime.name
            and seen.model == plan.pipeline_id
            and (seen.steps, seen.all_forwards) == (steps, forwards)
            and seen.size == str(self.question.size)
            and plan.denoiser.file.is_called(files.denoiser)
            and files.encoder is not None
            and plan.encoder.file.is_called(files.encoder)
        )

    def _predicted(self, plan: Plan, forwards: int | None) -> Estimated | Refused:
        gpu = self.question.gpu
        if isinstance(gpu, OutsideGpu):
            return Refused(f"{gpu.name}: {gpu.reason}")
        reason = next(self._objections(plan), None)
        if reason is None and forwards is None:
            reason = f"no source says how many steps {plan.pipeline.name} takes: give --steps"
        if reason is not None or forwards is None:
            return Refused(reason or "")
        return self._estimate(plan, gpu, forwards)

    def _objections(self, plan: Plan) -> Iterator[str]:
        """Why nothing can be estimated, the most general reason first."""
        if self.runtime.name not in self.data.engines:
            yield f"no whole-image or per-step benchmark with {self.runtime.name} was accepted"
        limits, size = self.data.limits, self.question.size
        if not limits.min_pixels <= size.pixels <= limits.max_pixels:
            yield f"{size} is outside 768x768 to 1024x1024, the sizes with benchmarks"
        for start, why in self.data.not_counted.items():
            if plan.pipeline_id.startswith(start):
                yield why
        for choice in plan.choices:
            if self._dimensions(choice) is None:
                name = self.catalog.file.components[choice.file.component_id].name
                yield f"no operation count for {name}"
        yield from _strange_types(plan)

    def _dimensions(self, choice: Choice) -> Dimensions | None:
        return self.data.dimensions.get(self._architecture(choice))

    def _architecture(self, choice: Choice) -> str:
        return self.catalog.file.components[choice.file.component_id].architecture

    def _estimate(self, plan: Plan, gpu: GpuSpec, forwards: int) -> Estimated:
        speed = model.speed(self.data, gpu, self.runtime.name)
        work = self._work(plan, gpu, forwards)
        terms = model.terms(work, speed)
        seconds = model.total(terms)
        if work.overflow_bytes > self.data.limits.overflow_bytes:
            return Estimated(terms, seconds, None, overflow_bytes=work.overflow_bytes)
        return Estimated(terms, seconds, speed.error_seconds(seconds), self._unvalidated(plan, gpu))

    def _unvalidated(self, plan: Plan, gpu: GpuSpec) -> str:
        known = (
            self.data.unvalidated.get(key)
            for key in (gpu.architecture, self._architecture(plan.denoiser))
        )
        return "; ".join(why for why in known if why)

    def _work(self, plan: Plan, gpu: GpuSpec, forwards: int) -> model.Work:
        counts = [self._operations(choice) for choice in plan.choices]
        encoders = (plan.encoder, *plan.others[:-1])
        room = gpu.vram_gib * GIB - round(
            self.data.engines[self.runtime.name].working_memory_gib * GIB
        )
        return model.Work(
            forwards=forwards,
            denoiser_operations=counts[0],
            encoder_operations=sum(counts[1:-1]),
            vae_operations=counts[-1],
            denoiser_quantized=_quantized(plan.denoiser.residency),
            encoder_quantized=sum(_quantized(choice.residency) for choice in encoders),
            overflow_bytes=max(0, plan.denoiser.residency.cache_bytes - room),
        )

    def _operations(self, choice: Choice) -> int:
        dimensions = self._dimensions(choice)
        return 0 if dimensions is None else operations(dimensions, self.question.size)

    def _reread(self, plan: Plan, limit: int) -> Reread | Refused:
        engine = self.data.engines.get(self.runtime.name)
        if engine is None or not engine.loads:
            return Refused(f"what {self.runtime.title} reads again is not modelled")
        loads = engine.loads_of.get(plan.denoiser.file.weights.family, engine.loads)
        parts = [
            reread.RereadPart(slot, choice.residency.cache_bytes, choice.file.weights.file_bytes)
            for slot, choice in zip(_slots(plan), plan.choices, strict=True)
        ]
        order = [i for slot in loads for i in _indexes(slot, len(parts))]
        again = [parts[i] for i in reread.reread(parts, order, limit)]
        size = sum(part.file_bytes for part in again)
        return Reread(size, self._loading(size), tuple(part.slot for part in again))

    def _loading(self, size: int) -> float | None:
        disk = self.question.disk
        return None if disk is None else size * reread.seconds_per_byte(self.data, disk)


def _slots(plan: Plan) -> list[str]:
    return ["denoiser", *("text encoder" for _ in range(len(plan.choices) - 2)), "VAE"]


def _indexes(slot: str, parts: int) -> range:
    first = {"denoiser": 0, "encoders": 1, "vae": parts - 1}[slot]
    return range(first, parts - 1 if slot == "encoders" else first + 1)


def _quantized(residency: Residency) -> int:
    """Elements that stay packed, and so are dequantized whenever they are used."""
    return sum(line.elements for line in residency.lines if _is_packed(line.becomes))


def _is_packed(type: str) -> bool:
    return type in TENSOR_TYPES and TENSOR_TYPES[type].quantized and _is_ggml(type)


def _is_ggml(type: str) -> bool:
    return TENSOR_TYPES[type].ggml_id is not None


def _strange_types(plan: Plan) -> Iterator[str]:
    """Types that make up much of a part, and that no accepted benchmark had."""
    for choice, known in ((plan.denoiser, DENSE), (plan.encoder, ENCODER_TYPES)):
        lines = [line for line in choice.residency.lines if line.becomes and line.elements]
        weights = sum(line.elements for line in lines)
        for line in lines:
            if (
                line.becomes not in known
                and not _is_packed(line.becomes)
                and line.elements > weights / 50
            ):
                yield f"no accepted benchmark computes with {line.becomes} weights"
