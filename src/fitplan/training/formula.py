"""VRAM and RAM of a LoRA run in musubi-tuner 0.3.4, with gradient checkpointing. Pure.

`V = 318 + W + P·(6 + o) + a0 + a·T + f·B·[fp8] + max(k·h·2·T, 4·P)`, in MiB where W, a, a0 are.
The form and the constants come from replaying the allocations of the trainer's own model classes
through a model of PyTorch's caching allocator; only the 318 MiB (CUDA context and kernels) are
fitted, as the mean residual of the four measured rows. Each constant and its source are in
data/training.yaml; `fitplan.training.margins` says where the formula may be used.
"""

from dataclasses import dataclass
from math import ceil

from fitplan.training.schema import (
    BlockGroup,
    LinearFit,
    Optimizer,
    Precision,
    RamConstants,
    TrainedArchitecture,
    VramConstants,
)
from fitplan.training.swap import split
from fitplan.units import GIB, MIB

PIXELS_PER_TOKEN = 16
"""VAE (8) times patch (2); the trainer's buckets are multiples of it (dataset/bucket.py)."""

_BF16 = 2


@dataclass(frozen=True, slots=True)
class Run:
    """What decides the memory of one training run."""

    precision: Precision
    blocks_to_swap: int
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    rank: int = 16
    batch: int = 1
    optimizer: Optimizer = "adamw8bit"
    text_tokens: int | None = None
    """Tokens of the prompt; None takes the model's own."""
    offload: bool = False
    """Whether the checkpoints are moved to RAM."""

    @property
    def image_tokens(self) -> int:
        """Tokens of one image."""
        return (self.width // PIXELS_PER_TOKEN) * (self.height // PIXELS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class TrainingVram:
    """Bytes of VRAM by what they are for; swapped weights lie in RAM."""

    context: int
    weights_resident: int
    weights_swapped: int
    lora: int
    optimizer: int
    checkpoints: int
    """Checkpoints, or the LoRA's gradients where those are larger."""
    block: int
    """Activations of the block at work."""
    fp8_copies: int

    @property
    def total(self) -> int:
        """Bytes of VRAM."""
        resident = self.context + self.weights_resident + self.lora + self.optimizer
        return resident + self.checkpoints + self.block + self.fp8_copies


def text_tokens(architecture: TrainedArchitecture, run: Run) -> int:
    """Tokens of one prompt."""
    return architecture.text_tokens if run.text_tokens is None else run.text_tokens


def tokens(architecture: TrainedArchitecture, run: Run) -> int:
    """T: tokens of a batch, `batch · (⌊w/16⌋·⌊h/16⌋ + text)`."""
    return run.batch * (run.image_tokens + text_tokens(architecture, run))


def vram(constants: VramConstants, architecture: TrainedArchitecture, run: Run) -> TrainingVram:
    """Bytes of VRAM of a run, each part rounded up."""
    parameters = run.rank * architecture.lora_parameters_per_rank
    activations = architecture.activation_mib_per_token * tokens(architecture, run)
    checkpoints = 0 if run.offload else checkpoint_bytes(architecture, run)
    swapped = swapped_bytes(constants, architecture, run)
    return TrainingVram(
        context=_ceil(constants.context_mib * MIB),
        weights_resident=weight_bytes(constants, architecture, run.precision) - swapped,
        weights_swapped=swapped,
        lora=_ceil(constants.lora_bytes * parameters),
        optimizer=_ceil(constants.optimizers[run.optimizer] * parameters),
        checkpoints=max(checkpoints, _ceil(constants.gradient_bytes * parameters)),
        block=_ceil((architecture.activation_mib + activations) * MIB),
        fp8_copies=_fp8_copies(architecture) if run.precision == "fp8" else 0,
    )


def ram_bytes(
    ram: RamConstants, constants: VramConstants, architecture: TrainedArchitecture, run: Run
) -> int:
    """Bytes of RAM while loading and while training, data-loader workers aside.

    Without swap the weights stream through a memory map; any swap loads the whole denoiser to RAM.
    """
    base = _ceil(ram.base_gib * GIB)
    weights = weight_bytes(constants, architecture, run.precision) if run.blocks_to_swap else 0
    return base + weights + (checkpoint_bytes(architecture, run) if run.offload else 0)


def weight_bytes(
    constants: VramConstants, architecture: TrainedArchitecture, precision: Precision
) -> int:
    """W: bytes of all weights, with the scales of fp8 and the allocator's padding."""
    groups = architecture.blocks.values()
    linears = [(group.count, linear) for group in groups for linear in group.linears.values()]
    raw = sum(count * _bytes(linear, precision) for count, linear in linears)
    padded = sum(count * _padded(constants, _bytes(linear, precision)) for count, linear in linears)
    other = architecture.parameters - sum(count * linear.weights for count, linear in linears)
    padding = padded - raw + _ceil(architecture.other_padding_mib * MIB)
    return raw + other * _BF16 + padding + _scale_bytes(constants, architecture, precision)


def swapped_bytes(constants: VramConstants, architecture: TrainedArchitecture, run: Run) -> int:
    """Bytes of the linear weights of swapped blocks; all else of a block stays in VRAM."""
    moved = split(architecture, run.blocks_to_swap)
    return sum(
        moved[name] * _padded(constants, _bytes(linear, run.precision))
        for name, group in architecture.blocks.items()
        for linear in group.linears.values()
    )


def checkpoint_bytes(architecture: TrainedArchitecture, run: Run) -> int:
    """k·h·2·T: one bf16 input of every checkpointed block."""
    width = architecture.checkpointed_blocks * architecture.hidden * _BF16
    return width * tokens(architecture, run)


def _fp8_copies(architecture: TrainedArchitecture) -> int:
    """f·B: dequantized copies of the largest block."""
    largest = max(group.parameters for group in architecture.blocks.values())
    return _ceil(architecture.fp8_copies * largest * _BF16)


def _scale_bytes(
    constants: VramConstants, architecture: TrainedArchitecture, precision: Precision
) -> int:
    if precision == "bf16":
        return 0
    quantized = sum(group.count * _quantized(group) for group in architecture.blocks.values())
    return quantized // constants.weights_per_fp8_scale * _BF16


def _quantized(group: BlockGroup) -> int:
    return sum(linear.weights for linear in group.linears.values() if linear.fp8)


def _bytes(linear: LinearFit, precision: Precision) -> int:
    return linear.weights * (1 if precision == "fp8" and linear.fp8 else _BF16)


def _padded(constants: VramConstants, size: int) -> int:
    if size < constants.padded_from_mib * MIB:
        return size
    unit = constants.padded_to_mib * MIB
    return -(-size // unit) * unit


def _ceil(size: float) -> int:
    return ceil(round(size, 3))
