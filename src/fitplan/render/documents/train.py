"""`fitplan train`: LoRA runs within the VRAM of a card."""

from typing import Literal

from typing_extensions import TypedDict

from fitplan.render.documents.parts import WarningEntry


class TrainBudgetEntry(TypedDict):
    """What a run may take."""

    vram_bytes: int
    ram_bytes: int | None
    """Null: no limit."""
    headroom_bytes: int
    """VRAM that is left free."""


class TrainGpuEntry(TypedDict):
    """The card that times are for."""

    name: str
    source: str
    """"option" or "default"."""


class RunEntry(TypedDict):
    """One run in brief."""

    model: str
    model_id: str
    resolution: str
    precision: str
    blocks_to_swap: int
    activation_offload: bool
    vram_bytes: int
    ram_bytes: int


class BreakdownEntry(TypedDict):
    """The parts of the VRAM."""

    context_bytes: int
    weights_resident_bytes: int
    weights_swapped_bytes: int
    """Held in RAM instead."""
    lora_bytes: int
    optimizer_bytes: int
    checkpoints_bytes: int
    block_bytes: int
    fp8_copies_bytes: int


class MeasuredRunEntry(TypedDict):
    """What was measured for exactly this run."""

    vram_bytes: int
    seconds_per_step: float | None


class CommandsEntry(TypedDict):
    """Commands, each as a list of arguments, with placeholders only for paths."""

    cache_latents: list[str]
    cache_prompts: list[str]
    train: list[str]


class TrainPlanEntry(RunEntry):
    """A run that fits."""

    rank: int
    batch: int
    optimizer: str
    vram_margin_bytes: int
    """How far `vram_bytes` may be off."""
    vram_claim: str
    vram_free_bytes: int
    ram_loading_bytes: int
    breakdown: BreakdownEntry
    seconds_per_step: float | None
    seconds_margin: float | None
    """Relative."""
    basis: str
    hours: float | None
    measured: MeasuredRunEntry | None
    flags: list[str]
    commands: CommandsEntry
    warnings: list[WarningEntry]


class NearestEntry(RunEntry):
    """The nearest run that fits."""

    change: str


class UnfitEntry(TypedDict):
    """A run that doesn't fit."""

    model: str
    model_id: str
    resolution: str
    reason: str
    nearest: list[NearestEntry]


class UntrainableEntry(TypedDict):
    """A model that can't be trained."""

    model: str
    reason: str


class TrainDocument(TypedDict):
    """LoRA runs within the VRAM of a card."""

    schema: Literal["fitplan.train/1"]
    budget: TrainBudgetEntry
    gpu: TrainGpuEntry
    steps: int
    plans: list[TrainPlanEntry]
    unfit: list[UnfitEntry]
    untrainable: list[UntrainableEntry]
