"""Quantization flavours: one entry for each way of quantizing that a stored type does not tell.

A safetensors file calls the weights of many quantizations I8, U8 or F8_E4M3; the tensors beside
them (scales, JSON of the quantizer) tell which it is. An entry says how a flavour shows itself, the
tensor type that its weights amount to (bits, error and how the error is known) and the name it is
published under. `fitplan.architectures.flavours` applies the table; programs name the types in
their rules. Where a stored integer may hold one number or several, the type's bits count them.

Sources: ComfyUI's QUANTIZATION.md and comfy/ops.py; silveroxides/convert_to_quant (formats);
stable-diffusion.cpp docs/int8_convrot.md; InvokeAI backend/quantization/sdnq; Disty0/sdnq
(common.py: `dtype_dict`); nunchaku models/linear.py; torchao prototype/safetensors; public reports.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fitplan.accounting.tensor_type import TensorType

Shape = tuple[int, ...]
Method = Literal["", "sdnq"]
"""Quantizers whose configuration file is needed to read their tensors; "": none is."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a configuration file beside the weights says of their quantization."""

    method: str
    """`quant_method`: sdnq, bitsandbytes, quanto, torchao …"""
    weights_dtype: str = ""
    """The type of weights that no layer of its own is named for: uint4, int8 …; "" unknown."""
    by_layer: Mapping[str, str] = field(default_factory=dict)
    """Layer (name without `.weight`) → its type, where it differs."""

    def dtype_of(self, layer: str) -> str:
        """The type of the weights of `layer`; "" when the file does not say."""
        return self.by_layer.get(layer, self.by_layer.get(f"{layer}.weight", self.weights_dtype))


@dataclass(frozen=True, slots=True)
class Companion:
    """A tensor that must stand beside the weights."""

    endings: tuple[str, ...]
    """What follows the layer's name; any of these."""
    types: frozenset[str] = frozenset()
    """Its stored types; empty: any."""
    shaped: Callable[[Shape, Shape], bool] = lambda weights, own: True
    """Whether it has the shape it must have beside weights of a shape."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """One way of quantizing, as it shows in a file."""

    type: TensorType
    """What the weights amount to."""
    stored: frozenset[str]
    """Types that the file says the weights have."""
    needs: tuple[Companion, ...]
    """Tensors beside the weights; they are state of the quantization, not of the model."""
    quant: str = ""
    """Name it is published under; "": that of the type."""
    ending: str = ".weight"
    """What follows the layer's name in the name of the weights."""
    state: tuple[str, ...] = ()
    """Endings of more tensors of its state, which may be missing."""
    halved: frozenset[str] = frozenset()
    """Stored types that are this flavour only where matrices are half as wide as the model."""
    method: Method = ""
    dtype: str = ""
    """The type that the configuration file must name, with `method`."""

    @property
    def name(self) -> str:
        """The quantization name."""
        return self.quant or self.type.name


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _per_row(weights: Shape, own: Shape) -> bool:
    """One scale for all weights, or one for each row."""
    return own in ((), (1,), (1, 1), weights[:1], (*weights[:1], 1))


def _per_block(weights: Shape, own: Shape) -> bool:
    """Scales of blocks: as many axes as the weights, each a part as long."""
    return len(own) == len(weights) > 1 and all(
        0 < b <= a and a % b == 0 for a, b in zip(weights, own, strict=True)
    )


def _at_least(length: int) -> Callable[[Shape, Shape], bool]:
    return lambda weights, own: len(own) == 1 and own[0] >= length


_SCALES = _types("F32 F16 BF16")
_INT8_ERROR = (0.005, 0.020)
"""Eight bits and a scale per row: 0.0085 on Gaussian weights, 0.014 (Laplace) to 0.019 (Student t)
on heavier tails; Q8_0, with a scale for every 32, 0.0054."""
_CONVROT = 66
"""Bytes of the shortest JSON that names a rotation: {"format":"int8_tensorwise","convrot":true,
"convrot_groupsize":64}; without one it has 65 at most. 72 with blanks and groups of 256."""

_COMFY_JSON = Companion((".comfy_quant",), _types("U8"))
_ROTATED_JSON = Companion((".comfy_quant",), _types("U8"), _at_least(_CONVROT))
_ROW_SCALE = Companion((".weight_scale",), _SCALES, _per_row)
_INPUT_SCALES = (".input_scale", ".scale_input")
_SVDQ_STATE = (".wzeros", ".wtscale", ".wcscales", ".smooth", ".smooth_orig")
_QUANTO_STATE = (".input_scale", ".output_scale", ".weight._shift")

_COMFYUI = (
    Flavour(
        TensorType("NVFP4_SCALED", 2, 1, 0.0951),
        _types("U8"),
        (
            Companion((".weight_scale",), _types("F8_E4M3 U8")),
            Companion((".weight_scale_2",), _types("F32")),
        ),
        quant="NVFP4",
        state=(".comfy_quant", *_INPUT_SCALES),
    ),
    Flavour(
        TensorType("MXFP8", 1, 1, 0.0265),
        _types("F8_E4M3"),
        (Companion((".weight_scale",), _types("U8 F8_E8M0")),),
        state=(".comfy_quant", *_INPUT_SCALES),
    ),
    Flavour(
        TensorType("INT4_CONVROT", 2, 1),
        _types("U8 I8"),
        (_ROW_SCALE, _COMFY_JSON),
        state=_INPUT_SCALES,
        halved=_types("I8"),
    ),
    Flavour(
        TensorType("INT8_CONVROT", 1, 1, 0.0085, between=_INT8_ERROR),
        _types("I8"),
        (_ROW_SCALE, _ROTATED_JSON),
        state=_INPUT_SCALES,
    ),
    Flavour(
        TensorType("INT8_TENSORWISE", 1, 1, 0.014, between=_INT8_ERROR),
        _types("I8"),
        (_ROW_SCALE, _COMFY_JSON),
        state=_INPUT_SCALES,
    ),
    Flavour(
        TensorType("INT8_BLOCKWISE", 1, 1, 0.0085, between=_INT8_ERROR),
        _types("I8"),
        (Companion((".weight_scale",), _SCALES, _per_block), _COMFY_JSON),
        state=_INPUT_SCALES,
    ),
    Flavour(
        TensorType("FP8_SCALED", 1, 1, 0.0265),
        _types("F8_E4M3"),
        (Companion((".scale_weight", ".weight_scale", ".weight_scale_inv")),),
        state=(".comfy_quant", *_INPUT_SCALES),
    ),
)

_BITSANDBYTES = (
    Flavour(
        TensorType("INT8_BNB", 1, 1, 0.020, between=(0.014, 0.17)),
        _types("I8"),
        (Companion((".SCB",)),),
        state=(".weight_format",),
    ),
    Flavour(
        TensorType("NF4_BNB", 2, 1, 0.092),
        _types("U8"),
        (Companion((".weight.quant_state.bitsandbytes__nf4",)),),
        state=(".weight.absmax", ".weight.quant_map"),
    ),
    Flavour(
        TensorType("FP4_BNB", 2, 1, 0.122),
        _types("U8"),
        (Companion((".weight.quant_state.bitsandbytes__fp4",)),),
        state=(".weight.absmax", ".weight.quant_map"),
    ),
)

_SVDQUANT = (
    Flavour(
        TensorType("FP4_SVDQ", 2, 1, 0.080, between=(0.080, 0.0951)),
        _types("I8 U8"),
        (Companion((".wscales",), _types("F8_E4M3")),),
        ending=".qweight",
        state=_SVDQ_STATE,
    ),
    Flavour(
        TensorType("INT4_SVDQ", 2, 1, 0.083, between=(0.080, 0.108)),
        _types("I8 U8 I32"),
        (Companion((".wscales",)),),
        ending=".qweight",
        state=_SVDQ_STATE,
    ),
)

_QUANTO = (
    Flavour(
        TensorType("INT8_QUANTO", 1, 1, 0.014, between=_INT8_ERROR),
        _types("I8"),
        (Companion((".weight._scale",), shaped=_per_row),),
        ending=".weight._data",
        state=_QUANTO_STATE,
    ),
    Flavour(
        TensorType("FP8_QUANTO", 1, 1, 0.0265),
        _types("F8_E4M3"),
        (Companion((".weight._scale",), shaped=_per_row),),
        ending=".weight._data",
        state=_QUANTO_STATE,
    ),
)

_TORCHAO = (
    Flavour(
        TensorType("FP8_TORCHAO", 1, 1, 0.0265),
        _types("F8_E4M3"),
        (Companion(("._weight_scale",)),),
        ending="._weight_qdata",
        state=("._weight_zero_point",),
    ),
)
"""Of torchao only float8: its I8 holds 1 to 8 bits, which only the metadata tell."""

_SDNQ_STATE = (".zero_point", ".svd_up", ".svd_down")


def _sdnq(
    dtype: str, bits: int, stored: str, error: float | None, between: tuple[float, float] | None
) -> Flavour:
    blocks = (1, 1) if bits == 8 else (8, bits)
    return Flavour(
        TensorType(f"SDNQ_{dtype.upper()}", *blocks, error, between=between),
        _types(stored),
        (Companion((".scale",)),),
        state=_SDNQ_STATE,
        method="sdnq",
        dtype=dtype,
    )


_SDNQ = (
    *(
        _sdnq(f"{sign}int{bits}", bits, "U8", None, None)
        for sign in ("", "u")
        for bits in range(2, 8)
    ),
    _sdnq("int8", 8, "I8", 0.014, _INT8_ERROR),
    _sdnq("uint8", 8, "U8", 0.014, _INT8_ERROR),
    _sdnq("float8_e4m3fn", 8, "F8_E4M3", 0.0265, None),
)
"""Numbers of 2 to 7 bits are packed eight to as many bytes; what the low-rank branch gains is not
known, and so neither is their error."""

FLAVOURS: tuple[Flavour, ...] = (
    *_BITSANDBYTES,
    *_SVDQUANT,
    *_QUANTO,
    *_TORCHAO,
    *_SDNQ,
    *_COMFYUI,
)
"""All flavours; of those that fit, the first wins."""

SVDQ_TYPES = frozenset(flavour.type.name for flavour in _SVDQUANT)
SDNQ_TYPES = frozenset(flavour.type.name for flavour in _SDNQ)
