"""What is asked about the time of an image, and what can be answered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, assert_never

from fitplan.catalog import Benchmark
from fitplan.units import format_gb

if TYPE_CHECKING:
    from fitplan.timing.gpus import OutsideGpu
    from fitplan.timing.model import Term
    from fitplan.timing.operations import Size
    from fitplan.timing.schema import GpuSpec

Basis = Literal["measured", "estimated", "unvalidated", "lower-bound", "refused"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about time: the card, the disk and how an image is made."""

    gpu: "GpuSpec | OutsideGpu"
    size: "Size"
    steps: int | None = None
    """None: as benchmarked, else as recommended."""
    guidance: float | None = None
    """None: the model's usual scale."""
    disk: int | None = None
    """Bytes per second that are read; None: not asked."""


@dataclass(frozen=True, slots=True)
class Refused:
    """No time, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Estimated:
    """The model's answer."""

    terms: "tuple[Term, ...]"
    seconds: float
    error_seconds: float | None
    """None: only a lower bound."""
    unvalidated: str = ""
    """Why the error is not known to hold; "" when it is."""
    overflow_bytes: int = 0
    """What VRAM doesn't hold, where that makes the answer a lower bound."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A benchmark of this very pair, and what the model says to it."""

    benchmark: Benchmark
    seconds: float
    predicted: Estimated | Refused


@dataclass(frozen=True, slots=True)
class Reread:
    """What a pair that isn't resident costs for every new prompt."""

    bytes: int
    """File bytes that are read again."""
    seconds: float | None
    """Seconds on top of the resident time; None without a disk."""
    slots: tuple[str, ...]
    """What is read again: "denoiser", "encoder" …"""


@dataclass(frozen=True, slots=True)
class Time:
    """The time of one image with one plan."""

    answer: Measured | Estimated | Refused
    steps: int | None
    forwards: int | None
    reread: Reread | Refused

    @property
    def seconds(self) -> float | None:
        """Seconds per image, resident; None when refused."""
        return None if isinstance(self.answer, Refused) else self.answer.seconds

    @property
    def predicted_seconds(self) -> float | None:
        """What the model says, measured or not: comparable between pairs."""
        answer = self.answer.predicted if isinstance(self.answer, Measured) else self.answer
        return None if isinstance(answer, Refused) else answer.seconds

    @property
    def error_seconds(self) -> float | None:
        """How far `seconds` may be off; None when that is unknown."""
        match self.answer:
            case Measured():
                return self.answer.benchmark.rounding
            case Estimated():
                return self.answer.error_seconds
            case Refused():
                return None
            case _:
                assert_never(self.answer)

    @property
    def basis(self) -> Basis:
        """Where `seconds` comes from."""
        match self.answer:
            case Measured():
                return "measured"
            case Estimated():
                return _basis(self.answer)
            case Refused():
                return "refused"
            case _:
                assert_never(self.answer)

    @property
    def reason(self) -> str:
        """Why there is no time, or less than an estimate; "" when there is nothing to say."""
        match self.answer:
            case Measured():
                return ""
            case Estimated():
                over = format_gb(self.answer.overflow_bytes)
                bound = f"the denoiser overflows VRAM by {over}: a lower bound"
                return bound if self.answer.overflow_bytes else self.answer.unvalidated
            case Refused():
                return self.answer.reason
            case _:
                assert_never(self.answer)

    @property
    def seconds_if_reread(self) -> float | None:
        """Seconds per image when the pair isn't resident; None when a part of it is unknown."""
        extra = None if isinstance(self.reread, Refused) else self.reread.seconds
        return None if self.seconds is None or extra is None else self.seconds + extra


def _basis(answer: Estimated) -> Basis:
    if answer.error_seconds is None:
        return "lower-bound"
    return "unvalidated" if answer.unvalidated else "estimated"
