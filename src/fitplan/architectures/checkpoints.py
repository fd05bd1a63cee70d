"""Files that hold a whole pipeline: each part is recognised alone, by the prefixes between them."""

import re
from collections.abc import Callable, Iterable, Sequence

from fitplan.accounting.weights import Kind, Tensor
from fitplan.architectures.architecture import KnownArchitecture
from fitplan.architectures.names import remembered
from fitplan.architectures.roles import named_role, role_of

_PART = re.compile(
    r"(model\.diffusion_model|diffusion_model|transformer|unet|first_stage_model|vae"
    r"|cond_stage_model|conditioner\.embedders\.\d+|text_encoders\.[^.]+|text_encoder(?:_\d)?)\."
)
_MAIN = (Kind.DENOISER, Kind.UPSCALER)
"""Kinds of parts that name a checkpoint."""
_OTHERS = ""
"""The name for the tensors of no part."""

Recognise = Callable[[Sequence[Tensor]], KnownArchitecture]


@remembered
def part_of(name: str) -> str:
    """The prefix of the part that a tensor belongs to; "" for none."""
    found = _PART.match(name)
    return found[1] if found else _OTHERS


def parts_of(tensors: Iterable[Tensor]) -> dict[str, list[Tensor]]:
    """Prefix → the tensors of that part; empty unless there are several parts.

    What training left behind belongs to none, and tensors without a prefix only to a part when
    there is one with a prefix beside them.
    """
    by_prefix: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        by_prefix.setdefault(part_of(tensor.name), []).append(tensor)
    parts = {prefix: part for prefix, part in by_prefix.items() if _holds_weights(part)}
    return parts if len(parts) > 1 else {}


def _holds_weights(tensors: Iterable[Tensor]) -> bool:
    """Whether any of `tensors` belongs to a model, not to a tool or a quantization."""
    return any(not tensor.is_state and named_role(tensor.name, ()) is None for tensor in tensors)


def checkpoint(
    tensors: Sequence[Tensor], parts: dict[str, list[Tensor]], recognise: Recognise
) -> KnownArchitecture | None:
    """The checkpoint that `parts` make up; None when not one of them is known."""
    found = {prefix: recognise(part) for prefix, part in parts.items()}
    known = [part for part in found.values() if part.family]
    if not known:
        return None
    roles = {tensor.name: role for part in found.values() for role, tensor in part.tensors}
    unknown = {prefix: part for prefix, part in found.items() if not part.family}
    denoiser = next((part for part in known if part.kind in _MAIN), None)
    return KnownArchitecture(
        family=denoiser.family if denoiser else "",
        kind=Kind.CHECKPOINT,
        name=_name(denoiser, known, unknown),
        hidden_size=denoiser.hidden_size if denoiser else 0,
        blocks=denoiser.blocks if denoiser else 0,
        tensors=tuple((roles.get(t.name) or role_of(t, ()), t) for t in tensors),
        parts=tuple(known),
        differences=(*_differences(known), *_unexplained(unknown)),
        nearest="" if denoiser else _nearest(unknown),
    )


def _name(
    denoiser: KnownArchitecture | None,
    known: Sequence[KnownArchitecture],
    unknown: dict[str, KnownArchitecture],
) -> str:
    if denoiser:
        return f"{denoiser.name} checkpoint"
    inside = _listed([f"{_article(part.name)} {part.name}" for part in known])
    if unknown:
        return f"unknown checkpoint with {inside} inside"
    return f"checkpoint without a denoiser: {_listed([part.name for part in known])}"


def _article(name: str) -> str:
    return "an" if name[:2] in ("SD", "SV") or name[0] in "AEIO" else "a"


def _listed(items: Sequence[str]) -> str:
    *rest, last = items
    return f"{', '.join(rest)} and {last}" if rest else last


def _differences(parts: Iterable[KnownArchitecture]) -> list[str]:
    """What the parts say of themselves, with their names."""
    return [f"{part.name}: {'; '.join(part.differences)}" for part in parts if part.differences]


def _unexplained(unknown: dict[str, KnownArchitecture]) -> list[str]:
    return [
        f"{_tensors(len(part.tensors))} not recognised, e.g. {part.tensors[0][1].name}"
        for part in unknown.values()
    ]


def _tensors(count: int) -> str:
    return f"{count:,} {'tensor' if count == 1 else 'tensors'}"


def _nearest(unknown: dict[str, KnownArchitecture]) -> str:
    largest = max(unknown.values(), key=lambda part: len(part.tensors), default=None)
    return largest.nearest if largest else ""
