"""Tensor types (block size, bytes per block), file-level quantization names, and weight errors.

A *tensor type* is how one tensor is stored. A *quantization name* ("quant") is what a publisher
calls a whole file, which usually mixes several tensor types.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from fitplan.accounting.flavours import FLAVOURS
from fitplan.accounting.tensor_type import Basis
from fitplan.accounting.tensor_type import TensorType as TensorType
from fitplan.accounting.unknown import Unknown

# Block sizes: the GGUF specification as the `gguf` package has it (tests hold all rows against it),
# but for Q8_1, which has 36 bytes in ggml itself, and Q2_0, which the package does not have yet.
# Errors: measured with the reference quantizer on Gaussian weights; FP8_E4M3 unscaled depends on
# the weights' spread.
_GGML_TYPES = (
    TensorType("F32", 1, 4, 0.0, 0),
    TensorType("F16", 1, 2, 0.0002, 1),
    TensorType("Q4_0", 32, 18, 0.086, 2),
    TensorType("Q4_1", 32, 20, 0.0782, 3),
    TensorType("Q5_0", 32, 22, 0.0427, 6),
    TensorType("Q5_1", 32, 24, 0.0379, 7),
    TensorType("Q8_0", 32, 34, 0.0054, 8),
    TensorType("Q8_1", 32, 36, None, 9),
    TensorType("Q2_K", 256, 84, 0.297, 10),
    TensorType("Q3_K", 256, 110, 0.151, 11),
    TensorType("Q4_K", 256, 144, 0.0713, 12),
    TensorType("Q5_K", 256, 176, 0.0361, 13),
    TensorType("Q6_K", 256, 210, 0.0178, 14),
    TensorType("Q8_K", 256, 292, None, 15),
    TensorType("IQ2_XXS", 256, 66, None, 16),
    TensorType("IQ2_XS", 256, 74, None, 17),
    TensorType("IQ3_XXS", 256, 98, None, 18),
    TensorType("IQ1_S", 256, 50, None, 19),
    TensorType("IQ4_NL", 32, 18, 0.0761, 20),
    TensorType("IQ3_S", 256, 110, None, 21),
    TensorType("IQ2_S", 256, 82, None, 22),
    TensorType("IQ4_XS", 256, 136, 0.0767, 23),
    TensorType("I8", 1, 1, None, 24),
    TensorType("I16", 1, 2, None, 25),
    TensorType("I32", 1, 4, None, 26),
    TensorType("I64", 1, 8, None, 27),
    TensorType("F64", 1, 8, 0.0, 28),
    TensorType("IQ1_M", 256, 56, None, 29),
    TensorType("BF16", 1, 2, 0.0, 30),
    TensorType("TQ1_0", 256, 54, None, 34),
    TensorType("TQ2_0", 256, 66, None, 35),
    TensorType("MXFP4", 32, 17, 0.114, 39),
    TensorType("NVFP4", 64, 36, 0.0951, 40),
    TensorType("Q1_0", 128, 18, None, 41),
    TensorType("Q2_0", 64, 18, None, 42),
)
_OTHER_TYPES = (
    TensorType("F8_E4M3", 1, 1, 0.033),
    TensorType("F8_E5M2", 1, 1, 0.0528),
    TensorType("F8_E4M3FNUZ", 1, 1),
    TensorType("F8_E5M2FNUZ", 1, 1),
    TensorType("F8_E8M0", 1, 1),
    TensorType("F6_E2M3", 4, 3),
    TensorType("F6_E3M2", 4, 3),
    TensorType("F4", 2, 1),
    TensorType("U8", 1, 1),
    TensorType("U16", 1, 2),
    TensorType("U32", 1, 4),
    TensorType("U64", 1, 8),
    TensorType("C64", 1, 8),
    TensorType("BOOL", 1, 1),
)
_FLAVOURED = {flavour.type.name: flavour.type for flavour in FLAVOURS}

TENSOR_TYPES: dict[str, TensorType] = {
    **{t.name: t for t in (*_GGML_TYPES, *_OTHER_TYPES)},
    **_FLAVOURED,
}
GGML_TYPES: dict[int, TensorType] = {t.ggml_id: t for t in _GGML_TYPES if t.ggml_id is not None}

STORED_TYPES = frozenset(TENSOR_TYPES) - frozenset(_FLAVOURED)
"""What a file's header can call its tensors; the tensors beside others identify them."""

INTEGER_TYPES = frozenset({"I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL"})
"""Types that hold bookkeeping, or weights in a packing that only a flavour tells."""

_PLAIN_QUANTS = {"FP8_E4M3": "F8_E4M3", "FP8_E5M2": "F8_E5M2"}
_GGUF_QUANTS = (
    *("Q8_0", "Q6_K", "Q5_1", "Q5_0", "Q5_K_M", "Q5_K_S", "Q5_K", "Q4_1", "Q4_0", "Q4_K_M"),
    *("Q4_K_S", "Q4_K", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q3_K", "Q2_K"),
    *("MXFP4", "NVFP4"),
)
QUANT_NAMES = tuple(
    dict.fromkeys(
        (
            *("F32", "BF16", "F16", "FP8_E4M3"),
            *(flavour.name for flavour in FLAVOURS),
            *_GGUF_QUANTS,
        )
    )
)
_SIZE = re.compile(r"_(XXS|XS|S|M|L|XL)$")


def types_of(quant: str) -> tuple[str, ...]:
    """The tensor types that a quantization is named after: Q5_K_M → Q5_K; () when there is none."""
    flavoured = (flavour.type.name for flavour in FLAVOURS if flavour.name == quant)
    plain = (name for name in (quant, _PLAIN_QUANTS.get(quant, "")) if name in TENSOR_TYPES)
    named = tuple(dict.fromkeys((*plain, *flavoured)))
    sized = _SIZE.sub("", quant)
    return named or ((sized,) if sized in TENSOR_TYPES else ())


def named_after(type: str) -> str:
    """The quantization that a file of this tensor type is called: F8_E4M3 → FP8_E4M3."""
    flavoured = (flavour.name for flavour in FLAVOURS if flavour.type.name == type)
    plain = (quant for quant, name in _PLAIN_QUANTS.items() if name == type)
    return next(iter((*flavoured, *plain, type)))


_SHORT_NAMES = {"Q8": "Q8_0", "Q6": "Q6_K", "FP16": "F16", "FP32": "F32", "BNB INT8": "INT8_BNB"}


def quant_name(text: str) -> str:
    """The canonical quantization name of what a user or publisher wrote: "q8" → "Q8_0"."""
    upper = re.sub(r"\s+", " ", text.strip().upper())
    return _SHORT_NAMES.get(upper, upper)


@dataclass(frozen=True, slots=True)
class WeightError:
    """Relative error of a file's weights, and how it is known."""

    value: float
    basis: Basis | Literal["stated"]
    """`stated`: a catalog says it of this file, whatever its types."""
    low: float
    """The least it may be; as `value` where it was measured."""
    high: float


def weight_error(amounts: Iterable[tuple[str, int]]) -> WeightError | Unknown:
    """Error of weights in (type, elements): sqrt(Σ nᵢ·eᵢ² / Σ nᵢ); QUALITY rule 4.

    Unknown where a type's error is, or where there are no weights.
    """
    total = 0
    squares = [0.0, 0.0, 0.0]
    basis: Basis = "measured"
    for name, elements in amounts:
        type = TENSOR_TYPES[name]
        if type.errors is None:
            return Unknown(f"the weight error of {name} is not known")
        total += elements
        squares = [s + elements * e * e for s, e in zip(squares, type.errors, strict=True)]
        basis = basis if type.basis == "measured" else "estimated"
    if not total:
        return Unknown("it holds no weights")
    value, low, high = (sqrt(square / total) for square in squares)
    return WeightError(value, basis, low, high)
