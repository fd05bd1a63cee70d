"""Seconds per training step: measured, estimated, scaled to another card, or unknown.

`t = F / 17.9e12 + 0.22 + 0.22 · GB swapped`, where F counts each linear's forward operations once
per pass and attention's `4 · h · blocks · T²` once per pass. The three constants are fitted to the
four measured rows on an RTX 3060 (residuals -0.9, +3.1, +1.3, -3.0 %). On other cards only the
first term is scaled, by dense bf16 peak.
"""

from dataclasses import dataclass
from typing import Literal

from fitplan.errors import ErrorKind, FitplanError
from fitplan.timing.gpus import OutsideGpu, find_gpu
from fitplan.timing.schema import TimingData
from fitplan.training.formula import Run, text_tokens
from fitplan.training.margins import in_measured_region
from fitplan.training.schema import LinearFit, MeasuredRun, TrainedArchitecture, TrainingFile
from fitplan.training.swap import split
from fitplan.units import GB

Basis = Literal["measured", "estimated", "scaled", "no-data"]


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card, as far as it tells the time of a step."""

    name: str
    scale: float | None
    """Its bf16 peak over the measured card's; None when it isn't known."""
    why: str = ""
    """Why it isn't known."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds per step, and how they are known."""

    seconds: float | None
    """None when nothing is known."""
    margin: float | None
    """Relative error; None for a measured figure, which is as good as its rounding."""
    basis: Basis
    why: str
    """Where the figure comes from, or why there is none."""


def find_card(file: TrainingFile, data: TimingData, name: str | None) -> Card:
    """The card that `name` means; None is the one that was measured.

    Raises FitplanError (usage) for a name that several cards share.
    """
    reference = find_gpu(data, file.seconds.gpu)
    try:
        found = reference if name is None else find_gpu(data, name)
    except FitplanError as error:
        if error.kind is not ErrorKind.UNKNOWN_NAME:
            raise
        return Card(name or "", None, f"no data for this card: {name} ({error.hint})")
    if isinstance(found, OutsideGpu) or isinstance(reference, OutsideGpu):
        why = found.reason if isinstance(found, OutsideGpu) else "the reference has no peak"
        return Card(found.name, None, f"no data for this card: {found.name} ({why})")
    return Card(found.name, found.peak_tflops / reference.peak_tflops)


def pace(
    file: TrainingFile, pipeline_id: str, architecture: TrainedArchitecture, run: Run, card: Card
) -> Pace:
    """Seconds per step of a run on `card`."""
    if card.scale is None:
        return Pace(None, None, "no-data", card.why)
    if run.offload:
        return Pace(None, None, "no-data", "no data: activation offload has not been timed")
    row = measured(file, pipeline_id, run)
    if row and card.name == file.seconds.gpu:
        return Pace(row.seconds_per_step, None, "measured", file.sources[row.source].title)
    return _estimated(file, architecture, run, card.name, card.scale)


def measured(file: TrainingFile, pipeline_id: str, run: Run) -> MeasuredRun | None:
    """The measured row of exactly this run, or None."""
    for row in file.measured:
        if row.pipeline == pipeline_id and _is_of(row, run):
            return row
    return None


def operations(architecture: TrainedArchitecture, run: Run) -> float:
    """F: operations of one training step."""
    text, image = text_tokens(architecture, run), run.image_tokens
    linears = sum(
        group.count * linear.passes * 2 * linear.weights * _seen(linear, image, text)
        for group in architecture.blocks.values()
        for linear in group.linears.values()
    )
    attention = 4 * architecture.hidden * architecture.attention_blocks * (image + text) ** 2
    return run.batch * (linears + architecture.attention_passes * attention)


def _estimated(
    file: TrainingFile, architecture: TrainedArchitecture, run: Run, card: str, scale: float
) -> Pace:
    constants = file.seconds
    moved = _moved_bytes(architecture, run)
    rate = constants.flops_per_second * scale
    seconds = operations(architecture, run) / rate + constants.overhead
    seconds += constants.per_swapped_gb * moved / GB
    if card != constants.gpu:
        why = f"scaled from {constants.gpu} to {card} by bf16 peak; no training run checks it"
        return Pace(seconds, constants.margin_scaled, "scaled", why)
    why = f"estimated from {len(file.measured)} runs on {card}"
    return Pace(seconds, _margin(file, architecture, run), "estimated", why)


def _margin(file: TrainingFile, architecture: TrainedArchitecture, run: Run) -> float:
    if run.precision == "fp8":
        return file.seconds.margin_fp8
    if architecture.checked_swaps and in_measured_region(file.claims, run):
        return file.seconds.margin_checked
    return file.seconds.margin_unchecked


def _moved_bytes(architecture: TrainedArchitecture, run: Run) -> int:
    """Bytes of weights that cross the bus in each direction."""
    moved = split(architecture, run.blocks_to_swap)
    quantizes = run.precision == "fp8"
    return sum(
        moved[name] * linear.weights * (1 if quantizes and linear.fp8 else 2)
        for name, group in architecture.blocks.items()
        for linear in group.linears.values()
    )


def _seen(linear: LinearFit, image: int, text: int) -> int:
    return {"image": image, "text": text, "all": image + text, "sample": 0}[linear.sees]


def _is_of(row: MeasuredRun, run: Run) -> bool:
    same = Run("bf16", row.blocks_to_swap, row.side, row.side, row.rank)
    return run == same
