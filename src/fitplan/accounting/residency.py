"""Apply a runtime's rules to weight groups: cache, real and transient bytes, line by line.

Rules are data (see `fitplan.accounting.rules`); this module only carries them out, in integers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.rules import (
    Becomes,
    Beside,
    Buffers,
    Cast,
    Drop,
    Keep,
    LoadingRule,
    MadeUp,
    Quantize,
    Scratch,
    Treatment,
)
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Role, WeightFile, WeightGroup


@dataclass(frozen=True, slots=True)
class ResidencyLine:
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
    mapped_bytes: int = 0
    """Those of the real bytes that lie in the file's memory map (soft); the rest is hard."""
    untouched_bytes: int = 0
    """Those of the real bytes that are never read or written once they are loaded."""


_SUMS = ("cache_bytes", "real_bytes", "mapped_bytes", "transient_bytes", "untouched_bytes")
"""What a residency sums over its lines."""


@dataclass(frozen=True, slots=True)
class Residency:
    """What a file becomes in a runtime, line by line."""

    lines: tuple[ResidencyLine, ...]
    where: str
    basis: Literal["measured", "code"]
    scratch: Scratch | None = None
    beware: str = ""
    """What a user must know of running the file; "" for nothing."""
    cache_bytes: int = field(init=False)
    real_bytes: int = field(init=False)
    mapped_bytes: int = field(init=False)
    transient_bytes: int = field(init=False)
    untouched_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        for name in _SUMS:
            object.__setattr__(self, name, sum(getattr(line, name) for line in self.lines))

    @property
    def hard_bytes(self) -> int:
        """Bytes of anonymous memory: they stay in RAM or are swapped."""
        return self.real_bytes - self.mapped_bytes

    @property
    def scratch_bytes(self) -> int:
        """Bytes that running the file needs besides its weights, as far as they are known."""
        return self.scratch.bytes if self.scratch else 0


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The runtime is known not to load the file: it was seen to fail, or its source refuses it."""

    reason: str
    source: str
    """Where that was read or seen."""


Outcome = Residency | Unsupported | Unknown
"""What is known of a file in a runtime; `Unknown`: no rules tell."""


def apply(rule: LoadingRule, file: WeightFile, workspace: Mapping[str, int]) -> Residency:
    lines = [_line(group, _treatment(rule, group), workspace, rule.maps) for group in file.groups]
    present = {group.role for group in file.groups}
    for added in rule.adds:
        match added:
            case MadeUp():
                if added.unless not in present:
                    lines.append(_made_up_line(added, file.hidden_size))
            case Buffers():
                lines.append(ResidencyLine("buffers", "", "", 0, 0, added.bytes, 0, 0, added.why))
            case Beside():
                size = added.bytes
                lines.append(ResidencyLine(added.what, "", "", 0, 0, size, size, 0, added.why))
            case _:
                assert_never(added)
    unmeasured = any(group.type in rule.from_code for group in file.groups)
    basis = "code" if unmeasured else rule.basis
    return Residency(tuple(lines), rule.where, basis, beware=_beware(rule, file))


def _beware(rule: LoadingRule, file: WeightFile) -> str:
    types = {group.type for group in file.groups}
    return "; ".join(why for type, why in rule.beware if type in types)


def _treatment(rule: LoadingRule, group: WeightGroup) -> Treatment:
    return next(t for t in rule.treatments if t.takes(group))


def _line(
    group: WeightGroup, treatment: Treatment, workspace: Mapping[str, int], maps: bool
) -> ResidencyLine:
    becomes = _becomes(group.type, treatment.becomes)
    size = _size(group, treatment.becomes)
    return ResidencyLine(
        what=group.role,
        type=group.type,
        becomes=becomes,
        elements=group.elements,
        file_bytes=group.bytes,
        cache_bytes=size * treatment.counted,
        real_bytes=size * treatment.held,
        transient_bytes=_transient(group, becomes, workspace),
        why=treatment.why,
        mapped_bytes=size * treatment.held if maps and becomes == group.type else 0,
        untouched_bytes=size * treatment.untouched,
    )


def _size(group: WeightGroup, becomes: Becomes) -> int:
    match becomes:
        case Keep():
            return group.bytes
        case Cast():
            return TENSOR_TYPES[becomes.to].bytes_for(group.elements)
        case Quantize():
            return becomes.bytes_for(group)
        case Drop():
            return 0
        case _:
            assert_never(becomes)


def _becomes(type: str, becomes: Becomes) -> str:
    match becomes:
        case Keep():
            return type
        case Cast() | Quantize():
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


def of_parts(parts: Sequence[tuple[WeightFile, Outcome]]) -> Outcome:
    """What a checkpoint becomes: the sum of the parts that the runtime takes out of it.

    The denoiser comes first; without it nothing is loaded.
    """
    denoiser = parts[0][1]
    if not isinstance(denoiser, Residency):
        return denoiser
    residencies = [found for _, found in parts if isinstance(found, Residency)]
    lines = [line for found in residencies for line in found.lines]
    lines += [_left(file) for file, found in parts if not isinstance(found, Residency)]
    return Residency(
        tuple(lines),
        where="; ".join(dict.fromkeys(found.where for found in residencies)),
        basis="code" if any(found.basis == "code" for found in residencies) else "measured",
    )


def _left(file: WeightFile) -> ResidencyLine:
    why = "not taken out of a checkpoint"
    return ResidencyLine(
        file.family, file.quant, "", file.elements, file.tensor_bytes, 0, 0, 0, why
    )


def without_source(line: ResidencyLine) -> ResidencyLine:
    """The same line where a tensor's source isn't kept until the load ends."""
    return replace(line, transient_bytes=max(0, line.transient_bytes - line.file_bytes))


def _made_up_line(added: MadeUp, hidden: int) -> ResidencyLine:
    elements = added.per_hidden * hidden + added.per_hidden_squared * hidden * hidden
    size = TENSOR_TYPES[added.type].bytes_for(elements)
    return ResidencyLine(added.unless, "", added.type, elements, 0, size, size, 0, added.why)
