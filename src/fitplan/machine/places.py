"""Places where a model may lie, as the sources of `fitplan scan` find them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder that some program takes for a model."""

    path: Path
    origin: str
    """Who says so: "folder", "invokeai", "comfyui", "hf-cache"."""
    name: str = ""
    """What that program calls it; "" when it has no name of its own."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be looked at."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """Places, and what could not be looked at on the way."""

    places: tuple[Place, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __add__(self, other: "Found") -> "Found":
        return Found(self.places + other.places, self.problems + other.problems)
