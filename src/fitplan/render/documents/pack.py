"""`fitplan pack`: the best set of models that stays resident together."""

from typing import Literal

from typing_extensions import TypedDict

from fitplan.render.documents.parts import BudgetEntry, NamedEntry, RuntimeEntry
from fitplan.render.documents.plan import PlanEntry


class PackBudgetEntry(BudgetEntry):
    """The limits of a set."""

    real_bytes: int | None
    """What may really be held; null: no machine was given."""


class SharedEntry(TypedDict):
    """A file that is loaded once for several models."""

    component: str
    quant: str
    publisher: str
    cache_bytes: int
    used_by: list[str]
    saved_bytes: int


class ProofEntry(TypedDict):
    """How sure it is that no set is better."""

    status: str
    """"optimal", "time-limit" or "interrupted"."""
    gap: float


class PackedPairEntry(TypedDict):
    """A pair of a set."""

    model_id: str
    denoiser: str
    encoder: str


ChangedPairEntry = TypedDict("ChangedPairEntry", {"from": PackedPairEntry, "to": PackedPairEntry})
"""A model that is in both sets with other files."""


class StepEntry(TypedDict):
    """What a larger limit buys."""

    extra_bytes: int
    value: float
    gained: float
    added: list[PackedPairEntry]
    changed: list[ChangedPairEntry]
    dropped: list[PackedPairEntry]


class NeedsEntry(TypedDict):
    """The least limits that would do."""

    cache_bytes: int | None
    real_bytes: int | None


class UnmetEntry(TypedDict):
    """Why no set meets the wishes."""

    reason: str
    needs: NeedsEntry


class PackDocument(TypedDict):
    """The best set of models that stays resident together."""

    schema: Literal["fitplan.pack/1"]
    budget: PackBudgetEntry
    runtime: RuntimeEntry
    objective: str
    plans: list[PlanEntry]
    named: list[NamedEntry]
    """Names in kept pairs that several publishers' files have."""
    shared: list[SharedEntry]
    cache_bytes: int
    real_bytes: int
    value: float
    proof: ProofEntry | None
    next_gib: StepEntry | None
    unmet: UnmetEntry | None
