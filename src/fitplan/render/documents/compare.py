"""`fitplan compare`: one pair in every program."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import NamedEntry


class ComparedPartEntry(TypedDict):
    """One file in one program."""

    slot: str
    file: str
    """`component/publisher/QUANT`."""
    format: str
    cache_bytes: int
    real_bytes: int
    mapped_bytes: int
    scratch_bytes: int
    """Its compute buffer."""
    basis: str
    where: str


class WayEntry(TypedDict):
    """What to set so that the pair fits."""

    modes: dict[str, str]
    needed_bytes: int
    write: str
    source: str


class ComparedBytes(TypedDict):
    """What the pair needs in a program that loads it."""

    cache_bytes: int
    needed_bytes: int
    """What its fit test wants: with process, compute buffers and headroom."""
    real_bytes: int
    hard_bytes: int
    """Anonymous RAM: `real_bytes` without what is memory-mapped."""
    mapped_bytes: int
    transient_bytes: int
    parts: list[ComparedPartEntry]
    notes: list[str]


class ComparedEntry(TypedDict):
    """The pair in one program; sizes are there when the program loads it."""

    name: str
    version: str
    title: str
    modes: dict[str, str]
    loads: bool | None
    """Null when no rule tells."""
    reason: str | None
    """Why it doesn't load the pair."""
    limits: str
    miss: str
    """What happens to a pair that doesn't fit."""
    fits: bool | None
    way: WayEntry | None
    cache_bytes: NotRequired[int]
    needed_bytes: NotRequired[int]
    real_bytes: NotRequired[int]
    hard_bytes: NotRequired[int]
    mapped_bytes: NotRequired[int]
    transient_bytes: NotRequired[int]
    parts: NotRequired[list[ComparedPartEntry]]
    notes: NotRequired[list[str]]


class CompareDocument(TypedDict):
    """One pair in every program."""

    schema: Literal["fitplan.compare/1"]
    model: str
    model_id: str
    denoiser: str
    encoder: str
    ram_bytes: int | None
    named: list[NamedEntry]
    """Names that several publishers' files have."""
    runtimes: list[ComparedEntry]
