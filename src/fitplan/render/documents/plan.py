"""`fitplan`: the pairs that stay resident."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import (
    BudgetEntry,
    ChoiceEntry,
    GpuEntry,
    ObservedEntry,
    ProblemEntry,
    RuntimeEntry,
    TimeEntry,
    UnusedEntry,
    UsedCatalogEntry,
    WarningEntry,
)


class MachineEntry(TypedDict):
    """The machine that the answer is for."""

    ram_bytes: int | None
    swap_bytes: int | None
    swap_kind: str | None
    vram_bytes: int | None
    """0: there is no card."""
    gpu: str | None
    os: str | None
    sources: dict[str, str]
    """Key of this entry → where its value comes from."""


class RamVerdictEntry(TypedDict):
    """Whether the machine's RAM holds the pair."""

    verdict: str
    """"fits", "swaps-once", "swaps", "killed" or "unknown"."""
    held_bytes: int | None
    untouched_bytes: int | None
    working_bytes: int | None
    peak_bytes: int | None
    swap_needed_bytes: int | None
    reason: str | None


class CardPhaseEntry(TypedDict):
    """What one phase of an image needs on the card."""

    phase: str
    """"encode", "denoise" or "decode"."""
    resident_bytes: int | None
    streamed_bytes: int | None
    """Per forward."""
    working_bytes: int | None
    peak_bytes: int | None


class CardVerdictEntry(TypedDict):
    """Whether the card holds the pair."""

    verdict: str
    """"whole", "streams", "out-of-memory" or "unknown"."""
    phases: list[CardPhaseEntry]
    uploaded_bytes: int | None
    """Per image with a new prompt."""
    reason: str | None


class PlanEntry(TypedDict):
    """One pair."""

    model: str
    model_id: str
    denoiser: ChoiceEntry
    encoder: ChoiceEntry
    others: list[ChoiceEntry]
    """Further text encoders, and the VAE."""
    file_bytes: int
    """Denoiser and text encoder."""
    cache_bytes: int
    """All parts."""
    real_bytes: int
    mapped_bytes: int
    headroom_bytes: int
    """What is left of the limit; negative for a pair that doesn't fit."""
    quality_db: float | None
    elo: int | None
    rank: int
    """Among the pairs of its model."""
    frontier: bool
    """No other fitting pair beats it."""
    observed: ObservedEntry | None
    warnings: list[WarningEntry]
    time: TimeEntry | None
    """Null when no card was named."""
    ram: NotRequired[RamVerdictEntry | None]
    """With a machine only."""
    card: NotRequired[CardVerdictEntry | None]
    """With a machine only."""


class ExcludedEntry(TypedDict):
    """How many pairs were left out, and why."""

    too_large: int
    unsupported_format: int
    """With a file that the program is known not to load."""
    no_rules: int
    """With a file that no rule of the program is about."""
    no_loadable_file: int
    """Of models a part of which has only files that the program is known not to load."""
    dominated: int
    """Beaten by a pair that is better in both parts and no larger."""
    beyond_best: int
    """Good, but not among their model's best."""
    not_held: int
    """Of models with a pair that the machine holds better; 0 without a machine."""
    models_without_rules: list[str]
    """Names of models all of whose pairs are among `no_rules`."""
    models_without_files: list[str]
    """Names of the models of `no_loadable_file`."""


class MissingEntry(TypedDict):
    """A model whose denoiser is installed, but not all of the rest."""

    model: str
    model_id: str
    components: list[str]


class PlanDocument(TypedDict):
    """The pairs that stay resident in a limit, best first."""

    schema: Literal["fitplan.plan/1"]
    budget: BudgetEntry
    runtime: RuntimeEntry
    limits: str
    """What the limit limits: "InvokeAI 6.14's model cache"."""
    modes: dict[str, str]
    """How the program runs."""
    machine: NotRequired[MachineEntry | None]
    gpu: GpuEntry | None
    plans: list[PlanEntry]
    misses: list[PlanEntry]
    """The best pairs that don't fit, if asked for."""
    fastest: list[PlanEntry]
    """The fastest pair of each level of quality, if a card is named."""
    catalogs: list[UsedCatalogEntry]
    excluded: ExcludedEntry
    missing: list[MissingEntry]
    unused: list[UnusedEntry]
    problems: list[ProblemEntry]
