"""`fitplan check`: what is wrong with catalogs."""

from typing import Literal

from typing_extensions import TypedDict


class FindingEntry(TypedDict):
    """One mistake: its place, the rule and the cure."""

    line: int
    column: int
    rule: str
    severity: str
    """"error" or "warning"."""
    message: str
    cure: str


class ResidualEntry(TypedDict):
    """A measured usage, and how far the prediction is from it."""

    model_id: str
    denoiser: str
    encoder: str
    runtime: str
    cache_gib: float
    predicted_bytes: int
    residual_bytes: int


class CheckedEntry(TypedDict):
    """One catalog file."""

    file: str
    whole: bool
    """False: an overlay, checked as laid over the shipped catalog."""
    findings: list[FindingEntry]
    """The first hundred of each rule."""
    more: dict[str, int]
    """Rule → findings that are not listed, of rules that have more; `errors` counts them too."""
    observations: list[ResidualEntry]


class CheckDocument(TypedDict):
    """What is wrong with catalogs."""

    schema: Literal["fitplan.check/1"]
    passed: bool
    strict: bool
    errors: int
    warnings: int
    files: list[CheckedEntry]
