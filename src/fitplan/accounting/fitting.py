"""Fit tests: whether a set of files fits, as arithmetic that knows no runtime.

A runtime either keeps all files at once (`Together`) or one at a time (`InTurn`). Both compare what
is needed with a budget in bytes, and both only grow when a file costs more: the cheapest choice of
a slot is always the one that fits best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Cost(Protocol):
    """What one file asks of a fit test."""

    @property
    def cache_bytes(self) -> int:
        """Bytes that the runtime counts for as long as the file is loaded."""

    @property
    def scratch_bytes(self) -> int:
        """Bytes that running the file needs on top, and that the next file can have again."""


@dataclass(frozen=True, slots=True)
class Headroom:
    """What a program keeps free: a share of the RAM, within limits in bytes."""

    per_cent: int = 0
    least: int = 0
    most: int = 0

    def of(self, ram: int) -> int:
        """Bytes kept free of `ram` bytes."""
        return min(self.most, max(self.least, ram * self.per_cent // 100))


@dataclass(frozen=True, slots=True)
class Together:
    """All files stay: their sum, the largest scratch, fixed bytes and headroom."""

    fixed_bytes: int = 0
    """What the process itself takes."""
    headroom: Headroom = Headroom()

    def needed(self, costs: Sequence[Cost], budget: int) -> int:
        """The bytes of `budget` that a set of files takes."""
        return (
            sum(cost.cache_bytes for cost in costs)
            + max((cost.scratch_bytes for cost in costs), default=0)
            + self.fixed_bytes
            + self.headroom.of(budget)
        )

    def least(self, costs: Sequence[Cost]) -> int:
        """The smallest budget that holds a set of files.

        What is left beside the headroom grows with the budget, so halving the range finds it.
        """
        low = self.needed(costs, 0)
        high = low - self.headroom.of(0) + self.headroom.most
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self.needed(costs, middle) <= middle else (middle + 1, high)
            )
        return low


@dataclass(frozen=True, slots=True)
class InTurn:
    """One file at a time: the largest sum of a file and its scratch, and fixed bytes."""

    fixed_bytes: int = 0
    """What the process itself takes."""

    def needed(self, costs: Sequence[Cost], budget: int) -> int:
        """The bytes of `budget` that the largest phase takes."""
        peaks = (cost.cache_bytes + cost.scratch_bytes for cost in costs)
        return max(peaks, default=0) + self.fixed_bytes

    def least(self, costs: Sequence[Cost]) -> int:
        """The smallest budget that holds a set of files."""
        return self.needed(costs, 0)


FitTest = Together | InTurn


def fits(test: FitTest, costs: Sequence[Cost], budget: int) -> bool:
    """Whether files with `costs` fit `budget` bytes."""
    return test.needed(costs, budget) <= budget
