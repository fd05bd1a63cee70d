"""Which tensor plays which role: patterns over tensor names, per family and for all families."""

import re
from collections.abc import Mapping

from fitplan.accounting.quantization import INTEGER_TYPES
from fitplan.accounting.weights import Role, Tensor

RolePatterns = tuple[tuple[Role, re.Pattern[str]], ...]


def _patterns(patterns: Mapping[Role, str]) -> RolePatterns:
    """Each pattern must begin where a dotted part of the name begins."""
    return tuple((role, re.compile(rf"(?:^|\.)(?:{text})")) for role, text in patterns.items())


_LANGUAGE_MODEL = _patterns(
    {
        Role.VISION: r"(?:visual|vision_tower|vision_model|multi_modal_projector)\.",
        Role.TOKEN_EMBEDDING: r"(?:token_embd|embed_tokens)\.weight$",
        Role.OUTPUT_HEAD: r"(?:output|lm_head)\.weight$",
    }
)

_T5_LAYERS = _patterns(
    {
        Role.RELATIVE_BIAS: r"(?:relative_attention_bias|attn_rel_b)\.weight$",
        Role.FEED_FORWARD_OUT: r"(?:DenseReluDense\.wo|(?:enc\.)?blk\.\d+\.ffn_down)\.weight$",
    }
)

EVERYWHERE = _patterns(
    {
        Role.QUANT_STATE: (
            r"(?:SCB|weight_format|absmax|quant_map|nested_absmax|nested_quant_map"
            r"|scale_weight|weight_scale|weight_scale_2|weight_scale_inv|scale_input|input_scale"
            r"|comfy_quant|scaled_fp8|wscales|wzeros|wtscale|wcscales"
            r"|smooth_factor|smooth_factor_orig|smooth|smooth_orig)$|quant_state\."
        ),
        Role.TOKENIZER: r"(?:\w+_)?(?:tekken_model|spiece_model|tokenizer_json)$",
        Role.BUFFERS: r"(?:position_ids|num_batches_tracked)$",
    }
)
"""Roles that a name tells whatever the family is."""

LOW_RANK_BRANCH = (Role.QUANT_STATE, re.compile(r"\.(?:lora_down|lora_up|proj_down|proj_up)$"))
"""SVDQuant's 16-bit correction of its 4-bit weights: state of the quantization."""

IN_NO_COMPONENT = re.compile(
    r"^(?:model_ema\.|(?:betas|logvar|alphas_cumprod|alphas_cumprod_prev|scale_factor"
    r"|sqrt_\w+|posterior_\w+|log_one_minus_\w+|denoiser\.sigmas)$)"
)
"""Training leftovers of a full checkpoint (averages, noise schedules) that no loader keeps."""

BY_FAMILY: Mapping[str, RolePatterns] = {
    "flux2": _patterns(
        {
            Role.FUSED_QKV: r"(?:img|txt)_attn\.qkv\.weight$",
            Role.FINAL_ADALN: r"final_layer\.adaLN_modulation\.1\.weight$",
            Role.GUIDANCE_EMBEDDER: r"(?:guidance_in|time_guidance_embed\.guidance_embedder)\.",
        }
    ),
    "z-image": _patterns(
        {
            Role.FUSED_QKV: r"attention\.qkv\.weight$",
            Role.PAD_TOKENS: r"(?:x|cap)_pad_token$",
            Role.FINAL_NORM: r"norm_final\.",
        }
    ),
    "krea2": _patterns({Role.MODULATION: r"mod\.lin$"}),
    "sd3": _patterns({Role.POSITIONS: r"pos_embed(?:\.pos_embed)?$"}),
    "qwen3": _LANGUAGE_MODEL,
    "qwen3-vl": _LANGUAGE_MODEL,
    "qwen2.5-vl": _LANGUAGE_MODEL,
    "mistral": _LANGUAGE_MODEL,
    "llama": _LANGUAGE_MODEL,
    "gemma2": _LANGUAGE_MODEL,
    "glm": _LANGUAGE_MODEL,
    "t5": _T5_LAYERS,
    "umt5": _T5_LAYERS,
    "clip-l": _patterns(
        {
            Role.TOKEN_EMBEDDING: r"token_embedding\.weight$",
            Role.VISION: r"(?:vision_model|visual_projection)\.",
            Role.POSITIONS: r"(?:position_embedding\.weight|positional_embedding)$",
        }
    ),
    "clip-g": _patterns(
        {
            Role.TOKEN_EMBEDDING: r"token_embedding\.weight$",
            Role.POSITIONS: r"(?:position_embedding\.weight|positional_embedding)$",
        }
    ),
    "lora": _patterns({Role.BUFFERS: r"alpha$"}),
}

CUT_BEFORE_FINAL_NORM = _patterns({Role.FINAL_NORM: r"(?:model\.norm|output_norm)\.weight$"})
"""A Mistral cut to 30 layers: hidden states are taken before the norm that the file still has."""

T5_TABLE = _patterns(
    {
        Role.TOKEN_EMBEDDING: r"(?:token_embd|shared)\.weight$",
        Role.OUTPUT_HEAD: r"encoder\.embed_tokens\.weight$",
    }
)
"""`encoder.embed_tokens` beside `shared` is the same table twice; as a head it is left out."""

T5_TABLE_ALONE = _patterns({Role.TOKEN_EMBEDDING: r"encoder\.embed_tokens\.weight$"})


def role_of(tensor: Tensor, patterns: RolePatterns) -> Role:
    """The role of `tensor`: as state, by `EVERYWHERE`, then `patterns`, then its shape."""
    if tensor.is_state:
        return Role.QUANT_STATE
    for role, pattern in (*EVERYWHERE, *patterns):
        if pattern.search(tensor.name):
            return role
    if len(tensor.shape) <= 1:
        return Role.BUFFERS if _is_bookkeeping(tensor) else Role.VECTORS
    return Role.CONVOLUTION if _is_kernel(tensor) else Role.WEIGHTS


def _is_bookkeeping(tensor: Tensor) -> bool:
    """A list of integers; packed weights may be flat too, and are called weights."""
    return tensor.type in INTEGER_TYPES and "weight" not in tensor.name.rpartition(".")[2]


def _is_kernel(tensor: Tensor) -> bool:
    """Four axes or more; a norm's scale shaped (channels, 1, 1, 1) is no kernel."""
    return len(tensor.shape) > 3 and tensor.elements > tensor.shape[0]
