"""What belongs to a family: the text encoders and the VAE of its pipelines, the roles it has.

The one place in the check that knows them. Roles and widths come from the tables of
`fitplan.architectures`, widths of text from the table of dimensions, where it has the architecture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fitplan.accounting.weights import Kind, Role
from fitplan.architectures import families
from fitplan.architectures.families import NAMING_ROLES
from fitplan.architectures.known import tables, width_of
from fitplan.architectures.table import Head
from fitplan.timing.reading import timing_data


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pipeline of a family has besides its denoiser."""

    encoders: tuple[tuple[str, ...], ...]
    """For each text encoder, in their order, the families it may be of."""
    vae: tuple[str, ...]
    """Families its VAE may be of."""
    text_width: int = 0
    """Width of the first encoder; 0 where the table of dimensions tells, or it may be any."""
    from_folder: bool = False
    """Whether its CLIP encoders are those of its diffusers folder (`part_of`)."""


PARTS: Mapping[str, Parts] = {
    "flux1": Parts((("t5",), ("clip-l",)), ("flux1-vae",), 4096),
    "flux2": Parts((("qwen3", "mistral"),), ("flux2-vae",)),
    "chroma": Parts((("t5",),), ("flux1-vae",), 4096),
    "z-image": Parts((("qwen3",),), ("flux1-vae",), 2560),
    "lumina2": Parts((("gemma2",),), ("flux1-vae",)),
    "qwen-image": Parts((("qwen2.5-vl",),), ("qwen-image-vae",), 3584),
    "krea2": Parts((("qwen3-vl",),), ("qwen-image-vae",), 2560),
    "anima": Parts((("qwen3",),), ("qwen-image-vae",), 1024),
    "wan": Parts((("umt5",),), ("wan-vae", "qwen-image-vae"), 4096),
    "ernie": Parts((("mistral",),), ("flux2-vae",), 3072),
    "cogview4": Parts((("glm",),), ("cogview-vae",)),
    "flux3": Parts((("qwen3-vl",),), ("flux2-vae",), 2560),
    "qwen-image-2.1": Parts((("qwen3-vl",),), ("qwen-image-2.1-vae",), 4096),
    "ideogram4": Parts((("qwen3-vl",),), ("flux2-vae",), 4096),
    "longcat-image": Parts((("qwen2.5-vl",),), ("flux1-vae",), 3584),
    "kandinsky5": Parts((("qwen2.5-vl",), ("clip-l",)), ("flux1-vae",), 3584),
    "omnigen2": Parts((("qwen2.5-vl",),), ("flux1-vae",), 2048),
    "hidream": Parts((("llama",), ("t5",), ("clip-g",), ("clip-l",)), ("flux1-vae",), 4096),
    "chroma-radiance": Parts((("t5",),), ("flux1-vae",), 4096),
    "sdxl-refiner": Parts((("clip-g",),), ("sd-vae",), 1280, True),
    "sd3": Parts((("t5",), ("clip-g",), ("clip-l",)), ("flux1-vae",), 4096, True),
    "sdxl": Parts((("clip-g",), ("clip-l",)), ("sd-vae",), 1280, True),
    "sd2": Parts((("clip-h",),), ("sd-vae",), 1024, True),
    "sd15": Parts((("clip-l",),), ("sd-vae",), 768, True),
}
"""Family of the denoiser → its parts."""

STACKED = (1, 3)
"""How many layers of the text encoder's hidden states a denoiser reads: FLUX.2 reads three."""

_ALWAYS = frozenset({Role.WEIGHTS, Role.VECTORS, Role.QUANT_STATE, Role.BUFFERS})
_NO_KERNELS = frozenset(
    {"flux1", "flux2", "chroma", "z-image", "lumina2", "qwen-image", "krea2", "anima", "qwen3"}
    | {"qwen3-vl", "qwen2.5-vl", "mistral", "llama", "gemma2", "glm", "t5", "umt5"}
    | {"clip-l", "clip-g", "clip-h"}
)
"""Families without convolutions: they read patches, and vision towers have a role of their own."""
_NOT_SEEING = frozenset({"qwen3", "gemma2", "llama", "glm"})
"""Language models that never have a vision tower, though they share patterns with some that do."""


@cache
def _heads(family: str) -> tuple[Head, ...]:
    return tuple(table.head for table in tables() if table.head.family == family)


@cache
def roles_of(family: str) -> frozenset[Role]:
    """Every role that a tensor of the family can have; empty for an unknown family."""
    heads = _heads(family)
    if not heads:
        return frozenset()
    patterns = [
        *(NAMING_ROLES.get(head.roles, ()) for head in heads),
        *(families.roles_of(family, head.kind) for head in heads),
    ]
    named = {role for found in patterns for role, _ in found}
    if any(head.kind is Kind.ENCODER for head in heads):
        named.add(Role.TOKENIZER)
    if family not in _NO_KERNELS:
        named.add(Role.CONVOLUTION)
    return _ALWAYS | (named - {Role.VISION} if family in _NOT_SEEING else named)


@cache
def widths_of(family: str) -> frozenset[int]:
    """The widths that models of the family are known with; empty when they are not listed."""
    found = {width_of(table) for table in tables() if table.head.family == family}
    return frozenset(found - {0})


@cache
def families_of(kind: str) -> frozenset[str]:
    """All families of one kind of component."""
    return frozenset(table.head.family for table in tables() if table.head.kind.value == kind)


def text_widths(architecture_id: str, family: str) -> frozenset[int]:
    """Widths that a denoiser's text encoder may have; empty when nothing tells."""
    dimensions = timing_data().dimensions.get(architecture_id)
    context = getattr(dimensions, "context", 0)
    if context:
        return frozenset(context // layers for layers in STACKED if not context % layers)
    stated = PARTS[family].text_width if family in PARTS else 0
    return frozenset({stated} - {0})
