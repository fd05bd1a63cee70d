"""The strict models of data/training.yaml."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fitplan.catalog.schema import Day, Id

Precision = Literal["bf16", "fp8"]
Optimizer = Literal["adamw8bit", "adamw", "adafactor"]
Count = Annotated[int, Field(gt=0, lt=2**53)]
Amount = Annotated[float, Field(ge=0, lt=1e18)]
Share = Annotated[float, Field(gt=0, lt=1)]
Sides = Annotated[list[Count], Field(min_length=2, max_length=2)]


class _TrainingModel(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


class ConstantSource(_TrainingModel):
    """Where figures were read, or how they were derived."""

    title: str
    """What it is."""
    url: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    """Its address; left out when none was recorded."""
    as_of: Day | None = None
    """The day the figures were true."""


class _Sourced(_TrainingModel):
    source: Id
    """Source id."""


class VramConstants(_Sourced):
    """Constants of `fitplan.training.formula.vram` that all models share."""

    context_mib: Amount
    """CUDA context and kernels."""
    padded_from_mib: Count
    """Tensors of this size or more are padded by the allocator."""
    padded_to_mib: Count
    """To a multiple of this."""
    lora_bytes: Amount
    """Bytes per LoRA parameter, without optimizer state."""
    gradient_bytes: Amount
    """Bytes of gradients per LoRA parameter."""
    weights_per_fp8_scale: Count
    """Weights that share a bf16 scale."""
    optimizers: dict[Optimizer, Amount]
    """Bytes of optimizer state per LoRA parameter."""


class RamConstants(_Sourced):
    """Constants of `fitplan.training.formula.ram_bytes`."""

    base_gib: Amount
    """GiB of the trainer itself, data-loader workers aside."""


class SecondsConstants(_Sourced):
    """Constants of `fitplan.training.pace`."""

    gpu: str
    """The card they were fitted on, as timing.yaml calls it."""
    flops_per_second: Amount
    """Operations per second that training reaches."""
    overhead: Amount
    """Seconds per step beside the model's operations."""
    per_swapped_gb: Amount
    """Seconds per step and 1e9 bytes of swapped weights."""
    margin_checked: Share
    """Relative error where the formula was fitted."""
    margin_unchecked: Share
    """Relative error for models and sizes without a timing on this card."""
    margin_fp8: Share
    """Relative error with fp8 weights."""
    margin_scaled: Share
    """Relative error on another card."""


class CheckedRun(_TrainingModel):
    """The region of the measured rows."""

    margin_mib: Count
    rank: Count
    batch: Count
    sides: Sides
    """Shortest and longest side of a square image of as many pixels."""
    optimizer: Optimizer


class Near(_TrainingModel):
    """The same models outside that region."""

    margin_mib: Count


class Rough(_TrainingModel):
    """Everything else that is claimed: the larger of the two."""

    margin_mib: Count
    margin_share: Share


class Claims(_Sourced):
    """What the formula covers, and how far it may be off."""

    checked: CheckedRun
    near: Near
    rough: Rough
    most_rank: Count
    most_batch: Count
    sides: Sides
    """Shortest and longest side of an image."""


class Offload(_Sourced):
    """What moving the checkpoints to RAM is known to save."""

    margin_share: Share
    """Error as a share of the checkpoints."""


class MeasuredRun(_Sourced):
    """One measured run: square images, batch 1, bf16, adamw8bit."""

    pipeline: Id
    """Catalog id."""
    side: Count
    """Pixels."""
    rank: Count
    blocks_to_swap: int = Field(ge=0)
    vram_mib: Count
    seconds_per_step: Amount


class LinearFit(_TrainingModel):
    """A linear layer of a block."""

    shape: Sides
    """Rows and columns of its weight."""
    sees: Literal["image", "text", "all", "sample"]
    """What passes through it: tokens of one kind, all, or one vector per sample."""
    passes: Count = 3
    """Forward-sized passes per training step: forward, recomputed forward, gradients."""
    fp8: bool = True
    """Whether fp8_scaled quantizes it."""

    @property
    def weights(self) -> int:
        """Elements of its weight."""
        return self.shape[0] * self.shape[1]


class BlockGroup(_TrainingModel):
    """Equal blocks of a denoiser."""

    count: Count
    parameters: Count
    """Of one block."""
    linears: Annotated[dict[str, LinearFit], Field(min_length=1)]
    """What a swapped block moves."""


class EvenSwap(_TrainingModel):
    """Each value swaps one block more."""

    kind: Literal["even"]
    group: str
    """The group whose blocks are swapped."""
    most: Count
    """Largest value that the trainer accepts."""
    advised: Count | None = None
    """Largest value that its docs advise."""


class UnevenSwap(_TrainingModel):
    """Values that don't stand here do what the next smaller one does."""

    kind: Literal["uneven"]
    most: Count
    """Largest value that the trainer accepts."""
    steps: dict[Count, Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]]
    """Value → blocks swapped of each group."""
    advised: None = None


Swap = Annotated[EvenSwap | UnevenSwap, Field(discriminator="kind")]


class Launch(_TrainingModel):
    """How the trainer is called."""

    scripts: str
    """What its scripts' names begin with."""
    network_module: str
    text_encoders: Annotated[list[str], Field(min_length=1)]
    """Options that name the text encoders, for caching."""
    text_encoder_fp8: str | None = None
    """Option that loads the (first) text encoder in fp8."""
    sampling: list[str]
    """Timestep sampling as the docs advise."""
    learning_rate: str


class TrainedArchitecture(_TrainingModel):
    """One denoiser's shapes and its constants in the formulas."""

    hidden: Count
    checkpointed_blocks: Count
    attention_blocks: Count
    """Blocks whose attention sees the image: the time formula counts these."""
    activation_mib_per_token: Amount
    activation_mib: Amount
    fp8_copies: Amount
    """Dequantized copies of the largest block that fp8 keeps, as a share of its bf16 bytes."""
    text_tokens: Count
    parameters: Count
    other_padding_mib: Amount
    """Padding of weights outside the blocks."""
    lora_parameters_per_rank: Count
    attention_passes: Amount
    """Forward-sized passes of attention per training step."""
    precisions: Annotated[list[Precision], Field(min_length=1)]
    checked_swaps: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None
    """Smallest and largest swap of the measured rows; left out for models without any."""
    blocks: Annotated[dict[str, BlockGroup], Field(min_length=1)]
    swap: Swap
    launch: Launch


class Trainable(_TrainingModel):
    """A catalog pipeline that can be trained."""

    architecture: Id
    model_version: str | None = None
    """What its scripts take as --model_version."""
    advice: str | None = None
    """What a user should know before training it."""


class TrainingFile(_TrainingModel):
    """data/training.yaml."""

    version: Literal[1]
    sources: dict[Id, ConstantSource]
    vram: VramConstants
    ram: RamConstants
    seconds: SecondsConstants
    claims: Claims
    offload: Offload
    measured: list[MeasuredRun]
    pipelines: dict[Id, Trainable]
    untrainable: dict[Id, str]
    untrainable_otherwise: str
    architectures: dict[Id, TrainedArchitecture]
