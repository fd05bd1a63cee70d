"""Tensor names and shapes → architecture, roles of tensors, and a file's quantization name."""

from fitplan.architectures.architecture import KnownArchitecture
from fitplan.architectures.families import family_of_pipeline
from fitplan.architectures.quants import quant_of
from fitplan.architectures.recognition import ARCHITECTURE, recognise

__all__ = ["ARCHITECTURE", "KnownArchitecture", "family_of_pipeline", "quant_of", "recognise"]
