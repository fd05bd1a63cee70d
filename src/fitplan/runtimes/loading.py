"""What the loaders of all programs have in common: containers, tensor types, treatments."""

from dataclasses import replace

from fitplan.accounting.flavours import SDNQ_TYPES, SVDQ_TYPES
from fitplan.accounting.quantization import GGML_TYPES
from fitplan.accounting.rules import Cast, Drop, Keep, LoadingRule, Refusal, Treatment
from fitplan.accounting.weights import Container, Role

GGUF = frozenset({Container.GGUF})
SINGLE = frozenset({Container.SAFETENSORS})
FOLDER = frozenset({Container.FOLDER})
DENSE = SINGLE | FOLDER

INTEGER_TYPES = frozenset({"I64", "I32", "I16", "I8", "U8", "BOOL"})
TORCH_TYPES = INTEGER_TYPES | {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
"""Tensor types that torch reads from safetensors."""

GGML_QUANTS = frozenset(t.name for t in GGML_TYPES.values()) - {"Q2_0"}
"""Tensor types of GGUF that the programs' readers know; Q2_0 is newer than all of them."""

SCALED_INT8 = frozenset({"INT8_CONVROT", "INT8_TENSORWISE", "INT8_BLOCKWISE"})
"""Eight-bit integers with `.weight_scale` beside them, as ComfyUI's converters write them."""
PACKED_FOUR_BIT = frozenset({"NVFP4_SCALED", "INT4_CONVROT"})
"""Two numbers in a byte: the stored matrices are half as wide as the model's."""
QUANTO = frozenset({"INT8_QUANTO", "FP8_QUANTO"})
SVDQUANT = SVDQ_TYPES
SDNQ = SDNQ_TYPES

NO_QUANTO = Refusal(
    "does not find the weights of a quanto file, which calls them X.weight._data",
    "loaders look tensors up as X.weight",
    types=QUANTO,
)


def reading(rule: LoadingRule, types: frozenset[str], *, beware: str = "") -> LoadingRule:
    """`rule` that also loads `types`, which was only read in the source.

    `beware`: what goes wrong with a rotated matrix.
    """
    warned = (("INT8_CONVROT", beware),) if beware else ()
    return replace(rule, loads=rule.loads | types, from_code=types, beware=warned)


VAES = ("flux1-vae", "flux2-vae", "sd-vae", "qwen-image-vae")


def only(*roles: Role) -> frozenset[Role]:
    """The roles of a treatment."""
    return frozenset(roles)


def drop(why: str, *roles: Role) -> Treatment:
    """The loader throws tensors in `roles` away."""
    return Treatment(only(*roles), Drop(), why)


def cast(to: str, why: str, *types: str, roles: frozenset[Role] | None = None) -> Treatment:
    """Tensors of `types` (none given: of any) in `roles` (None: in any) become `to`."""
    return Treatment(roles, Cast(to), why, types=frozenset(types) or None)


def keep(why: str) -> Treatment:
    """All tensors stay as they are stored."""
    return Treatment(None, Keep(), why)
