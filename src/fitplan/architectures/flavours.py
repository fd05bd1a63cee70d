"""Quantization flavours: tensors whose real type only the tensors beside them tell."""

from collections.abc import Sequence

from fitplan.accounting.weights import Tensor

_FLOAT8_SCALES = (".scale_weight", ".weight_scale", ".weight_scale_inv")
_FOUR_BIT_STATES = tuple(f".weight.quant_state.bitsandbytes__{name}" for name in ("nf4", "fp4"))
_PACKED_FACTORS = {"I8": 2, "U8": 2, "I32": 8}
"""Four-bit numbers in one element of the stored type."""


def with_flavours(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The same tensors with the types they amount to.

    I8 beside `SCB` is INT8_BNB, U8 beside a bitsandbytes quant state NF4_BNB, F8_E4M3 beside a
    scale FP8_SCALED, SVDQuant's `qweight` INT4_SVDQ. Of four-bit types the last axis counts
    numbers, not bytes, so that `elements` is what the model has.
    """
    names = frozenset(tensor.name for tensor in tensors)
    return tuple(_flavoured(tensor, names) for tensor in tensors)


def _flavoured(tensor: Tensor, names: frozenset[str]) -> Tensor:
    stem, _, leaf = tensor.name.rpartition(".")
    if leaf == "qweight" and stem + ".wscales" in names and tensor.type in _PACKED_FACTORS:
        return _unpacked(tensor, _PACKED_FACTORS[tensor.type], "INT4_SVDQ")
    if leaf != "weight":
        return tensor
    match tensor.type:
        case "I8" if stem + ".SCB" in names:
            return Tensor(tensor.name, tensor.shape, "INT8_BNB")
        case "U8" if any(stem + state in names for state in _FOUR_BIT_STATES):
            return _unpacked(tensor, 2, "NF4_BNB")
        case "F8_E4M3" if any(stem + scale in names for scale in _FLOAT8_SCALES):
            return Tensor(tensor.name, tensor.shape, "FP8_SCALED")
    return tensor


def _unpacked(tensor: Tensor, factor: int, type: str) -> Tensor:
    *rest, last = tensor.shape or (1,)
    return Tensor(tensor.name, (*rest, last * factor), type)
