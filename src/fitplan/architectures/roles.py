"""Which tensor plays which role: patterns over tensor names, for all families and to build with."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from fitplan.accounting.quantization import INTEGER_TYPES
from fitplan.accounting.weights import Role, Tensor
from fitplan.architectures.architecture import Labelled
from fitplan.architectures.names import EXTRA, remembered

RolePatterns = tuple[tuple[Role, re.Pattern[str]], ...]


def role_patterns(patterns: Mapping[Role, str]) -> RolePatterns:
    """Patterns, each of which must begin where a dotted part of the name begins."""
    return tuple((role, re.compile(rf"(?:^|\.)(?:{text})")) for role, text in patterns.items())


EVERYWHERE: RolePatterns = (
    *role_patterns(
        {
            Role.QUANT_STATE: (
                r"(?:SCB|weight_format|absmax|quant_map|nested_absmax|nested_quant_map"
                r"|scale_weight|weight_scale|weight_scale_2|weight_scale_inv|scale_input|input_scale"
                r"|comfy_quant|scaled_fp8|wscales|wzeros|wtscale|wcscales"
                r"|smooth_factor|smooth_factor_orig|smooth|smooth_orig)$|quant_state\."
            ),
            Role.TOKENIZER: r"(?:\w+_)?(?:tekken_model|spiece_model|tokenizer_json)$",
        }
    ),
    (Role.BUFFERS, EXTRA),
)
"""Roles that a name tells whatever the family is."""

LOW_RANK_BRANCH = (Role.QUANT_STATE, re.compile(r"\.(?:lora_down|lora_up|proj_down|proj_up)$"))
"""SVDQuant's 16-bit correction of its 4-bit weights: state of the quantization."""


@dataclass(frozen=True, eq=False)
class _Naming:
    """Patterns in the order they are asked; one object each, so that it is quick to remember by."""

    patterns: RolePatterns


@lru_cache(256)
def _naming(patterns: RolePatterns) -> _Naming:
    return _Naming((*EVERYWHERE, *patterns))


@remembered
def _named(name: str, naming: _Naming) -> Role | None:
    return next((role for role, pattern in naming.patterns if pattern.search(name)), None)


def named_role(name: str, patterns: RolePatterns) -> Role | None:
    """The role that a name tells, by `EVERYWHERE`, then `patterns`; None when it tells none."""
    return _named(name, _naming(patterns))


def role_of(tensor: Tensor, patterns: RolePatterns) -> Role:
    """The role of `tensor`: as state, by its name, then by its shape."""
    return _role(tensor, _naming(patterns))


def labelled(tensors: Iterable[Tensor], patterns: RolePatterns) -> Labelled:
    """`tensors` with their roles."""
    naming = _naming(patterns)
    return tuple((_role(tensor, naming), tensor) for tensor in tensors)


def _role(tensor: Tensor, naming: _Naming) -> Role:
    if tensor.is_state:
        return Role.QUANT_STATE
    named = _named(tensor.name, naming)
    if named is not None:
        return named
    if len(tensor.shape) <= 1:
        return Role.BUFFERS if _is_bookkeeping(tensor) else Role.VECTORS
    return Role.CONVOLUTION if _is_kernel(tensor) else Role.WEIGHTS


def _is_bookkeeping(tensor: Tensor) -> bool:
    """A list of integers; packed weights may be flat too, and are called weights."""
    return tensor.type in INTEGER_TYPES and "weight" not in tensor.name.rpartition(".")[2]


def _is_kernel(tensor: Tensor) -> bool:
    """Four axes or more; a norm's scale shaped (channels, 1, 1, 1) is not a kernel."""
    return len(tensor.shape) > 3 and tensor.elements > tensor.shape[0]
