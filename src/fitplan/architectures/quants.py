"""The quantization name of a mixture of tensor types."""

from collections import Counter
from collections.abc import Iterable, Mapping

from fitplan.accounting.quantization import INTEGER_TYPES, named_after
from fitplan.accounting.weights import NOT_PARAMETERS, Container, Role, WeightGroup

_NOT_COUNTED = NOT_PARAMETERS | {Role.VECTORS, Role.PAD_TOKENS}
_OFTEN_APART = frozenset({Role.TOKEN_EMBEDDING, Role.OUTPUT_HEAD, Role.RELATIVE_BIAS, Role.VISION})
"""Recipes give these their own type, whatever the file is called."""

_FULL = frozenset({"F32", "F16", "BF16", "F64"})
_SIZED = frozenset({"Q5_K", "Q4_K", "Q3_K"})
"""Types whose recipes come in sizes: _S, _M and, of Q3_K, _L."""

FILE_TYPES: Mapping[int, str] = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"},
    **{11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S"},
    **{17: "Q5_K_M", 18: "Q6_K", 25: "IQ4_NL", 30: "IQ4_XS", 32: "BF16", 38: "MXFP4"},
}
"""GGUF's `general.file_type` (llama.cpp `llama_ftype`) → quantization name."""


def quant_of(groups: Iterable[WeightGroup], container: Container, file_type: int = -1) -> str:
    """The quantization name that a file with these groups is published under.

    "" without groups, and where some weights are of unknown packing.

    The most common packed type names the file, if it holds at least a twentieth of the weights;
    else the most common full-width type. For K-quants the better-kept tensors tell _S from _M from
    _L. `file_type` (GGUF's `general.file_type`) settles that size, and only where the tensors agree
    with it; without it FLUX.1 and FLUX.2 in Q3_K_L, whose tensors are Q3_K_M's, become Q3_K_M.
    """
    everything = list(groups)
    if any(group.is_of_unknown_packing for group in everything):
        return ""
    counted = [group for group in everything if group.role not in _NOT_COUNTED]
    base = _base(_sum(counted or everything))
    declared = FILE_TYPES.get(file_type, "")
    if base in _SIZED and container is Container.GGUF and declared.startswith(base):
        return declared
    if base in _SIZED:
        return f"{base}_{_size(base, counted)}"
    return "" if base in INTEGER_TYPES else named_after(base)


def _sum(groups: Iterable[WeightGroup]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for group in groups:
        sums[group.type] += group.elements
    return sums


def _base(sums: Counter[str]) -> str:
    """The most common packed type with a twentieth of all elements, else the most common of all."""
    packed = Counter({name: elements for name, elements in sums.items() if name not in _FULL})
    for name, elements in packed.most_common(1):
        if 20 * elements >= sums.total():
            return name
    return next((name for name, _ in sums.most_common(1)), "")


def _size(base: str, counted: list[WeightGroup]) -> str:
    """S, M or L: how much of the model proper is kept better than `base`."""
    body = [group for group in counted if group.role not in _OFTEN_APART]
    sums = _sum(body)
    better = {name: sums[name] for name in ("Q4_K", "Q5_K", "Q6_K") if name > base}
    if 200 * sum(better.values()) < sums.total():
        return "S"
    if base == "Q3_K":
        return "L" if 4 * sums["Q5_K"] > sum(better.values()) else "M"
    if base == "Q4_K" and 200 * sums["Q6_K"] < sums.total():
        return "M" if _attention_kept(body, sums) else "S"
    return "M"


def _attention_kept(body: list[WeightGroup], sums: Counter[str]) -> bool:
    """Whether Q5_K tensors of a Q4_K file are its q/k/v (_M), not feed-forward outputs (_S).

    Where no role tells, q/k/v are over 6 % of a model's elements; what _S keeps is under 5 %.
    """
    fused = _sum(group for group in body if group.role is Role.FUSED_QKV)
    return fused["Q5_K"] > 0 if fused else 50 * sums["Q5_K"] > 3 * sums.total()
