"""One run of one model, weighed: memory with its margin, time, and what to beware of."""

from dataclasses import dataclass

from fitplan.catalog import Catalog
from fitplan.training.formula import Run, TrainingVram, ram_bytes, vram
from fitplan.training.margins import Claim, claim
from fitplan.training.pace import Card, Pace, measured, pace
from fitplan.training.schema import MeasuredRun, Trainable, TrainedArchitecture, TrainingFile
from fitplan.units import MIB


@dataclass(frozen=True, slots=True)
class TrainingBudget:
    """What there is, in bytes."""

    vram_bytes: int
    ram_bytes: int | None
    """None when RAM isn't limited."""
    headroom_bytes: int
    """VRAM to leave free."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trainable pipeline of the catalog."""

    id: str
    name: str
    entry: Trainable
    architecture: TrainedArchitecture
    encoder: str
    """Name of its large text encoder."""
    encoder_bytes: int
    """Bytes of that encoder in bf16."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One run with all that is known of it."""

    model: Model
    run: Run
    vram: TrainingVram
    claim: Claim
    ram_bytes: int
    """While loading and while training."""
    pace: Pace
    measured: MeasuredRun | None
    """The measured run, where there is exactly this one."""

    def fits(self, budget: TrainingBudget) -> bool:
        """Whether VRAM with its headroom and RAM are enough."""
        enough = self.vram.total + budget.headroom_bytes <= budget.vram_bytes
        return enough and (budget.ram_bytes is None or self.ram_bytes <= budget.ram_bytes)


def find_model(file: TrainingFile, catalog: Catalog, pipeline_id: str) -> Model:
    """The trainable pipeline of this id.

    Raises KeyError for one that isn't trainable (`why_untrainable` says why).
    """
    entry, pipeline = file.pipelines[pipeline_id], catalog.file.pipelines[pipeline_id]
    encoder = catalog.file.components[pipeline.encoders[0]]
    parameters = catalog.file.architectures[encoder.architecture].parameters
    architecture = file.architectures[entry.architecture]
    return Model(pipeline_id, pipeline.name, entry, architecture, encoder.name, 2 * parameters)


def why_untrainable(file: TrainingFile, pipeline_id: str) -> str | None:
    """Why there is no plan for this pipeline of the catalog, or None for a trainable one."""
    if pipeline_id in file.pipelines:
        return None
    return file.untrainable.get(pipeline_id, file.untrainable_otherwise)


def weigh(file: TrainingFile, model: Model, run: Run, card: Card) -> TrainingPlan:
    """The plan of one run on `card`."""
    architecture = model.architecture
    memory = vram(file.vram, architecture, run)
    return TrainingPlan(
        model=model,
        run=run,
        vram=memory,
        claim=claim(file, architecture, run, memory.total),
        ram_bytes=ram_bytes(file.ram, file.vram, architecture, run),
        pace=pace(file, model.id, architecture, run, card),
        measured=measured(file, model.id, run),
    )


def residual_mib(plan: TrainingPlan) -> int | None:
    """Predicted minus measured MiB, or None where this run was not measured."""
    return round(plan.vram.total / MIB) - plan.measured.vram_mib if plan.measured else None


def describe(plan: TrainingPlan) -> str:
    """A run in a few words: "1024x1024, bf16, 10 blocks swapped"."""
    run = plan.run
    parts = [f"{run.width}x{run.height}", run.precision]
    if run.blocks_to_swap:
        parts.append(f"{run.blocks_to_swap} block{'s' * (run.blocks_to_swap > 1)} swapped")
    if run.offload:
        parts.append("checkpoints in RAM")
    return ", ".join(parts)
