"""What InvokeAI's loaders have in common."""

from dataclasses import replace

from fitplan.accounting.rules import Buffers, Cast, Drop, Keep, LoadingRule, Treatment
from fitplan.accounting.weights import Container, Role
from fitplan.runtimes.loading import (
    DENSE,
    FOLDER,
    GGUF,
    INTEGER_TYPES,
    SCALED_INT8,
    SDNQ,
    SINGLE,
    only,
    reading,
)

__all__ = ["DENSE", "FOLDER", "GGUF", "SINGLE", "only"]

FLOATS = INTEGER_TYPES | {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "FP8_SCALED"}
"""Tensor types that torch loads from safetensors and the loaders can cast."""

GGML = frozenset(
    "F32 F16 BF16 Q8_0 Q6_K Q5_1 Q5_0 Q5_K Q4_1 Q4_0 Q4_K Q3_K Q2_K".split()  # noqa: SIM905
)
"""`DEQUANTIZE_FUNCTIONS` and `TORCH_COMPATIBLE_QTYPES` (backend/quantization/gguf/utils.py)."""

WORKSPACE = {
    "Q8_0": 64,
    "Q6_K": 100,
    "Q5_K": 168,
    "Q4_K": 100,
    "Q3_K": 100,
    "Q2_K": 100,
    "Q5_1": 224,
    "Q5_0": 224,
    "Q4_1": 96,
    "Q4_0": 32,
}
"""Scratch bytes per 32 elements that `dequantize_blocks_*` (gguf/utils.py) holds beside its result.

Q8_0 was measured (Qwen3-4B: 1.11 GiB above what stays, a second BF16 embedding among them); the
others are read from the code: Qwen3-8B Q5_K_M peaks at 10.36 GB where 10.4 GB were measured.
"""


PACKED = Treatment(None, Keep(), "loaded as is; GGUF quantizations stay packed")
INTEGERS = Treatment(None, Keep(), "integer buffers keep their width", types=INTEGER_TYPES)
BF16 = Treatment(None, Cast("BF16"), "the loader casts to the compute type, BF16")
NO_SCALES = Treatment(
    only(Role.QUANT_STATE), Drop(), "scales are multiplied into the weights, then dropped"
)
NO_HEAD = Treatment(only(Role.OUTPUT_HEAD), Drop(), "a text encoder needs no output head")
SECOND_TABLE = Treatment(
    only(Role.OUTPUT_HEAD), Drop(), "the embedding stored a second time: one table is loaded"
)
NO_POSITION_IDS = Treatment(only(Role.BUFFERS), Drop(), "position ids are rebuilt, not loaded")
NO_TOKENIZER = Treatment(only(Role.TOKENIZER), Drop(), "tokenizers count 0")
ALL_BF16 = (NO_SCALES, NO_TOKENIZER, INTEGERS, BF16)


def dense(family: str, where: str, containers: frozenset[Container] = DENSE) -> LoadingRule:
    """The usual loader: every floating-point tensor becomes BF16."""
    return LoadingRule(family, containers, ALL_BF16, where, FLOATS, maps=True)


def unscaled(family: str, where: str) -> LoadingRule:
    """A loader of single files that knows no scales: those of fp8 are refused or left out."""
    rule = dense(family, where, SINGLE)
    return replace(rule, loads=rule.loads - {"FP8_SCALED"})


def multiplied(family: str, where: str, containers: frozenset[Container] = SINGLE) -> LoadingRule:
    """A loader that multiplies every `.weight_scale` into its weights, whatever type they have."""
    lost = "the rotation of ConvRot is not undone: the scales alone do not restore the weights"
    return reading(dense(family, where, containers), SCALED_INT8, beware=lost)


def sdnq(family: str, where: str, treatments: tuple[Treatment, ...] = ()) -> LoadingRule:
    """A loader of SDNQ weights, which stay packed; their scales are counted with them."""
    loads = FLOATS | SDNQ
    packed = Treatment(None, Keep(), "SDNQ weights stay packed, scales and low-rank branch beside")
    return LoadingRule(
        family, DENSE, (*treatments, packed), where, loads, when_types=SDNQ, basis="code"
    )


def tied_embedding(by_state_dict: bool, becomes: Cast | Keep) -> Treatment:
    """A token embedding that is also the output: two keys of the state dict, one tensor."""
    why = "tied with the output: two keys of the state dict, one tensor in RAM"
    return Treatment(only(Role.TOKEN_EMBEDDING), becomes, why, counted=2 if by_state_dict else 1)


def quant_state(by_state_dict: bool) -> Treatment:
    """bitsandbytes' scales: keys of the state dict, but no parameters of the module."""
    why = "quantization state: in the state dict, but no parameter"
    return Treatment(only(Role.QUANT_STATE), Keep(), why, counted=1 if by_state_dict else 0)


def buffers(by_state_dict: bool, size: int, why: str) -> tuple[Buffers, ...]:
    """Buffers that only counting by module sees."""
    return () if by_state_dict else (Buffers(size, f"{why}: a buffer outside the state dict"),)
