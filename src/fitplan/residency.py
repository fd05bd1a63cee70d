"""Apply a runtime's rules to weight groups: cache, real and transient bytes, line by line.

Rules are data (see `fitplan.runtimes`); this module only carries them out, in integers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from fitplan.quantization import TENSOR_TYPES
from fitplan.weights import Container, Role, WeightFile, WeightGroup


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


Becomes = Keep | Cast | Drop


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
class Rule:
    """What one loader of a runtime does with one family in one container."""

    family: str
    containers: frozenset[Container]
    treatments: tuple[Treatment, ...]
    where: str
    """The class (and file) of the runtime that the rule was read from."""
    loads: frozenset[str]
    """Tensor types the loader can work with."""
    adds: tuple[MadeUp | Buffers, ...] = ()
    when_type: str = ""
    """Only files with a group of this tensor type."""
    when_load_type: str = ""
    """Only folders whose config.json asks for this tensor type."""
    when_part_of: str = ""
    """Only folders inside a diffusers pipeline of this family ("*": of any)."""
    when_role: Role | None = None
    """Only files with a group in this role."""
    basis: Literal["measured", "code"] = "measured"
    """`measured`: held against the running program; `code`: only read in its source."""

    def applies_to(self, file: WeightFile) -> bool:
        """Whether this rule's loader would be given `file`."""
        return (
            self.family == file.family
            and file.container in self.containers
            and (not self.when_type or any(g.type == self.when_type for g in file.groups))
            and (not self.when_load_type or file.load_type == self.when_load_type)
            and (
                self.when_part_of in ("", file.part_of)
                or (self.when_part_of == "*" and file.part_of != "")
            )
            and (self.when_role is None or any(g.role == self.when_role for g in file.groups))
        )


@dataclass(frozen=True, slots=True)
class Line:
    """What one weight group (or addition) costs, and why."""

    what: str
    type: str
    becomes: str
    """Tensor type in RAM; "" when dropped."""
    elements: int
    file_bytes: int
    cache_bytes: int
    real_bytes: int
    transient_bytes: int
    """Bytes needed besides the real ones until loading ends."""
    why: str


@dataclass(frozen=True, slots=True)
class Residency:
    """What a file becomes in a runtime, line by line."""

    lines: tuple[Line, ...]
    where: str
    basis: Literal["measured", "code", "sum"]
    cache_bytes: int = field(init=False)
    real_bytes: int = field(init=False)
    transient_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        for name in ("cache_bytes", "real_bytes", "transient_bytes"):
            object.__setattr__(self, name, sum(getattr(line, name) for line in self.lines))


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The runtime can't load the file."""

    reason: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """A program that loads model files, at one version and in one mode."""

    name: str
    version: str
    title: str
    """Name and version as people write them."""
    rules: tuple[Rule, ...]
    """The first that applies to a file wins."""
    budget_name: str
    """What a budget limits: "model cache"."""
    settings: Callable[[int], str]
    """Budget in bytes → the lines of the runtime's settings file that set it."""
    without_settings: str
    """What the runtime does when those lines are missing."""
    workspace: Mapping[str, int] = field(default_factory=dict)
    """Tensor type → scratch bytes per 32 elements while a tensor is converted from it."""

    @property
    def spec(self) -> str:
        """`name@version`, as users and observations write it."""
        return f"{self.name}@{self.version}"

    def residency(self, file: WeightFile) -> Residency | Unsupported:
        """What `file` becomes when this runtime loads it."""
        if not file.family:
            return _plain_sum(file)
        rule = next((r for r in self.rules if r.applies_to(file)), None)
        if rule is None:
            return Unsupported(f"{self.title} does not load {file.family} from {file.container}")
        strange = sorted({g.type for g in file.groups} - rule.loads)
        if strange:
            return Unsupported(
                f"{self.title} cannot work with {', '.join(strange)} in {file.family}"
            )
        return _apply(rule, file, self.workspace)


def _plain_sum(file: WeightFile) -> Residency:
    why = "unknown architecture: counted as stored"
    lines = tuple(_line(g, Treatment(None, Keep(), why), {}) for g in file.groups)
    return Residency(lines, where="", basis="sum")


def _apply(rule: Rule, file: WeightFile, workspace: Mapping[str, int]) -> Residency:
    lines = [_line(group, _treatment(rule, group), workspace) for group in file.groups]
    present = {group.role for group in file.groups}
    for added in rule.adds:
        match added:
            case MadeUp():
                if added.unless not in present:
                    lines.append(_made_up_line(added, file.hidden_size))
            case Buffers():
                lines.append(Line("buffers", "", "", 0, 0, added.bytes, 0, 0, added.why))
            case _:
                assert_never(added)
    return Residency(tuple(lines), rule.where, rule.basis)


def _treatment(rule: Rule, group: WeightGroup) -> Treatment:
    return next(t for t in rule.treatments if t.takes(group))


def _line(group: WeightGroup, treatment: Treatment, workspace: Mapping[str, int]) -> Line:
    becomes = _becomes(group.type, treatment.becomes)
    size = TENSOR_TYPES[becomes].bytes_for(group.elements) if becomes else 0
    return Line(
        what=group.role,
        type=group.type,
        becomes=becomes,
        elements=group.elements,
        file_bytes=group.bytes,
        cache_bytes=size * treatment.counted,
        real_bytes=size * treatment.held,
        transient_bytes=_transient(group, becomes, workspace),
        why=treatment.why,
    )


def _becomes(type: str, becomes: Becomes) -> str:
    match becomes:
        case Keep():
            return type
        case Cast():
            return becomes.to
        case Drop():
            return ""
        case _:
            assert_never(becomes)


def _transient(group: WeightGroup, becomes: str, workspace: Mapping[str, int]) -> int:
    """A converted or dropped tensor stays beside its successor until the load ends."""
    if becomes == group.type:
        return 0
    scratch = workspace.get(group.type, 0) if becomes and group.role is Role.TOKEN_EMBEDDING else 0
    return group.bytes + group.elements * scratch // 32


def _made_up_line(added: MadeUp, hidden: int) -> Line:
    elements = added.per_hidden * hidden + added.per_hidden_squared * hidden * hidden
    size = TENSOR_TYPES[added.type].bytes_for(elements)
    return Line(added.unless, "", added.type, elements, 0, size, size, 0, added.why)
