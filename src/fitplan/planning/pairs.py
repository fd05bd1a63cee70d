"""A file as a choice for one part of a pipeline, and a plan: one choice for every part."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from fitplan.accounting.residency import Residency
from fitplan.catalog import Pipeline, PublishedFile


@dataclass(frozen=True, slots=True)
class Choice:
    """One file in one slot, and what it becomes in the runtime."""

    file: PublishedFile
    residency: Residency

    @property
    def sort_key(self) -> tuple[int, float, int, str]:
        """Cheapest first, then the more exact, then the smaller file; the id makes it total."""
        return (self.residency.cache_bytes, self.error, self.file.weights.file_bytes, self.file.id)

    @property
    def error(self) -> float:
        """Relative weight error; infinite when it is unknown."""
        return inf if self.file.rel_error is None else self.file.rel_error

    def dominated_by(self, other: "Choice") -> bool:
        """Whether `other` is no worse and needs no more cache (ties go to the earlier in order)."""
        return other.error <= self.error and other.sort_key < self.sort_key


def undominated(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """Of choices in order of cost, those that no cheaper or equal one beats in error."""
    kept: list[Choice] = []
    for choice in choices:
        if not kept or not choice.dominated_by(kept[-1]):
            kept.append(choice)
    return tuple(kept)


def download_bytes(denoiser: Choice, encoder: Choice) -> int:
    """Bytes of both files as downloaded; of a checkpoint that holds both the whole file."""
    one, other = denoiser.file, encoder.file
    if one.checkpoint is not None and one.checkpoint == other.checkpoint:
        return one.checkpoint.file_bytes
    return one.weights.file_bytes + other.weights.file_bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """One choice per slot of one pipeline."""

    pipeline_id: str
    pipeline: Pipeline
    denoiser: Choice
    encoder: Choice
    others: tuple[Choice, ...]
    frontier: bool
    quality_db: float | None
    adjusted_elo: float
    rank: int = 0
    """1 for the best plan of its model among those answered."""
    file_bytes: int = field(init=False)
    """Denoiser and encoder, as downloaded; of a checkpoint that holds both the whole file."""
    cache_bytes: int = field(init=False)
    """All parts, as the runtime counts them."""
    real_bytes: int = field(init=False)
    """All parts, as they lie in RAM."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "file_bytes", download_bytes(self.denoiser, self.encoder))
        for name in ("cache_bytes", "real_bytes"):
            total = sum(getattr(choice.residency, name) for choice in self.choices)
            object.__setattr__(self, name, total)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All parts, the denoiser first."""
        return (self.denoiser, self.encoder, *self.others)

    @property
    def sort_key(self) -> tuple[float, int, int, str, str]:
        """Best quality first; then less cache, then the smaller download; the ids make it total."""
        quality = -inf if self.quality_db is None else self.quality_db
        ids = (self.denoiser.file.id, self.encoder.file.id)
        return (-quality, self.cache_bytes, self.file_bytes, *ids)

    def beaten_by(self, other: "Plan") -> bool:
        """Whether `other` needs no more cache and is no worse in either part."""
        return (
            other.cache_bytes <= self.cache_bytes
            and other.denoiser.error <= self.denoiser.error
            and other.encoder.error <= self.encoder.error
            and other.sort_key < self.sort_key
        )
