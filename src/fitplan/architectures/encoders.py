"""The text encoders, VAEs and additions fitplan knows, in each naming (see `patterns`)."""

from fitplan.accounting.weights import Kind
from fitplan.architectures.patterns import Pattern
from fitplan.architectures.roles import CUT_BEFORE_FINAL_NORM, T5_TABLE, T5_TABLE_ALONE

_QWEN3_SIZES = {1024: "Qwen3 0.6B", 2048: "Qwen3 1.7B", 2560: "Qwen3 4B", 4096: "Qwen3 8B"}
_QWEN3_VL_SIZES = {2048: "Qwen3-VL 2B", 2560: "Qwen3-VL 4B", 4096: "Qwen3-VL 8B"}
_QWEN25_SIZES = {2048: "Qwen2.5-VL 3B", 3584: "Qwen2.5-VL 7B"}
_MISTRAL_SIZES = {5120: "Mistral Small 24B", 3072: "Ministral 3B"}
_CUT_MISTRAL_SIZES = {5120: "Mistral Small 24B cut to 30 layers"}
_T5_SIZES = {4096: "T5-XXL", 2048: "T5-XL", 1024: "T5-Large", 768: "T5-Base"}

_LAYER = "layers.N.self_attn.q_proj.weight"
_Q_NORM = "layers.N.self_attn.q_norm.weight"
_Q_BIAS = "layers.N.self_attn.q_proj.bias"
_HEADS = ("lm_head.weight", "output.weight")

LANGUAGE_MODELS = (
    Pattern(
        "qwen3-vl",
        Kind.ENCODER,
        "Qwen3-VL",
        ("embed_tokens.weight", _Q_NORM),
        ("embed_tokens.weight", 1),
        _QWEN3_VL_SIZES,
        ("layers",),
        beside=("visual.patch_embed.proj.weight",),
    ),
    Pattern(
        "qwen3",
        Kind.ENCODER,
        "Qwen3",
        ("embed_tokens.weight", _Q_NORM),
        ("embed_tokens.weight", 1),
        _QWEN3_SIZES,
        ("layers",),
    ),
    Pattern(
        "qwen3",
        Kind.ENCODER,
        "Qwen3",
        ("token_embd.weight", "blk.N.attn_q_norm.weight"),
        ("token_embd.weight", 1),
        _QWEN3_SIZES,
        ("blk",),
    ),
    Pattern(
        "qwen2.5-vl",
        Kind.ENCODER,
        "Qwen2.5-VL",
        ("embed_tokens.weight", _Q_BIAS),
        ("embed_tokens.weight", 1),
        _QWEN25_SIZES,
        ("layers",),
    ),
    Pattern(
        "qwen2.5-vl",
        Kind.ENCODER,
        "Qwen2.5-VL",
        ("token_embd.weight", "blk.N.attn_q.bias"),
        ("token_embd.weight", 1),
        _QWEN25_SIZES,
        ("blk",),
    ),
    *(
        Pattern(
            "mistral",
            Kind.ENCODER,
            "Mistral",
            ((table, 0, 131072), (table, 1, width), layer),
            (table, 1),
            sizes,
            (blocks,),
            absent=absent,
            at_most=at_most,
            more_roles=roles,
        )
        for table, layer, blocks in (
            ("embed_tokens.weight", _LAYER, "layers"),
            ("token_embd.weight", "blk.N.attn_q.weight", "blk"),
        )
        for width, sizes, absent, at_most, roles in (
            (5120, _CUT_MISTRAL_SIZES, _HEADS, 30, CUT_BEFORE_FINAL_NORM),
            (5120, _MISTRAL_SIZES, (), 0, ()),
            (3072, _MISTRAL_SIZES, (), 0, ()),
        )
    ),
    Pattern(
        "gemma2",
        Kind.ENCODER,
        "Gemma 2",
        ("embed_tokens.weight", "layers.N.pre_feedforward_layernorm.weight"),
        ("embed_tokens.weight", 1),
        blocks=("layers",),
    ),
    Pattern(
        "glm",
        Kind.ENCODER,
        "GLM",
        ("embed_tokens.weight", "layers.N.mlp.gate_up_proj.weight"),
        ("embed_tokens.weight", 1),
        blocks=("layers",),
    ),
    Pattern(
        "llama",
        Kind.ENCODER,
        "Llama",
        ((("embed_tokens.weight"), 0, 128256), _LAYER),
        ("embed_tokens.weight", 1),
        blocks=("layers",),
    ),
    *(
        Pattern(
            family,
            Kind.ENCODER,
            name,
            (*rows, layer),
            (table, 1),
            sizes,
            (blocks,),
            more_roles=roles,
        )
        for table, layer, blocks, roles in (
            (
                "shared.weight",
                "encoder.block.N.layer.N.SelfAttention.q.weight",
                "encoder.block",
                T5_TABLE,
            ),
            (
                "encoder.embed_tokens.weight",
                "encoder.block.N.layer.N.SelfAttention.q.weight",
                "encoder.block",
                T5_TABLE_ALONE,
            ),
            ("token_embd.weight", "enc.blk.N.attn_q.weight", "enc.blk", T5_TABLE),
        )
        for family, name, rows, sizes in (
            ("umt5", "UMT5", ((table, 0, 256384),), {4096: "UMT5-XXL"}),
            ("t5", "T5", (table,), _T5_SIZES),
        )
    ),
)

CLIPS = tuple(
    Pattern(family, Kind.ENCODER, name, ((table, 1, width), layer), (table, 1), blocks=(blocks,))
    for family, name, width in (
        ("clip-l", "CLIP-L", 768),
        ("clip-g", "CLIP-G", 1280),
        ("clip-h", "CLIP-H", 1024),
    )
    for table, layer, blocks in (
        ("embeddings.token_embedding.weight", "encoder.layers.N.mlp.fc1.weight", "encoder.layers"),
        (
            "token_embedding.weight",
            "transformer.resblocks.N.mlp.c_fc.weight",
            "transformer.resblocks",
        ),
    )
)

AUTOENCODERS = (
    Pattern(
        "flux2-vae", Kind.VAE, "FLUX.2 VAE", (("encoder.conv_out.weight", 0, 64), "bn.running_mean")
    ),
    *(
        Pattern(family, Kind.VAE, name, (("encoder.conv_out.weight", 0, channels), down))
        for family, name, channels in (("flux1-vae", "FLUX.1 VAE", 32), ("sd-vae", "SD VAE", 8))
        for down in (
            "encoder.down.N.block.N.conv1.weight",
            "encoder.down_blocks.N.resnets.N.conv1.weight",
        )
    ),
    *(
        Pattern(family, Kind.VAE, name, ((first, 0, width), down))
        for family, name, width in (
            ("qwen-image-vae", "Qwen-Image or Wan 2.1 VAE", 96),
            ("wan-vae", "Wan 2.2 VAE", 160),
        )
        for first, down in (
            ("encoder.conv_in.weight", "encoder.mid_block.attentions.N.to_qkv.weight"),
            ("encoder.conv1.weight", "encoder.middle.N.to_qkv.weight"),
        )
    ),
)

ADDITIONS = (
    Pattern("ip-adapter", Kind.UNKNOWN, "IP-Adapter", ("ip_adapter.N.to_k_ip.weight",)),
    Pattern(
        "t2i-adapter", Kind.UNKNOWN, "T2I-Adapter", ("adapter.body.N.resnets.N.block1.weight",)
    ),
    Pattern(
        "clip-vision",
        Kind.UNKNOWN,
        "CLIP vision",
        ("embeddings.patch_embedding.weight", "encoder.layers.N.mlp.fc1.weight"),
        ("embeddings.patch_embedding.weight", 0),
        blocks=("encoder.layers",),
    ),
    Pattern(
        "mmproj",
        Kind.UNKNOWN,
        "vision projector (mmproj)",
        ("v.patch_embd.weight", "v.blk.N.ln1.weight"),
    ),
)
