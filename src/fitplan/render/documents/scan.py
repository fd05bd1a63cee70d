"""`fitplan scan`: the models on this machine."""

from typing import Literal

from typing_extensions import TypedDict

from fitplan.render.documents.inspect import InspectionEntry
from fitplan.render.documents.parts import ProblemEntry, UnusedEntry


class ScannedEntry(InspectionEntry):
    """A model, and where it was found."""

    name: str
    origin: str
    """"folder", "invokeai", "comfyui" or "hf-cache"."""


class ScanDocument(TypedDict):
    """The models on this machine, each once."""

    schema: Literal["fitplan.scan/1"]
    models: list[ScannedEntry]
    file_bytes: int
    repeated: int
    """Further names for the same files."""
    external: int
    """Models that InvokeAI lists and a provider runs: they have no file."""
    unused: list[UnusedEntry]
    problems: list[ProblemEntry]
