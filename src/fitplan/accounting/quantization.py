"""Tensor types (block size, bytes per block), file-level quantization names, and weight errors.

A *tensor type* is how one tensor is stored. A *quantization name* ("quant") is what a publisher
calls a whole file, which usually mixes several tensor types.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True)
class TensorType:
    """One way to store numbers: `block_bytes` bytes for every `block_size` elements.

    `error` is the relative weight error: RMS of the rounding error over RMS of the weights, with
    BF16 as the reference; None where nobody has measured it.
    """

    name: str
    block_size: int
    block_bytes: int
    error: float | None = None
    ggml_id: int | None = None

    @property
    def quantized(self) -> bool:
        """Whether elements are packed in blocks (a GGML quantization, or 4 bits per element)."""
        return self.block_size > 1

    def bytes_for(self, elements: int) -> int:
        """Bytes that `elements` take; a started block counts whole."""
        return -(-elements // self.block_size) * self.block_bytes


# Block sizes: the GGUF specification as the `gguf` package has it (tests hold all rows against it).
# Errors: measured with the reference quantizer on Gaussian weights; INT8_BNB is a judgement between
# .014 and .17, FP8_E4M3 unscaled depends on the weights' spread, INT4_SVDQ is inferred from LPIPS.
_GGML_TYPES = (
    TensorType("F32", 1, 4, 0.0, 0),
    TensorType("F16", 1, 2, 0.0002, 1),
    TensorType("Q4_0", 32, 18, 0.086, 2),
    TensorType("Q4_1", 32, 20, 0.0782, 3),
    TensorType("Q5_0", 32, 22, 0.0427, 6),
    TensorType("Q5_1", 32, 24, 0.0379, 7),
    TensorType("Q8_0", 32, 34, 0.0054, 8),
    TensorType("Q8_1", 32, 40, None, 9),
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
)
_OTHER_TYPES = (
    TensorType("F8_E4M3", 1, 1, 0.033),
    TensorType("F8_E5M2", 1, 1, 0.0528),
    TensorType("F8_E8M0", 1, 1),
    TensorType("F4", 2, 1),
    TensorType("FP8_SCALED", 1, 1, 0.0265),
    TensorType("INT8_BNB", 1, 1, 0.020),
    TensorType("NF4_BNB", 2, 1, 0.092),
    TensorType("INT4_SVDQ", 2, 1, 0.083),
    TensorType("U8", 1, 1),
    TensorType("U16", 1, 2),
    TensorType("U32", 1, 4),
    TensorType("U64", 1, 8),
    TensorType("BOOL", 1, 1),
)

TENSOR_TYPES: dict[str, TensorType] = {t.name: t for t in (*_GGML_TYPES, *_OTHER_TYPES)}
GGML_TYPES: dict[int, TensorType] = {t.ggml_id: t for t in _GGML_TYPES if t.ggml_id is not None}

QUANT_NAMES = (
    *("F32", "BF16", "F16", "FP8_E4M3", "FP8_SCALED", "INT8_BNB", "NF4_BNB", "INT4_SVDQ"),
    *(
        "Q8_0",
        "Q6_K",
        "Q5_1",
        "Q5_0",
        "Q5_K_M",
        "Q5_K_S",
        "Q5_K",
        "Q4_1",
        "Q4_0",
        "Q4_K_M",
        "Q4_K_S",
    ),
    *("Q4_K", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q3_K", "Q2_K", "MXFP4", "NVFP4"),
)

_SHORT_NAMES = {"Q8": "Q8_0", "Q6": "Q6_K", "FP16": "F16", "FP32": "F32", "BNB INT8": "INT8_BNB"}


def quant_name(text: str) -> str:
    """The canonical quantization name of what a user or publisher wrote: "q8" → "Q8_0"."""
    upper = re.sub(r"\s+", " ", text.strip().upper())
    return _SHORT_NAMES.get(upper, upper)


def weight_error(amounts: Iterable[tuple[str, int]]) -> float | None:
    """Relative error of a file: sqrt(Σ nᵢ·eᵢ² / Σ nᵢ) over (type name, elements); QUALITY rule 4.

    Integer buffers carry no weights and are left out. None where a type's error is unknown.
    """
    total = 0
    square = 0.0
    for name, elements in amounts:
        if name in _NOT_WEIGHTS:
            continue
        error = TENSOR_TYPES[name].error
        if error is None:
            return None
        total += elements
        square += elements * error * error
    return sqrt(square / total) if total else None


_NOT_WEIGHTS = frozenset({"I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL"})
