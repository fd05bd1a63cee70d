"""`fitplan explain`: every line of bytes of one pair."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import (
    ChoiceEntry,
    NamedEntry,
    ObservedEntry,
    RuntimeEntry,
    TimeEntry,
)


class LineEntry(TypedDict):
    """The bytes of one role in one tensor type."""

    role: str
    type: str | None
    becomes: str | None
    """The type it is kept in, "dropped", or null when it stays as it is."""
    elements: int
    file_bytes: int
    cache_bytes: int
    real_bytes: int
    mapped_bytes: int
    transient_bytes: int
    why: str


class RuleEntry(TypedDict):
    """The rule that made the lines."""

    where: str
    """The class or function it was read from."""
    basis: str


class ScratchEntry(TypedDict):
    """A compute buffer."""

    scratch_bytes: int
    why: str
    basis: str


class PartEntry(ChoiceEntry):
    """One file of the pair, line by line."""

    slot: str
    """"denoiser", "encoder", "vae" …"""
    header_bytes: int
    """Names, tokenizer, padding: not loaded."""
    rule: RuleEntry
    scratch: ScratchEntry | None
    lines: list[LineEntry]


class ExplainDocument(TypedDict):
    """Every line of bytes of one pair, from the file to RAM."""

    schema: Literal["fitplan.explain/1"]
    model: str
    model_id: str
    runtime: RuntimeEntry
    modes: dict[str, str]
    parts: list[PartEntry]
    named: list[NamedEntry]
    """Names that several publishers' files have."""
    file_bytes: int
    cache_bytes: int
    real_bytes: int
    mapped_bytes: int
    needed_bytes: int
    transient_bytes: int
    quality_db: float | None
    observed: ObservedEntry | None
    time: TimeEntry | None
    unknown: NotRequired[dict[str, str]]
    """Key that is null → the reason."""
