"""Quantizes the tensors of whole architectures as converters do, flavour by flavour.

What each converter writes beside a matrix was read in its source (see `accounting.flavours`); the
files are built by that, not downloaded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fitplan.accounting.weights import Tensor

Shape = tuple[int, ...]
Stored = list[Tensor]


@dataclass(frozen=True)
class Maker:
    """How one flavour stores a matrix."""

    quant: str
    """What the file is to be called."""
    store: Callable[[str, Shape], Stored]
    """Name without `.weight` and shape of a matrix → the tensors that stand for it."""
    error: tuple[float, float] | None
    """Between what a file's error may be; None: unknown."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Content of quantization_config.json; {}: no such file."""


def quantized(tensors: Sequence[Tensor], maker: Maker) -> tuple[Tensor, ...]:
    """`tensors` with every matrix of a block stored as `maker` does."""
    stored: Stored = []
    for tensor in tensors:
        stored += (
            maker.store(tensor.name.removesuffix(".weight"), tensor.shape)
            if is_matrix(tensor)
            else [tensor]
        )
    return tuple(stored)


def is_matrix(tensor: Tensor) -> bool:
    """Whether converters quantize this tensor: a large matrix of a block."""
    inside = "blocks." in tensor.name or "layers." in tensor.name
    wide = len(tensor.shape) == 2 and min(tensor.shape) >= 256 and tensor.shape[1] % 256 == 0
    return inside and wide and tensor.name.endswith(".weight")


def _comfy(type: str, packing: int, json_bytes: int) -> Callable[[str, Shape], Stored]:
    def store(name: str, shape: Shape) -> Stored:
        return [
            Tensor(f"{name}.weight", (shape[0], shape[1] // packing), type),
            Tensor(f"{name}.weight_scale", (shape[0], 1), "F32"),
            Tensor(f"{name}.comfy_quant", (json_bytes,), "U8"),
        ]

    return store


def _int8_blocks(name: str, shape: Shape) -> Stored:
    return [
        Tensor(f"{name}.weight", shape, "I8"),
        Tensor(f"{name}.weight_scale", (shape[0] // 128, shape[1] // 128), "F32"),
        Tensor(f"{name}.comfy_quant", (47,), "U8"),
    ]


def _nvfp4(name: str, shape: Shape) -> Stored:
    return [
        Tensor(f"{name}.weight", (shape[0], shape[1] // 2), "U8"),
        Tensor(f"{name}.weight_scale", (shape[0], shape[1] // 16), "F8_E4M3"),
        Tensor(f"{name}.weight_scale_2", (), "F32"),
        Tensor(f"{name}.comfy_quant", (19,), "U8"),
    ]


def _mxfp8(name: str, shape: Shape) -> Stored:
    return [
        Tensor(f"{name}.weight", shape, "F8_E4M3"),
        Tensor(f"{name}.weight_scale", (shape[0], shape[1] // 32), "U8"),
        Tensor(f"{name}.comfy_quant", (19,), "U8"),
    ]


def _quanto(type: str) -> Callable[[str, Shape], Stored]:
    def store(name: str, shape: Shape) -> Stored:
        return [
            Tensor(f"{name}.weight._data", shape, type),
            Tensor(f"{name}.weight._scale", (shape[0], 1), "BF16"),
            Tensor(f"{name}.input_scale", (), "BF16"),
            Tensor(f"{name}.output_scale", (), "BF16"),
        ]

    return store


def _torchao(name: str, shape: Shape) -> Stored:
    return [
        Tensor(f"{name}._weight_qdata", shape, "F8_E4M3"),
        Tensor(f"{name}._weight_scale", (shape[0], 1), "F32"),
    ]


def _bnb_int8(name: str, shape: Shape) -> Stored:
    return [
        Tensor(f"{name}.weight", shape, "I8"),
        Tensor(f"{name}.SCB", (shape[0],), "F32"),
        Tensor(f"{name}.weight_format", (), "U8"),
    ]


def _bnb_4bit(kind: str) -> Callable[[str, Shape], Stored]:
    def store(name: str, shape: Shape) -> Stored:
        elements = shape[0] * shape[1]
        return [
            Tensor(f"{name}.weight", (elements // 2, 1), "U8"),
            Tensor(f"{name}.weight.absmax", (elements // 64,), "U8"),
            Tensor(f"{name}.weight.quant_map", (16,), "F32"),
            Tensor(f"{name}.weight.nested_absmax", (elements // 16384,), "F32"),
            Tensor(f"{name}.weight.nested_quant_map", (256,), "F32"),
            Tensor(f"{name}.weight.quant_state.bitsandbytes__{kind}", (108,), "U8"),
        ]

    return store


def _svdquant(scales: str, group: int) -> Callable[[str, Shape], Stored]:
    def store(name: str, shape: Shape) -> Stored:
        fp4 = [Tensor(f"{name}.wcscales", shape[:1], "BF16"), Tensor(f"{name}.wtscale", (), "BF16")]
        return [
            Tensor(f"{name}.qweight", (shape[0], shape[1] // 2), "I8"),
            Tensor(f"{name}.wscales", (shape[1] // group, shape[0]), scales),
            Tensor(f"{name}.smooth_factor", shape[1:], "BF16"),
            Tensor(f"{name}.proj_down", (shape[1], 32), "BF16"),
            Tensor(f"{name}.proj_up", (shape[0], 32), "BF16"),
            *(fp4 if scales == "F8_E4M3" else []),
        ]

    return store


def _sdnq(bits: int, type: str) -> Callable[[str, Shape], Stored]:
    def store(name: str, shape: Shape) -> Stored:
        elements = shape[0] * shape[1]
        packed = shape if bits == 8 else (elements // 8, bits) if bits % 4 else None
        return [
            Tensor(f"{name}.weight", packed or (shape[0], shape[1] * bits // 8), type),
            Tensor(f"{name}.scale", (shape[0], shape[1] // 64, 1), "F32"),
            Tensor(f"{name}.zero_point", (shape[0], shape[1] // 64, 1), "F32"),
            Tensor(f"{name}.svd_up", (shape[0], 32), "BF16"),
            Tensor(f"{name}.svd_down", (32, shape[1]), "BF16"),
        ]

    return store


def _config(dtype: str) -> dict[str, Any]:
    return {"quant_method": "sdnq", "weights_dtype": dtype, "group_size": 0, "use_svd": True}


_INT8 = (0.0045, 0.020)

MAKERS: Mapping[str, Maker] = {
    "int8-convrot": Maker("INT8_CONVROT", _comfy("I8", 1, 72), _INT8),
    "int8-convrot-compact": Maker("INT8_CONVROT", _comfy("I8", 1, 67), _INT8),
    "int8-tensorwise": Maker("INT8_TENSORWISE", _comfy("I8", 1, 27), _INT8),
    "int8-tensorwise-full": Maker("INT8_TENSORWISE", _comfy("I8", 1, 65), _INT8),
    "int8-blockwise": Maker("INT8_BLOCKWISE", _int8_blocks, _INT8),
    "int4-convrot-u8": Maker("INT4_CONVROT", _comfy("U8", 2, 72), None),
    "int4-convrot-i8": Maker("INT4_CONVROT", _comfy("I8", 2, 72), None),
    "nvfp4": Maker("NVFP4", _nvfp4, (0.08, 0.0951)),
    "mxfp8": Maker("MXFP8", _mxfp8, (0.024, 0.0265)),
    "int8-quanto": Maker("INT8_QUANTO", _quanto("I8"), _INT8),
    "fp8-quanto": Maker("FP8_QUANTO", _quanto("F8_E4M3"), (0.024, 0.0265)),
    "fp8-torchao": Maker("FP8_TORCHAO", _torchao, (0.024, 0.0265)),
    "int8-bnb": Maker("INT8_BNB", _bnb_int8, (0.018, 0.020)),
    "nf4-bnb": Maker("NF4_BNB", _bnb_4bit("nf4"), (0.08, 0.092)),
    "fp4-bnb": Maker("FP4_BNB", _bnb_4bit("fp4"), (0.11, 0.122)),
    "int4-svdq": Maker("INT4_SVDQ", _svdquant("BF16", 64), (0.07, 0.083)),
    "fp4-svdq": Maker("FP4_SVDQ", _svdquant("F8_E4M3", 16), (0.07, 0.080)),
    "sdnq-uint4": Maker("SDNQ_UINT4", _sdnq(4, "U8"), None, _config("uint4")),
    "sdnq-int5": Maker("SDNQ_INT5", _sdnq(5, "U8"), None, _config("int5")),
    "sdnq-int8": Maker("SDNQ_INT8", _sdnq(8, "I8"), _INT8, _config("int8")),
    "sdnq-uint8": Maker("SDNQ_UINT8", _sdnq(8, "U8"), _INT8, _config("uint8")),
}
"""One way of writing each flavour, or several."""
