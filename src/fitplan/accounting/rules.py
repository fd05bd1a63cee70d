"""Residency rules as data: what one loader does with the tensors of one family.

`fitplan.runtimes` holds the rules; `fitplan.accounting.residency` carries them out.
"""

from dataclasses import dataclass
from typing import Literal

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Role, WeightFile, WeightGroup


@dataclass(frozen=True, slots=True)
class Keep:
    """The tensor stays as it is stored."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Every element is converted to the tensor type `to`."""

    to: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The loader throws the tensor away."""


@dataclass(frozen=True, slots=True)
class Quantize:
    """The loader quantizes every matrix to the tensor type `to`, with scales beside it.

    Bytes per tensor and per row are left out where a group knows neither (a catalog's sums).
    """

    to: str
    per_64: int = 0
    """Bytes of scales for every 64 elements."""
    per_tensor: int = 0
    per_row: int = 0

    def bytes_for(self, group: WeightGroup) -> int:
        """Bytes of the quantized group, scales included."""
        scales = group.tensors * self.per_tensor + group.rows * self.per_row
        blocks = -(-group.elements // 64)
        return TENSOR_TYPES[self.to].bytes_for(group.elements) + blocks * self.per_64 + scales


Becomes = Keep | Cast | Quantize | Drop


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of the groups in `roles` (None: of all that no earlier treatment took)."""

    roles: frozenset[Role] | None
    becomes: Becomes
    why: str
    counted: int = 1
    """How many times the runtime's books count the result."""
    held: int = 1
    """How many copies of the result stay in RAM."""
    untouched: int = 0
    """How many of those are never read or written again: swap takes them once."""
    types: frozenset[str] | None = None
    """Only groups of these tensor types; None: of any."""

    def takes(self, group: WeightGroup) -> bool:
        """Whether this treatment is for `group`."""
        return (self.roles is None or group.role in self.roles) and (
            self.types is None or group.type in self.types
        )


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A tensor that the loader makes up when the file has no group in the role `unless`.

    Elements = per_hidden·H + per_hidden_squared·H², H = the model's hidden size.
    """

    unless: Role
    per_hidden: int
    per_hidden_squared: int
    type: str
    why: str


@dataclass(frozen=True, slots=True)
class Buffers:
    """Bytes of buffers that no file stores; the books count them, RAM holds them in passing."""

    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Bytes that a loader keeps beside the weights: a tokenizer."""

    what: str
    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Scratch:
    """Memory that running a file needs besides its weights."""

    bytes: int
    why: str
    basis: Literal["measured", "code", "unknown"] = "measured"


@dataclass(frozen=True, slots=True)
class LoadingRule:
    """What one loader of a runtime does with one family in one container."""

    family: str
    containers: frozenset[Container]
    treatments: tuple[Treatment, ...]
    where: str
    """The class (and file) of the runtime that the rule was read from."""
    loads: frozenset[str]
    """Tensor types the loader can work with."""
    adds: tuple[MadeUp | Buffers | Beside, ...] = ()
    when_types: frozenset[str] = frozenset()
    """Only files with a group of one of these tensor types; empty: all."""
    when_load_type: str = ""
    """Only folders whose config.json asks for this tensor type."""
    when_part_of: str = ""
    """Only folders inside a diffusers pipeline of this family ("*": of any)."""
    when_role: Role | None = None
    """Only files with a group in this role."""
    alone: bool = True
    """Whether the loader takes a file that holds this and nothing else."""
    bundles: frozenset[str] | None = None
    """Families of checkpoints out of which the loader takes this part; None: of any."""
    basis: Literal["measured", "code"] = "measured"
    """`measured`: held against the running program; `code`: only read in its source."""
    from_code: frozenset[str] = frozenset()
    """Tensor types among `loads` that were only read in the source, whatever `basis` says."""
    beware: tuple[tuple[str, str], ...] = ()
    """Tensor type → what goes wrong with it, though it loads."""
    maps: bool = False
    """Whether tensors whose type stays are memory-mapped: page cache, which can be taken back."""

    def applies_to(self, file: WeightFile) -> bool:
        """Whether this rule's loader would be given `file`."""
        return (
            self.family == file.family
            and file.container in self.containers
            and (self._takes_from(file.bundle) if file.bundle else self.alone)
            and (not self.when_types or any(g.type in self.when_types for g in file.groups))
            and (not self.when_load_type or file.load_type == self.when_load_type)
            and (
                self.when_part_of in ("", file.part_of)
                or (self.when_part_of == "*" and file.part_of != "")
            )
            and (self.when_role is None or any(g.role == self.when_role for g in file.groups))
        )

    def _takes_from(self, bundle: str) -> bool:
        return self.bundles is None or bundle in self.bundles


@dataclass(frozen=True, slots=True)
class Refusal:
    """Files that a runtime is known not to load; what is None holds for all."""

    reason: str
    """What happens, after the runtime's name; `{types}` and `{family}` are those of the file."""
    source: str
    """Where it was read (class and file) or seen."""
    families: frozenset[str] | None = None
    containers: frozenset[Container] | None = None
    types: frozenset[str] | None = None
    """Only files with a group of one of these tensor types."""

    def applies_to(self, file: WeightFile) -> bool:
        """Whether `file` is one of those."""
        types = {group.type for group in file.groups}
        return (
            (self.families is None or file.family in self.families)
            and (self.containers is None or file.container in self.containers)
            and (self.types is None or not self.types.isdisjoint(types))
        )

    def explained(self, file: WeightFile) -> str:
        """The reason, for `file`."""
        types = {group.type for group in file.groups} & (self.types or set())
        return self.reason.format(types=", ".join(sorted(types)), family=file.family)
