"""Tensor names and shapes → architecture, roles of tensors, and a file's quantization name."""

from fitplan.architectures.matching import Architecture, recognise
from fitplan.architectures.quants import quant_of

__all__ = ["Architecture", "quant_of", "recognise"]
