"""Ignorance as a value: what fitplan does not know, it says, with the reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that is not known, in place of its value."""

    reason: str
    """Why, as users read it: "72 I8 tensors of unknown packing, e.g. layers.0.qkv.weight"."""
