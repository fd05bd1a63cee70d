"""`fitplan catalog add`, `observe` and `format`: what was written, or is to be written."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import ErrorEntry


class NewLineEntry(TypedDict):
    """A line that a file got."""

    line: int
    text: str


class WrittenEntry(TypedDict):
    """What became of the text: an overlay when no file was named, else new lines in it."""

    file: str | None
    overlay: NotRequired[str]
    backup: NotRequired[str | None]
    new_lines: NotRequired[list[NewLineEntry]]


class AddedEntry(TypedDict):
    """The catalog entry of one model file."""

    id: str
    component: str
    new_component: bool
    architecture: str
    new_architecture: bool
    publisher: str
    quant: str
    format: str
    file: str
    file_bytes: int
    recipe: str | None
    """The recipe that agrees with the file's tensors; null: it has `weights` of its own."""
    weights: dict[str, dict[str, int]]
    """Role → tensor type → elements."""
    source: str
    alike: list[str]
    """Components of the same shapes, when the file's name decided between them."""


class CatalogAddDocument(WrittenEntry):
    """The catalog entries of model files."""

    schema: Literal["fitplan.catalog-add/1"]
    entries: list[AddedEntry]
    refused: list[ErrorEntry]


class ObservationEntry(TypedDict):
    """A measured usage, as the catalog has it."""

    pipeline: str
    denoiser: str
    encoder: str
    runtime: str
    cache_gib: float
    source: str
    date: str


class CatalogObserveDocument(WrittenEntry):
    """A measured usage, and how far the prediction is from it."""

    schema: Literal["fitplan.catalog-observe/1"]
    observation: ObservationEntry
    predicted_bytes: int
    residual_gib: float
    agrees: bool


class DeviationEntry(TypedDict):
    """A place that isn't in canonical form."""

    line: int
    column: int
    message: str


class CatalogFormatDocument(TypedDict):
    """What of a catalog file isn't in canonical form."""

    schema: Literal["fitplan.catalog-format/1"]
    file: str
    canonical: bool
    written: bool
    deviations: list[DeviationEntry]
