"""`fitplan need`: what the pairs of a model need."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import FileEntry, NamedEntry, RuntimeEntry


class NeedEntry(TypedDict):
    """What one pair needs."""

    denoiser: FileEntry
    encoder: FileEntry
    cache_limit_bytes: int
    """The limit to set; of programs without one the RAM that must be available to them."""
    real_bytes: int
    """What is held at once."""
    system_ram_bytes: int
    """What is taken of the machine's RAM, and the reserve for the rest."""
    transient_bytes: int
    file_bytes: int
    disk_bytes: int
    """Every file of the pipeline."""
    quality_db: float | None
    frontier: bool
    fits_machine: bool | None
    """Null: no machine was given."""


class RungEntry(TypedDict):
    """The best pair of a machine with so much RAM."""

    ram_bytes: int
    cache_limit_bytes: int
    pair: NeedEntry | None


class NeedDocument(TypedDict):
    """What the pairs of a model need."""

    schema: Literal["fitplan.need/1"]
    model: str
    model_id: str
    runtime: RuntimeEntry
    reserve_bytes: int
    ram_total_bytes: int | None
    pairs: list[NeedEntry]
    named: list[NamedEntry]
    """Names that several publishers' files have."""
    steps: NotRequired[list[NeedEntry]]
    """With --for-ram: the limits at which the best pair changes."""
    machines: NotRequired[list[RungEntry]]
    """With --for-ram."""
