"""Places where a model may lie, as the sources of `fitplan scan` find them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder that some program takes for a model."""

    path: Path
    origin: str
    """Which kind of place: "folder", "invokeai", "comfyui", "hf-cache"."""
    name: str = ""
    """What that program calls it; "" when it has no name of its own."""
    role: str = ""
    """What that program takes it for, in its words: ComfyUI's kind of folder, InvokeAI's type."""


@dataclass(frozen=True, slots=True)
class PlaceProblem:
    """Something that could not be looked at, or that a program does not use as it is written."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """Places, and what could not be looked at on the way."""

    places: tuple[Place, ...] = ()
    problems: tuple[PlaceProblem, ...] = ()
    external: int = 0
    """Models that run elsewhere: InvokeAI lists them, and they have no file."""

    def __add__(self, other: "Found") -> "Found":
        return Found(
            self.places + other.places,
            self.problems + other.problems,
            self.external + other.external,
        )

    def or_problem(self, path: Path, message: str) -> "Found":
        """The same; where it is nothing at all, that is a problem with `path`."""
        return Found(problems=(PlaceProblem(path, message),)) if self == Found() else self
