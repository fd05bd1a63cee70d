"""How a program uses a graphics card, as data: `fitplan.runtimes` holds the rules.

`fitplan.accounting.card` carries them out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import WeightFile
from fitplan.units import GIB

Phase = Literal["encode", "denoise", "decode"]
PHASES: tuple[Phase, ...] = ("encode", "denoise", "decode")
"""In the order of an image."""

CONTEXT_BYTES = GIB // 2
"""VRAM that the driver's context takes: 0.4 to 0.6 GiB."""
TAKEN_BYTES = 8 * GIB // 10
"""VRAM that context and desktop take: assumed, no card was measured."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The image to make, pixels."""

    width: int = 1024
    height: int = 1024

    @property
    def pixels(self) -> int:
        """All pixels."""
        return self.width * self.height

    @property
    def tokens(self) -> int:
        """Squares of 16 pixels."""
        return self.pixels // 256


@dataclass(frozen=True, slots=True)
class CardSpace:
    """What a program finds of a card."""

    vram_bytes: int
    vendor: str = ""
    """"nvidia", "amd" …; "" when unknown."""
    os: str = ""

    @property
    def free_bytes(self) -> int:
        """VRAM left by context and desktop."""
        return max(0, self.vram_bytes - TAKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Working:
    """VRAM that a part takes besides its weights while it runs."""

    asked_bytes: int
    """What the program leaves free of weights for it."""
    used_bytes: int | None = None
    """What it takes at most, as far as it is known; None: unknown."""
    least_bytes: int = 0
    """What it certainly takes: with less the run fails."""


WorkingMemory = Callable[[Phase, WeightFile, Picture, CardSpace], Working | Unknown]


@dataclass(frozen=True, slots=True)
class ModelCache:
    """Parts stay on the card until another needs room; layers that have none are streamed."""

    working: WorkingMemory
    partial: bool = True
    """Whether part of a model may be on the card; else each goes there whole."""


@dataclass(frozen=True, slots=True)
class RoomFirst:
    """Others leave until a part has its room; what is over is streamed. What is uploaded again for
    the next image isn't known."""

    working: WorkingMemory


@dataclass(frozen=True, slots=True)
class OneByOne:
    """One part on the card at a time, whole; every image uploads all."""

    working: WorkingMemory


@dataclass(frozen=True, slots=True)
class AllAtOnce:
    """Every part on the card, and the largest working memory of one."""

    working: WorkingMemory


CardRule = ModelCache | RoomFirst | OneByOne | AllAtOnce | Unknown
"""`Unknown`: no rule tells, with the reason."""

NO_CARD_RULE = Unknown("how this program uses a graphics card is not known")
