"""`fitplan fit`: which file of a repository to download."""

from typing import Literal

from typing_extensions import TypedDict

from fitplan.render.documents.parts import BudgetEntry, ProblemEntry, RuntimeModesEntry


class FittedFileEntry(TypedDict):
    """One file of a pair."""

    id: str
    quant: str | None
    file: str | None
    url: str | None
    file_bytes: int
    cache_bytes: int
    real_bytes: int
    rel_error: float | None
    basis: str


class FittedPairEntry(TypedDict):
    """A file of the repository with its best partner."""

    rank: int
    file: str
    files: list[str]
    """All shards."""
    model: str
    model_id: str
    denoiser: FittedFileEntry
    encoder: FittedFileEntry
    file_bytes: int
    cache_bytes: int
    real_bytes: int
    headroom_bytes: int
    quality_db: float | None


class WithoutEntry(TypedDict):
    """A file without a partner, and why."""

    file: str
    files: list[str]
    model: str | None
    reason: str
    needed_bytes: int | None


class FitDocument(TypedDict):
    """Which file of a repository to download."""

    schema: Literal["fitplan.fit/1"]
    repository: str
    revision: str | None
    commit: str
    date: str | None
    budget: BudgetEntry
    runtime: RuntimeModesEntry
    pairs: list[FittedPairEntry]
    without: list[WithoutEntry]
    problems: list[ProblemEntry]
    advice: str | None
    commands: list[str]
