"""What fits: precision, swap and offload of each model and size. Pure.

Runs are tried in the order of what they cost: bf16 without swap; bf16 with the smallest swap that
changes anything and fits; beside it fp8, without swap or with, since the two trade speed for
precision; and where none of these fits, the same with the checkpoints moved to RAM.
"""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from fitplan.training.formula import Run, checkpoint_bytes
from fitplan.training.margins import refuse_unclaimed
from fitplan.training.pace import Card
from fitplan.training.plan import Model, TrainingBudget, TrainingPlan, weigh
from fitplan.training.schema import Optimizer, Precision, TrainingFile
from fitplan.training.swap import effective, steps

PRECISIONS: tuple[Precision, ...] = ("bf16", "fp8")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants of one run; the search fills in the rest."""

    budget: TrainingBudget
    width: int
    height: int
    card: Card
    precision: Literal["auto", "bf16", "fp8"] = "auto"
    blocks_to_swap: int | None = None
    """None for the smallest that fits."""
    rank: int = 16
    batch: int = 1
    optimizer: Optimizer = "adamw8bit"
    text_tokens: int | None = None

    def run(self, precision: Precision, blocks_to_swap: int, offload: bool) -> Run:
        """The run that this wish and a choice amount to."""
        return Run(
            precision,
            blocks_to_swap,
            self.width,
            self.height,
            self.rank,
            self.batch,
            self.optimizer,
            self.text_tokens,
            offload,
        )


@dataclass(frozen=True, slots=True)
class Unfit:
    """A model and size for which nothing fits."""

    model: Model
    wish: Wish
    reason: str
    nearest: tuple[tuple[str, TrainingPlan], ...] = ()
    """What would have to change, and what then fits."""


def fitting(file: TrainingFile, model: Model, wish: Wish) -> list[TrainingPlan]:
    """The plans to choose from; empty when nothing fits.

    Raises FitplanError (usage) for a wish that the formula doesn't claim to cover.
    """
    refuse_unclaimed(file.claims, wish.run("bf16", 0, offload=False))
    for offload in (False, True):
        found = _side_by_side(file, model, wish, offload)
        if found:
            return found
    return []


def every_plan(file: TrainingFile, model: Model, wish: Wish) -> list[TrainingPlan]:
    """Every plan that was tried, fitting or not."""
    return [
        weigh(file, model, wish.run(precision, swap, offload), wish.card)
        for precision in precisions(model, wish)
        for offload in (False, True)
        for swap in _swaps(model, wish)
    ]


def precisions(model: Model, wish: Wish) -> list[Precision]:
    """The precisions to try."""
    wanted = PRECISIONS if wish.precision == "auto" else (wish.precision,)
    return [precision for precision in wanted if precision in model.architecture.precisions]


def _side_by_side(
    file: TrainingFile, model: Model, wish: Wish, offload: bool
) -> list[TrainingPlan]:
    found: list[TrainingPlan] = []
    for precision in precisions(model, wish):
        found += _first_fit(file, model, wish, precision, offload)
        if found and found[0].run.blocks_to_swap == 0:
            break
    return found


def _first_fit(
    file: TrainingFile, model: Model, wish: Wish, precision: Precision, offload: bool
) -> list[TrainingPlan]:
    """The plan with the smallest swap that fits, if any; VRAM falls with every step."""

    def plan(swap: int) -> TrainingPlan:
        return weigh(file, model, wish.run(precision, swap, offload), wish.card)

    def enough(swap: int) -> bool:
        return plan(swap).vram.total + wish.budget.headroom_bytes <= wish.budget.vram_bytes

    swaps = _swaps(model, wish)
    place = bisect_left(swaps, True, key=enough)
    found = [plan(swap) for swap in swaps[place : place + 1]]
    return [one for one in found if one.fits(wish.budget) and _saves(one)]


def _saves(plan: TrainingPlan) -> bool:
    """Whether offload, if asked for, frees VRAM: not where LoRA gradients outweigh checkpoints."""
    shapes, run = plan.model.architecture, plan.run
    return not run.offload or plan.vram.checkpoints < checkpoint_bytes(shapes, run)


def _swaps(model: Model, wish: Wish) -> list[int]:
    architecture, wanted = model.architecture, wish.blocks_to_swap
    if wanted is None:
        return [0, *steps(architecture)]
    return [effective(architecture, wanted)] if wanted <= architecture.swap.most else []
