"""The families of architectures: what runtimes and readers need to know of one besides its tables.

A family without an entry is called as its table says, and has the roles of its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fitplan.accounting.weights import Kind, Role
from fitplan.architectures.roles import RolePatterns, role_patterns

LANGUAGE_MODEL = role_patterns(
    {
        Role.VISION: r"(?:visual|vision_tower|vision_model|multi_modal_projector|embed_vision)\.",
        Role.TOKEN_EMBEDDING: r"(?:token_embd|embed_tokens)\.weight$",
        Role.OUTPUT_HEAD: r"(?:output|lm_head)\.weight$",
    }
)
_T5 = role_patterns(
    {
        Role.RELATIVE_BIAS: r"(?:relative_attention_bias|attn_rel_b)\.weight$",
        Role.FEED_FORWARD_OUT: r"(?:DenseReluDense\.wo|(?:enc\.)?blk\.\d+\.ffn_down)\.weight$",
        Role.TOKEN_EMBEDDING: r"(?:token_embd|shared)\.weight$",
        Role.OUTPUT_HEAD: r"encoder\.embed_tokens\.weight$",
    }
)
"""`encoder.embed_tokens` beside `shared` is the same table twice; as a head it is left out."""
_LIKE_T5 = {"t5": "T5", "umt5": "UMT5", "mt5": "mT5", "byt5": "ByT5", "pile-t5": "Pile-T5"}
_CLIP = role_patterns(
    {
        Role.TOKEN_EMBEDDING: r"token_embedding\.weight$",
        Role.VISION: r"(?:vision_model|visual_projection)\.",
        Role.POSITIONS: r"(?:position_embedding\.weight|positional_embedding)$",
    }
)


@dataclass(frozen=True, slots=True)
class Family:
    """What models of one family have in common."""

    title: str
    """What they are called together."""
    roles: RolePatterns = ()
    """Tensors that some runtime treats apart."""
    pipelines: tuple[str, ...] = ()
    """How the class names of its diffusers pipelines begin."""


FAMILIES: Mapping[str, Family] = {
    "flux1": Family("FLUX.1", pipelines=("Flux",)),
    "flux2": Family(
        "FLUX.2",
        role_patterns(
            {
                Role.FUSED_QKV: r"(?:img|txt)_attn\.qkv\.weight$",
                Role.FINAL_ADALN: r"final_layer\.adaLN_modulation\.1\.weight$",
                Role.GUIDANCE_EMBEDDER: r"(?:guidance_in|time_guidance_embed\.guidance_embedder)\.",
            }
        ),
        ("Flux2",),
    ),
    "z-image": Family(
        "Z-Image",
        role_patterns(
            {
                Role.FUSED_QKV: r"attention\.qkv\.weight$",
                Role.PAD_TOKENS: r"(?:x|cap)_pad_token$",
                Role.FINAL_NORM: r"norm_final\.",
            }
        ),
        ("ZImage",),
    ),
    "krea2": Family("Krea 2", role_patterns({Role.MODULATION: r"mod\.lin$"}), ("Krea2",)),
    "sd3": Family(
        "SD 3",
        role_patterns({Role.POSITIONS: r"pos_embed(?:\.pos_embed)?$"}),
        ("StableDiffusion3",),
    ),
    "sd15": Family("SD 1.5", pipelines=("StableDiffusion",)),
    "sd2": Family("SD 2"),
    "sdxl": Family("SDXL", pipelines=("StableDiffusionXL",)),
    "qwen-image": Family("Qwen-Image", pipelines=("QwenImage",)),
    "wan": Family("Wan", pipelines=("Wan",)),
    "cogview3": Family("CogView3", pipelines=("CogView3",)),
    "cogview4": Family("CogView4", pipelines=("CogView4",)),
    "ernie": Family("ERNIE-Image", pipelines=("ErnieImage",)),
    "chroma": Family("Chroma", pipelines=("Chroma",)),
    "lumina2": Family("Lumina-Image 2.0", pipelines=("Lumina2",)),
    "kolors": Family("Kolors", pipelines=("Kolors",)),
    "hidream": Family("HiDream", pipelines=("HiDream",)),
    "auraflow": Family("AuraFlow", pipelines=("AuraFlow",)),
    "stable-cascade": Family("Stable Cascade", pipelines=("StableCascade",)),
    "pixart": Family("PixArt", pipelines=("PixArt",)),
    "hunyuandit": Family("HunyuanDiT", pipelines=("HunyuanDiT",)),
    "hunyuanimage": Family("HunyuanImage", pipelines=("HunyuanImage",)),
    "longcat-image": Family("LongCat-Image", pipelines=("LongCatImage",)),
    "ovis-image": Family("Ovis-Image", pipelines=("OvisImage",)),
    "omnigen2": Family("OmniGen2", pipelines=("OmniGen2",)),
    "kandinsky5": Family("Kandinsky 5", pipelines=("Kandinsky5",)),
    "sana": Family("Sana", pipelines=("Sana",)),
    "cosmos-predict2": Family("Cosmos-Predict2", pipelines=("Cosmos2",)),
    "qwen3": Family("Qwen3", LANGUAGE_MODEL),
    "qwen3-vl": Family("Qwen3-VL", LANGUAGE_MODEL),
    "qwen2.5-vl": Family("Qwen2.5-VL", LANGUAGE_MODEL),
    "qwen2": Family("Qwen2", LANGUAGE_MODEL),
    "gemma2": Family("Gemma 2", LANGUAGE_MODEL),
    "gemma3": Family("Gemma 3", LANGUAGE_MODEL),
    "glm": Family("GLM", LANGUAGE_MODEL),
    "mistral": Family("Mistral", LANGUAGE_MODEL),
    **{id: Family(title, _T5) for id, title in _LIKE_T5.items()},
    "clip-l": Family("CLIP-L", _CLIP),
    "clip-g": Family("CLIP-G", _CLIP),
    "clip-h": Family("CLIP-H", _CLIP),
    "flux1-vae": Family("FLUX.1 VAE"),
    "sd-vae": Family("SD VAE"),
    "lora": Family("LoRA", role_patterns({Role.BUFFERS: r"alpha$"})),
}

NAMING_ROLES: Mapping[str, RolePatterns] = {
    "cut-before-final-norm": role_patterns(
        {Role.FINAL_NORM: r"(?:model\.norm|output_norm)\.weight$"}
    ),
    "t5-table-alone": role_patterns({Role.TOKEN_EMBEDDING: r"encoder\.embed_tokens\.weight$"}),
}
"""Roles that only some tables of a family have, by the name in their head.

A Mistral cut to 30 layers still has the final norm, but its hidden states are taken before that.
"""


def roles_of(family: str, kind: Kind) -> RolePatterns:
    """The roles of a family; of text encoders without an entry those of any language model."""
    if family in FAMILIES:
        return FAMILIES[family].roles
    return LANGUAGE_MODEL if kind is Kind.ENCODER else ()


def family_of_pipeline(class_name: str) -> str:
    """The family whose diffusers pipeline is called `class_name`; "" when none is known."""
    starts = {start: id for id, family in FAMILIES.items() for start in family.pipelines}
    fitting = [start for start in starts if class_name.startswith(start)]
    return starts[max(fitting, key=len)] if fitting else ""
