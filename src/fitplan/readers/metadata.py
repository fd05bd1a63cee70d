"""The few entries of a header's metadata that recognition needs; all others are walked over.

What is kept was written by a stranger: bounded in length, but as free in its words as any text.
"""

from collections.abc import Mapping

MetadataValue = str | int | tuple[int, ...]
Metadata = Mapping[str, MetadataValue]
"""Key → text, number or list of numbers."""

MAX_TEXT = 1 << 20
"""Bytes of a text that is kept; a longer one is as good as none."""
MAX_NUMBERS = 16
"""Numbers of a list that is kept: the axes of a shape."""

ORIGINAL_SHAPE = "comfy.gguf.orig_shape."
"""ComfyUI-GGUF's key, followed by a tensor's name: its shape (rows first) before it was folded."""

_GGUF = frozenset(
    {
        *("general.architecture", "general.type", "general.file_type", "general.alignment"),
        *("clip.projector_type", "clip.vision.projector_type"),
    }
)
_SAFETENSORS = frozenset(
    {
        *("format", "modelspec.architecture", "model_class"),
        *("quantization_config", "_quantization_metadata"),
    }
)


def wanted_of_gguf(key: str) -> bool:
    """Whether the entry `key` of a GGUF header is kept."""
    return key in _GGUF or key.startswith(ORIGINAL_SHAPE)


def wanted_of_safetensors(key: str) -> bool:
    """Whether the entry `key` of a safetensors file's `__metadata__` is kept."""
    return key in _SAFETENSORS
