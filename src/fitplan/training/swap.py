"""Which blocks a value of --blocks_to_swap moves, and which values change anything."""

from typing import assert_never

from fitplan.training.schema import EvenSwap, TrainedArchitecture, UnevenSwap


def steps(architecture: TrainedArchitecture) -> list[int]:
    """The values that each free more than the one before, ascending; 0 is not among them."""
    swap = architecture.swap
    match swap:
        case EvenSwap():
            return list(range(1, swap.most + 1))
        case UnevenSwap():
            return sorted(swap.steps)
        case _:
            assert_never(swap)


def effective(architecture: TrainedArchitecture, blocks_to_swap: int) -> int:
    """The smallest value that swaps the same blocks as `blocks_to_swap`; 0 swaps none."""
    return max((step for step in steps(architecture) if step <= blocks_to_swap), default=0)


def split(architecture: TrainedArchitecture, blocks_to_swap: int) -> dict[str, int]:
    """Blocks swapped of each group."""
    swap, value = architecture.swap, effective(architecture, blocks_to_swap)
    match swap:
        case EvenSwap():
            return {group: value if group == swap.group else 0 for group in architecture.blocks}
        case UnevenSwap():
            counts = swap.steps[value] if value else [0] * len(architecture.blocks)
            return dict(zip(architecture.blocks, counts, strict=True))
        case _:
            assert_never(swap)


def why_no_effect(architecture: TrainedArchitecture, blocks_to_swap: int) -> str | None:
    """Why this value does nothing that a smaller one doesn't do, or None when it does."""
    same = effective(architecture, blocks_to_swap)
    if same == blocks_to_swap:
        return None
    moved = split(architecture, same)
    blocks = " and ".join(
        f"{count} of {architecture.blocks[group].count} {group.replace('_', ' ')}"
        for group, count in moved.items()
    )
    larger = [step for step in steps(architecture) if step > same]
    then = f"the next that changes anything is {larger[0]}" if larger else "none frees more"
    return f"swapping {blocks_to_swap} blocks is the same as {same} ({blocks}); {then}"
