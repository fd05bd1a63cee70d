"""A computer as a value: its RAM, swap and cards, each figure with where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SwapKind = Literal["disk", "zram"]
"""`zram`: compressed pages that stay in RAM."""
System = Literal["linux", "windows", "macos"]
Vendor = Literal["nvidia", "amd", "intel", "apple"]


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card."""

    name: str | None
    """None: only its memory is known."""
    vram_bytes: int | None
    """None: unknown, as with memory that it shares with the processor."""
    vendor: Vendor | None = None
    integrated: bool | None = None
    """Whether it uses the computer's RAM; None: unknown."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a computer has. None stands for what isn't known."""

    ram_bytes: int | None = None
    """RAM that a program may use, limits of a container included."""
    swap_bytes: int | None = None
    """Of `swap_kind`; 0: none."""
    swap_kind: SwapKind | None = None
    """None: no swap, or unknown."""
    os: System | None = None
    cards: tuple[Card, ...] | None = None
    """() is a machine without a card."""
    limit_bytes: int | None = None
    """Limit of the container that lowers its RAM; None: no limit."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """ram, swap, cards, os → where that was read."""

    @property
    def card(self) -> Card | None:
        """The card that programs use: the one with the most memory; None: none, or unknown."""
        return max(self.cards or (), key=lambda card: card.vram_bytes or 0, default=None)

    @property
    def vram_bytes(self) -> int | None:
        """Memory of that card; 0: there is no card; None: unknown."""
        if self.cards == ():
            return 0
        return self.card.vram_bytes if self.card else None
