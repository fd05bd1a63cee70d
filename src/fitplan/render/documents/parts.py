"""What several documents share."""

from typing import NotRequired

from typing_extensions import TypedDict


class RuntimeEntry(TypedDict):
    """The program that loads the files, and the version whose rules were used."""

    name: str
    version: str
    asked: NotRequired[str]
    """The version that was asked for, where it has no rules of its own."""


class RuntimeModesEntry(RuntimeEntry):
    """A program and how it runs."""

    modes: dict[str, str]


class BudgetEntry(TypedDict):
    """The limit that the answer is for."""

    cache_bytes: int
    source: str
    """Where the limit comes from: "option" or "machine"."""


class FileEntry(TypedDict):
    """Which file of a component."""

    component: str
    quant: str
    publisher: str


class PublishedEntry(FileEntry):
    """A file, and what it costs."""

    file_bytes: int
    cache_bytes: int


class NamedEntry(PublishedEntry):
    """The file that a name was answered for: of several publishers' the cheapest."""

    others: list[PublishedEntry]
    """Files of the same quantization by other publishers, cheapest first."""


class WeightErrorEntry(TypedDict):
    """How far weights are from full precision, and how that is known."""

    rel_error: float | None
    """Relative error of the weights (RMS of the error over RMS of the weights)."""
    rel_error_basis: str | None
    """"measured", "estimated" or "stated" (by the catalog, of this file)."""
    rel_error_range: list[float] | None
    """The least and the most it may be, where it is estimated."""


class ChoiceEntry(WeightErrorEntry):
    """One file of a pair, and what the program makes of it."""

    component: str
    quant: str | None
    publisher: str
    format: str
    """"gguf", "safetensors", "folder" …"""
    file: str | None
    """Name of the file, or of the folder; null when it isn't known."""
    url: str | None
    file_bytes: int
    cache_bytes: int
    """What the program's cache counts."""
    real_bytes: int
    """What is held in RAM."""
    mapped_bytes: int
    """Bytes of `real_bytes` that are memory-mapped: the system can take them back."""
    transient_bytes: int
    """Needed on top while the file loads."""
    basis: str
    """Where the bytes of the file come from: "header", "published" or "derived"."""
    residency_basis: str
    """Where the cache bytes come from: "measured" or "code"."""
    confidence: str
    source: str
    """Title of the source."""
    unknown: NotRequired[dict[str, str]]
    """Key that is null → the reason."""


class ObservedEntry(TypedDict):
    """A measured usage, beside the prediction for the version it was measured with."""

    cache_gib: float
    runtime: str
    predicted_gib: float
    source: str
    date: str


class BenchmarkEntry(TypedDict):
    """The benchmark that a measured time comes from."""

    engine: str
    source: str
    date: str


class TermEntry(TypedDict):
    """One addend of a time."""

    what: str
    seconds: float
    why: str


class TimeEntry(TypedDict):
    """The time of one image."""

    seconds: float | None
    """Null when it is refused."""
    error_seconds: float | None
    basis: str
    """"measured", "estimated", "unvalidated", "lower-bound" or "refused"."""
    reason: str | None
    seconds_if_reread: float | None
    """When the cache is too small and the pair is read again; null without a disk."""
    reread_bytes: int | None
    reread: list[str] | None
    """What is read again: "denoiser", "encoder" …"""
    steps: int | None
    forwards: int | None
    predicted_seconds: float | None
    benchmark: BenchmarkEntry | None
    terms: NotRequired[list[TermEntry]]


class GpuEntry(TypedDict):
    """The card that times are for."""

    name: str
    architecture: str
    peak_tflops: float | None
    size: str
    """Of the image: "1024x1024"."""
    disk_bytes_per_second: int | None


class WarningEntry(TypedDict):
    """Something to know before trusting or downloading a pair."""

    kind: str
    text: str


class ErrorEntry(TypedDict):
    """What is wrong, and the cure."""

    kind: str
    message: str
    hint: str


class ProblemEntry(TypedDict):
    """A place that gave no answer."""

    path: str
    message: str


class UnusedEntry(TypedDict):
    """A file that was found and not planned with."""

    path: str
    name: str
    """What the program that it was found through calls it, or its file's name."""
    what: str | None
    """What it is, as far as its header says."""
    reason: str


UsedCatalogEntry = TypedDict("UsedCatalogEntry", {"file": str, "from": str})
"""A catalog file that the answer comes from, and who named it: "shipped", "option" …"""
