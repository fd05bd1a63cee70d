"""`fitplan catalog list`, `show` and `diff`: what catalogs say."""

from typing import Literal

from typing_extensions import TypedDict

from fitplan.render.documents.parts import RuntimeEntry, UsedCatalogEntry


class ListedModelEntry(TypedDict):
    """A model and its components."""

    id: str
    name: str
    denoiser: str
    encoders: list[str]
    vae: str


class ListedComponentEntry(TypedDict):
    """A component and how many files it has."""

    id: str
    name: str
    kind: str
    architecture: str
    files: int
    publishers: list[str]
    models: list[str]


class CatalogListDocument(TypedDict):
    """Components and models."""

    schema: Literal["fitplan.catalog-list/1"]
    catalogs: list[UsedCatalogEntry]
    models: list[ListedModelEntry]
    components: list[ListedComponentEntry]
    counts: dict[str, int]
    """Section → number of its entries."""


class SourceFacts(TypedDict):
    """Where figures were read."""

    title: str
    url: str | None
    as_of: str | None


class NamedSourceFacts(SourceFacts):
    """A source and its id."""

    id: str


class EloFacts(TypedDict):
    """A published rating."""

    value: int
    as_of: str
    converted: bool
    """Whether it was converted from the older scale, ±15."""
    source: NamedSourceFacts


class ObservationFacts(TypedDict):
    """A measured usage."""

    pipeline: str
    denoiser: str
    encoder: str
    runtime: str
    cache_gib: float
    source: NamedSourceFacts
    date: str


class BenchmarkVariantsFacts(TypedDict):
    """The files of a measured time."""

    denoiser: str
    encoder: str | None


class BenchmarkFacts(TypedDict):
    """A measured time: of an image, or of a forward."""

    gpu: str
    engine: str
    model: str
    variants: BenchmarkVariantsFacts
    steps: int | None
    guidance: float | None
    forwards: int | None
    size: str
    seconds: float | None
    seconds_per_forward: float | None
    rounding: float | None
    source: NamedSourceFacts
    date: str
    note: str | None


class ModelFacts(TypedDict):
    """All that the catalog says of a model."""

    id: str
    name: str
    denoiser: str
    encoders: list[str]
    vae: str
    license: str
    distilled: str
    steps: int | None
    guidance: float | None
    elo: EloFacts | None
    note: str | None
    runs_in: list[str]
    """Programs that load a file of every part, as `name@version`."""
    observations: list[ObservationFacts]
    benchmarks: list[BenchmarkFacts]


class FileFacts(TypedDict):
    """All that the catalog says of a file."""

    id: str
    quant: str
    publisher: str
    format: str
    file: str | None
    url: str | None
    file_bytes: int
    tensor_bytes: int
    basis: str
    rel_error: float | None
    cache_error_bytes: int
    confidence: str
    weights: dict[str, dict[str, int]]
    """Role → tensor type → elements."""
    source: SourceFacts
    note: str | None


class ComponentFacts(TypedDict):
    """All that the catalog says of a component."""

    id: str
    name: str
    kind: str
    architecture: str
    family: str
    parameters: int
    hidden_size: int | None
    models: list[str]
    files: list[FileFacts]


class CatalogShowDocument(TypedDict):
    """All facts of what a name means."""

    schema: Literal["fitplan.catalog-show/1"]
    models: list[ModelFacts]
    components: list[ComponentFacts]
    files: list[FileFacts]
    sources: list[NamedSourceFacts]


class BestPairEntry(TypedDict):
    """The best pair of a model within a limit."""

    denoiser: str
    encoder: str
    cache_bytes: int
    quality_db: float | None


class NewBestEntry(TypedDict):
    """A model whose best pair changes."""

    model: str
    model_id: str
    budget_bytes: int
    in_old: bool
    in_new: bool
    before: BestPairEntry | None
    """Null: nothing fitted."""
    after: BestPairEntry | None


class ChangeEntry(TypedDict):
    """An entry that differs."""

    section: str
    id: str
    change: str
    """"added", "removed" or "changed"."""
    facts: list[str]
    """Of a changed entry: what differs."""
    before_bytes: int | None
    after_bytes: int | None


class CatalogDiffDocument(TypedDict):
    """What an edit of a catalog changes."""

    schema: Literal["fitplan.catalog-diff/1"]
    old: str
    new: str
    runtime: RuntimeEntry
    budgets_bytes: list[int]
    best: list[NewBestEntry]
    changes: list[ChangeEntry]
