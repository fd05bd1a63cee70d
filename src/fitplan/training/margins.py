"""Where the formula may be used, and how far it may be off. What isn't claimed is refused."""

from dataclasses import dataclass
from math import ceil
from typing import Literal

from fitplan.errors import usage_error
from fitplan.training.formula import Run, checkpoint_bytes
from fitplan.training.schema import Claims, TrainedArchitecture, TrainingFile
from fitplan.units import MIB


@dataclass(frozen=True, slots=True)
class Claim:
    """How far a VRAM figure may be off, in either direction."""

    kind: Literal["checked", "near", "rough"]
    margin_bytes: int


def claim(
    file: TrainingFile, architecture: TrainedArchitecture, run: Run, vram_bytes: int
) -> Claim:
    """The claim for a run whose VRAM is `vram_bytes`; offloaded checkpoints widen it."""
    claims = file.claims
    extra = ceil(file.offload.margin_share * checkpoint_bytes(architecture, run))
    widened = extra if run.offload else 0
    if architecture.checked_swaps is None or run.precision == "fp8":
        share = ceil(claims.rough.margin_share * vram_bytes)
        return Claim("rough", max(claims.rough.margin_mib * MIB, share) + widened)
    least, most = architecture.checked_swaps
    if in_measured_region(claims, run) and least <= run.blocks_to_swap <= most:
        return Claim("checked", claims.checked.margin_mib * MIB + widened)
    return Claim("near", claims.near.margin_mib * MIB + widened)


def in_measured_region(claims: Claims, run: Run) -> bool:
    """Whether a run has the rank, batch, optimizer and number of pixels of measured ones."""
    checked = claims.checked
    least, most = (side**2 for side in checked.sides)
    return (
        run.precision == "bf16"
        and run.text_tokens is None
        and (run.rank, run.batch, run.optimizer) == (checked.rank, checked.batch, checked.optimizer)
        and least <= run.width * run.height <= most
    )


def refuse_unclaimed(claims: Claims, run: Run) -> None:
    """Raise FitplanError (usage) for a run that the formula doesn't claim to cover."""
    least, most = claims.sides
    if not all(least <= side <= most for side in (run.width, run.height)):
        raise usage_error(
            f"{run.width}x{run.height} is outside of what the formula covers",
            f"sides of {least} to {most} pixels are covered",
        )
    if not 1 <= run.rank <= claims.most_rank:
        raise usage_error(
            f"rank {run.rank} is outside of what the formula covers",
            f"ranks of 1 to {claims.most_rank} are covered: published runs of more were off by 7 %",
        )
    if not 1 <= run.batch <= claims.most_batch:
        raise usage_error(
            f"a batch of {run.batch} is outside of what the formula covers",
            f"batches of 1 to {claims.most_batch} are covered",
        )
    if run.text_tokens is not None and not 1 <= run.text_tokens <= _MOST_TEXT:
        raise usage_error(
            f"a prompt of {run.text_tokens} tokens is outside of what the formula covers",
            f"1 to {_MOST_TEXT} tokens are covered",
        )


_MOST_TEXT = 1024
"""Twice the longest prompt that any of these models takes in training."""
