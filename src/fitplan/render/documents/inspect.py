"""`fitplan inspect`: what files hold and what they become."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from fitplan.render.documents.parts import ErrorEntry


class TypeEntry(TypedDict):
    """All tensors of one type."""

    tensors: int
    elements: int
    bytes: int


class GroupEntry(TypedDict):
    """All elements of one role in one tensor type."""

    role: str
    type: str
    elements: int


class ResidencyEntry(TypedDict, total=False):
    """What the file becomes in one program, or why that isn't known."""

    cache_bytes: int | None
    real_bytes: int | None
    mapped_bytes: int | None
    transient_bytes: int | None
    version: str
    basis: str
    beware: str | None
    """What goes wrong with the file in the program, though it loads."""
    reason: str
    """Why there are no sizes."""
    unsupported: str
    """The program doesn't load the file: the reason."""
    source: str
    """Of `unsupported`."""
    unknown: str
    """There is no rule: the reason."""


class RemoteEntry(TypedDict):
    """Where a model on the hub was read."""

    repository: str
    revision: str | None
    commit: str
    date: str | None
    files: list[str]


class BesideEntry(TypedDict):
    """The best partner with which the file fits, or why there is none."""

    partner: str | None
    reason: NotRequired[str]
    needed_bytes: NotRequired[int | None]
    model_id: NotRequired[str]
    cache_bytes: NotRequired[int]
    headroom_bytes: NotRequired[int]


class InspectionEntry(TypedDict):
    """One file; one that can't be read has `path` and `error` only."""

    path: str
    error: NotRequired[ErrorEntry]
    format: NotRequired[str]
    component: NotRequired[str | None]
    """"denoiser", "encoder", "vae", "checkpoint" …"""
    architecture: NotRequired[str | None]
    differences: NotRequired[list[str]]
    """How a variant differs from what `architecture` says."""
    nearest: NotRequired[str | None]
    """What an unknown architecture almost is, and how it differs."""
    family: NotRequired[str | None]
    blocks: NotRequired[int | None]
    quant: NotRequired[str | None]
    parameters: NotRequired[int | None]
    file_bytes: NotRequired[int]
    tensor_bytes: NotRequired[int]
    bits_per_weight: NotRequired[float | None]
    rel_error: NotRequired[float | None]
    rel_error_basis: NotRequired[str | None]
    rel_error_range: NotRequired[list[float] | None]
    types: NotRequired[dict[str, TypeEntry]]
    groups: NotRequired[list[GroupEntry]]
    residency: NotRequired[dict[str, ResidencyEntry]]
    """Program → what the file becomes in it."""
    warnings: NotRequired[list[str]]
    unknown: NotRequired[dict[str, str]]
    """Key that is null → the reason."""
    remote: NotRequired[RemoteEntry]
    """For a file on the hub."""
    fits_next_to: NotRequired[BesideEntry]
    """For a file on the hub, with --ram."""


class InspectDocument(TypedDict):
    """What files hold and what they become."""

    schema: Literal["fitplan.inspect/1"]
    files: list[InspectionEntry]
