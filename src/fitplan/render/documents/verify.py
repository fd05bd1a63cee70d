"""`fitplan verify`: our reading of headers beside that of the reference libraries."""

from typing import Literal

from typing_extensions import TypedDict


class VerifiedEntry(TypedDict):
    """One file."""

    path: str
    library: str
    tensors: int
    differences: list[str]


class VerifyDocument(TypedDict):
    """Where the reference libraries read something else."""

    schema: Literal["fitplan.verify/1"]
    files: list[VerifiedEntry]
