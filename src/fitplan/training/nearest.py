"""When nothing fits: why, and the nearest that does."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from fitplan.training.formula import PIXELS_PER_TOKEN
from fitplan.training.plan import Model, TrainingPlan, describe
from fitplan.training.schema import Precision, TrainingFile
from fitplan.training.search import Unfit, Wish, every_plan, fitting
from fitplan.units import format_gib

_STEP = 4 * PIXELS_PER_TOKEN
"""Pixels by which the longer side shrinks."""


def unfit(file: TrainingFile, model: Model, wish: Wish) -> Unfit:
    """Why this wish has no fitting plan, with the smallest changes that give it one."""
    return Unfit(model, wish, _reason(file, model, wish), tuple(_nearest(file, model, wish)))


def _reason(file: TrainingFile, model: Model, wish: Wish) -> str:
    most = model.architecture.swap.most
    if wish.blocks_to_swap is not None and wish.blocks_to_swap > most:
        return f"at most {most} of its blocks can be swapped, not {wish.blocks_to_swap}"
    plans = every_plan(file, model, wish)
    if not plans:
        only = " and ".join(model.architecture.precisions)
        return f"the formula covers it in {only} only, not in {wish.precision}"
    return _shortage(wish, plans)


def _shortage(wish: Wish, plans: list[TrainingPlan]) -> str:
    budget = wish.budget
    room = budget.vram_bytes - budget.headroom_bytes
    within = [plan for plan in plans if plan.vram.total <= room]
    if within:
        least = min(within, key=lambda plan: plan.ram_bytes)
        return f"needs {format_gib(least.ram_bytes)} of RAM to fit this VRAM ({describe(least)})"
    least = min(plans, key=lambda plan: plan.vram.total)
    needed = f"{format_gib(least.vram.total + budget.headroom_bytes)} of VRAM, headroom included,"
    short = budget.ram_bytes is not None and least.ram_bytes > budget.ram_bytes
    ram = f" and {format_gib(least.ram_bytes)} of RAM" if short else ""
    return f"needs {needed}{ram} at the least ({describe(least)})"


def _nearest(file: TrainingFile, model: Model, wish: Wish) -> Iterator[tuple[str, TrainingPlan]]:
    for change, other in _changes(file, wish):
        plans = fitting(file, model, other)
        if plans:
            yield change, plans[0]
    smaller = _smaller(file, model, wish) or _smaller(file, model, _freed(wish))
    if smaller:
        yield "a smaller image", smaller


def _changes(file: TrainingFile, wish: Wish) -> Iterator[tuple[str, Wish]]:
    if wish.blocks_to_swap is not None:
        yield "another swap", replace(wish, blocks_to_swap=None)
    if wish.precision != "auto":
        other: Precision = "fp8" if wish.precision == "bf16" else "bf16"
        yield other, replace(_freed(wish), precision=other)
    if wish.batch > 1:
        yield "a batch of 1", replace(wish, batch=1)


def _freed(wish: Wish) -> Wish:
    return replace(wish, blocks_to_swap=None, precision="auto")


def _smaller(file: TrainingFile, model: Model, wish: Wish) -> TrainingPlan | None:
    """The largest image of the same shape for which something fits; smaller ones need no more."""

    def plans(side: int) -> list[TrainingPlan]:
        width, height = (_scaled(length, side, longer) for length in (wish.width, wish.height))
        return fitting(file, model, replace(wish, width=width, height=height))

    least, longer = file.claims.sides[0], max(wish.width, wish.height)
    sides = range(longer - _STEP, least - 1, -_STEP)
    shorter = min(wish.width, wish.height)
    covered = [side for side in sides if _scaled(shorter, side, longer) >= least]
    place = bisect_left(covered, True, key=lambda side: bool(plans(side)))
    return plans(covered[place])[0] if place < len(covered) else None


def _scaled(length: int, side: int, longer: int) -> int:
    return length * side // longer // PIXELS_PER_TOKEN * PIXELS_PER_TOKEN
