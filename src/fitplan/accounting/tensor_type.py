"""One way to store numbers: what it takes, what it loses, and how that loss is known."""

from dataclasses import dataclass
from typing import Literal

Basis = Literal["measured", "estimated"]
"""`measured`: by the reference quantizer on Gaussian weights; `estimated`: between two figures."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """`block_bytes` bytes for every `block_size` elements.

    `error` is the relative weight error: RMS of the rounding error over RMS of the weights, with
    BF16 as the reference; None where it is not known.
    """

    name: str
    block_size: int
    block_bytes: int
    error: float | None = None
    ggml_id: int | None = None
    between: tuple[float, float] | None = None
    """The least and the most that the error may be, where it is an estimate; None: measured."""

    @property
    def quantized(self) -> bool:
        """Whether elements are packed in blocks (a GGML quantization, or under 8 bits each)."""
        return self.block_size > 1

    @property
    def basis(self) -> Basis:
        """How `error` is known."""
        return "measured" if self.between is None else "estimated"

    @property
    def errors(self) -> tuple[float, float, float] | None:
        """`error` with the least and the most it may be; None where it is not known."""
        if self.error is None:
            return None
        low, high = self.between or (self.error, self.error)
        return self.error, low, high

    def bytes_for(self, elements: int) -> int:
        """Bytes that `elements` take; a started block counts whole."""
        return -(-elements // self.block_size) * self.block_bytes

    def elements_in(self, size: int) -> int:
        """Elements that `size` bytes hold; a part of a block counts nothing."""
        return size // self.block_bytes * self.block_size
