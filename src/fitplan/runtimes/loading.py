"""What the loaders of all programs have in common: containers, tensor types, treatments."""

from fitplan.accounting.quantization import GGML_TYPES
from fitplan.accounting.rules import Cast, Drop, Keep, Treatment
from fitplan.accounting.weights import Container, Role

GGUF = frozenset({Container.GGUF})
SINGLE = frozenset({Container.SAFETENSORS})
FOLDER = frozenset({Container.FOLDER})
DENSE = SINGLE | FOLDER

INTEGER_TYPES = frozenset({"I64", "I32", "I16", "I8", "U8", "BOOL"})
TORCH_TYPES = INTEGER_TYPES | {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
"""Tensor types that torch reads from safetensors."""

GGML_QUANTS = frozenset(t.name for t in GGML_TYPES.values())
"""All tensor types of GGUF."""

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
