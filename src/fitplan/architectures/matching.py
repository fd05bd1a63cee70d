"""Tells an architecture by its tensors, never by a file's name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fitplan.accounting.flavours import SVDQ_TYPES, Declared
from fitplan.accounting.weights import Kind, Role, Tensor, WeightGroup, group_tensors
from fitplan.architectures.families import PATTERNS
from fitplan.architectures.flavours import with_flavours
from fitplan.architectures.patterns import Mark, Pattern
from fitplan.architectures.roles import (
    BY_FAMILY,
    IN_NO_COMPONENT,
    LOW_RANK_BRANCH,
    RolePatterns,
    role_of,
)

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
_COMPONENT = re.compile(
    r"(model\.diffusion_model|first_stage_model|vae|cond_stage_model"
    r"|conditioner\.embedders\.\d+|text_encoders\.[^.]+)\."
)
_ADAPTER = re.compile(
    r"\.(?:lora_(?:A|B)(?:\.\w+)?\.weight|lora_(?:A|B|up|down)(?:\.weight)?|lora\.(?:up|down)\.weight"
    r"|lokr_w[12](?:_[ab])?|hada_w[12]_[ab]|oft_blocks|dora_scale|alpha|diff|diff_b)$"
)
_RANKED = re.compile(r"\.lora(?:_A|_down|\.down)(?:\.\w+)?(?:\.weight)?$")


Labelled = tuple[tuple[Role, Tensor], ...]


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a set of tensors is: its family, its size, and the role of every tensor."""

    family: str
    """Family id (flux1, qwen3 …); "" when nothing known fits."""
    kind: Kind
    name: str
    """Readable name with the size where the tensors tell it."""
    hidden_size: int
    """Width of the model; 0 when unknown."""
    blocks: int
    """Transformer blocks counted from the tensors; 0 when the family has none."""
    tensors: Labelled
    """Every tensor with its role and the type it amounts to (see `flavours`)."""
    parts: tuple["Architecture", ...] = ()
    """Components of a full checkpoint: denoiser, text encoders, VAE; else empty."""

    @property
    def groups(self) -> tuple[WeightGroup, ...]:
        """The tensors summed by role and type."""
        return group_tensors(self.tensors)


def recognise(tensors: Sequence[Tensor], declared: Declared | None = None) -> Architecture:
    """The architecture that `tensors` make up; family "", Kind.UNKNOWN when nothing known fits.

    `declared`: what a configuration file beside them says of their quantization.
    """
    flavoured = with_flavours(tensors, declared)
    if _is_adapter(flavoured):
        return _adapter(flavoured)
    parts = _parts(flavoured)
    denoiser = next((part for part in parts if part.kind is Kind.DENOISER), None)
    if denoiser is not None and len(parts) > 1:
        return _checkpoint(denoiser, parts, flavoured)
    return _component(flavoured)


def _is_adapter(tensors: Sequence[Tensor]) -> bool:
    if any(tensor.type in SVDQ_TYPES for tensor in tensors):
        return False
    return 2 * sum(1 for tensor in tensors if _ADAPTER.search(tensor.name)) > len(tensors)


def _adapter(tensors: Sequence[Tensor]) -> Architecture:
    ranks = {tensor.shape[0] for tensor in tensors if tensor.shape and _RANKED.search(tensor.name)}
    name = f"LoRA, rank {max(ranks)}" if ranks else "LoRA"
    return Architecture("lora", Kind.LORA, name, 0, 0, _with_roles(tensors, BY_FAMILY["lora"]))


def _parts(tensors: Sequence[Tensor]) -> list[Architecture]:
    """The known components of a full checkpoint, by the prefixes that keep them apart."""
    by_prefix: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        if found := _COMPONENT.match(tensor.name):
            by_prefix.setdefault(found[1], []).append(tensor)
    parts = [_component(part) for part in by_prefix.values()] if len(by_prefix) > 1 else []
    return [part for part in parts if part.family]


def _checkpoint(
    denoiser: Architecture, parts: Sequence[Architecture], tensors: Sequence[Tensor]
) -> Architecture:
    known = {tensor.name: role for part in parts for role, tensor in part.tensors}
    labelled = tuple((known.get(t.name) or _role_of_leftover(t), t) for t in tensors)
    return Architecture(
        family=denoiser.family,
        kind=Kind.CHECKPOINT,
        name=f"{denoiser.name} checkpoint",
        hidden_size=denoiser.hidden_size,
        blocks=denoiser.blocks,
        tensors=labelled,
        parts=tuple(parts),
    )


def _role_of_leftover(tensor: Tensor) -> Role:
    return Role.BUFFERS if IN_NO_COMPONENT.match(tensor.name) else role_of(tensor, ())


def _component(tensors: Sequence[Tensor]) -> Architecture:
    names = _by_skeleton(tensors)
    for pattern in PATTERNS:
        prefix = _prefix(pattern, names)
        if prefix is None:
            continue
        blocks = _count_blocks(pattern, prefix, tensors)
        if pattern.at_most and blocks > pattern.at_most:
            continue
        width = _width(pattern, prefix, names)
        name = pattern.sizes.get(width, pattern.name)
        labelled = _with_roles(tensors, pattern.roles)
        return Architecture(pattern.family, pattern.kind, name, width, blocks, labelled)
    return Architecture("", Kind.UNKNOWN, "unknown", 0, 0, _with_roles(tensors, ()))


def _by_skeleton(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    """Names with numbers written `N` → the first such tensor."""
    names: dict[str, Tensor] = {}
    for tensor in tensors:
        names.setdefault(_NUMBER.sub("N", tensor.name), tensor)
    return names


def _prefix(pattern: Pattern, names: Mapping[str, Tensor]) -> str | None:
    """What stands before all marks of `pattern`; None when it doesn't fit."""
    if not all(_anywhere(ending, names) for ending in pattern.beside):
        return None
    if any(_anywhere(ending, names) for ending in pattern.absent):
        return None
    first = pattern.marks[0] if isinstance(pattern.marks[0], str) else pattern.marks[0][0]
    prefixes = [name.removesuffix(first) for name in names if _ends(name, first)]
    return next((p for p in prefixes if all(_has(m, p, names) for m in pattern.marks)), None)


def _anywhere(ending: str, names: Iterable[str]) -> bool:
    return any(_ends(name, ending) for name in names)


def _ends(name: str, ending: str) -> bool:
    return name == ending or (name.endswith(ending) and name[-len(ending) - 1] == ".")


def _has(mark: Mark, prefix: str, names: Mapping[str, Tensor]) -> bool:
    if isinstance(mark, str):
        return prefix + mark in names
    name, axis, length = mark
    return prefix + name in names and _length(names[prefix + name], axis) == length


def _length(tensor: Tensor, axis: int) -> int:
    return tensor.shape[axis] if axis < len(tensor.shape) else 0


def _width(pattern: Pattern, prefix: str, names: Mapping[str, Tensor]) -> int:
    if pattern.width is None:
        return 0
    name, axis = pattern.width
    return _length(names[prefix + name], axis) if prefix + name in names else 0


def _count_blocks(pattern: Pattern, prefix: str, tensors: Iterable[Tensor]) -> int:
    if not pattern.blocks:
        return 0
    stems = "|".join(map(re.escape, pattern.blocks))
    numbered = re.compile(rf"(?:{stems})\.\d+(?=\.)")
    tails = (t.name for t in tensors)
    cut = len(prefix)
    return len({found[0] for name in tails if (found := numbered.match(name, cut))})


def _with_roles(tensors: Sequence[Tensor], patterns: RolePatterns) -> Labelled:
    if any(tensor.type in SVDQ_TYPES for tensor in tensors):
        patterns = (LOW_RANK_BRANCH, *patterns)
    return tuple((role_of(tensor, patterns), tensor) for tensor in tensors)
