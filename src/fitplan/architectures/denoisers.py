"""The denoisers and ControlNets fitplan knows, in each naming (see `patterns`)."""

from fitplan.accounting.weights import Kind
from fitplan.architectures.patterns import Pattern

_FLUX2_SIZES = {3072: "FLUX.2 Klein 4B", 4096: "FLUX.2 Klein 9B", 6144: "FLUX.2 Dev"}
_SD3_SIZES = {2432: "SD 3.5 Large", 1536: "SD 3 Medium"}
_WAN_SIZES = {1536: "Wan 1.3B", 3072: "Wan 5B", 5120: "Wan 14B"}

CONTROLNETS = (
    Pattern(
        "flux1-controlnet",
        Kind.CONTROLNET,
        "FLUX.1 ControlNet",
        ("controlnet_x_embedder.weight", "controlnet_blocks.N.weight"),
        ("controlnet_x_embedder.weight", 0),
        absent=("txt_norm.weight", "pos_embed.proj.weight"),
    ),
    Pattern(
        "flux1-controlnet",
        Kind.CONTROLNET,
        "FLUX.1 ControlNet (XLabs)",
        ("double_blocks.N.img_attn.qkv.weight", "controlnet_blocks.N.weight"),
    ),
    Pattern(
        "qwen-image-controlnet",
        Kind.CONTROLNET,
        "Qwen-Image ControlNet",
        ("controlnet_blocks.N.weight", "txt_norm.weight"),
    ),
    Pattern(
        "sd3-controlnet",
        Kind.CONTROLNET,
        "SD 3 ControlNet",
        ("controlnet_blocks.N.weight", "pos_embed_input.proj.weight"),
    ),
    Pattern(
        "z-image-controlnet",
        Kind.CONTROLNET,
        "Z-Image ControlNet",
        ("control_layers.N.after_proj.weight",),
    ),
    Pattern(
        "sd-controlnet",
        Kind.CONTROLNET,
        "SD ControlNet",
        ("controlnet_cond_embedding.conv_in.weight", "controlnet_mid_block.weight"),
    ),
    Pattern(
        "sd-controlnet",
        Kind.CONTROLNET,
        "SD ControlNet",
        ("input_hint_block.N.weight", "zero_convs.N.N.weight"),
    ),
)

TRANSFORMERS = (
    Pattern(
        "flux2",
        Kind.DENOISER,
        "FLUX.2",
        ("double_stream_modulation_img.lin.weight", "img_in.weight"),
        ("img_in.weight", 0),
        _FLUX2_SIZES,
        ("double_blocks", "single_blocks"),
    ),
    Pattern(
        "flux2",
        Kind.DENOISER,
        "FLUX.2",
        ("double_stream_modulation_img.linear.weight", "x_embedder.weight"),
        ("x_embedder.weight", 0),
        _FLUX2_SIZES,
        ("transformer_blocks", "single_transformer_blocks"),
    ),
    Pattern(
        "chroma",
        Kind.DENOISER,
        "Chroma",
        ("distilled_guidance_layer.in_proj.weight", "img_in.weight"),
        ("img_in.weight", 0),
        blocks=("double_blocks", "single_blocks"),
    ),
    Pattern(
        "chroma",
        Kind.DENOISER,
        "Chroma",
        ("distilled_guidance_layer.in_proj.weight", "x_embedder.weight"),
        ("x_embedder.weight", 0),
        blocks=("transformer_blocks", "single_transformer_blocks"),
    ),
    *(
        Pattern(
            "flux1",
            Kind.DENOISER,
            name,
            ("double_blocks.N.img_attn.qkv.weight", "vector_in.in_layer.weight", image_in),
            ("txt_in.weight", 0),
            blocks=("double_blocks", "single_blocks"),
            absent=absent,
        )
        for name, image_in, absent in (
            ("FLUX.1 Fill", ("img_in.weight", 1, 384), ()),
            ("FLUX.1 Canny or Depth", ("img_in.weight", 1, 128), ()),
            ("FLUX.1 Schnell", "img_in.weight", ("guidance_in.in_layer.weight",)),
            ("FLUX.1 Dev", "img_in.weight", ()),
        )
    ),
    *(
        Pattern(
            "flux1",
            Kind.DENOISER,
            name,
            ("time_text_embed.text_embedder.linear_1.weight", "context_embedder.weight", image_in),
            ("context_embedder.weight", 0),
            blocks=("transformer_blocks", "single_transformer_blocks"),
            absent=absent,
        )
        for name, image_in, absent in (
            ("FLUX.1 Fill", ("x_embedder.weight", 1, 384), ()),
            ("FLUX.1 Canny or Depth", ("x_embedder.weight", 1, 128), ()),
            (
                "FLUX.1 Schnell",
                "x_embedder.weight",
                ("time_text_embed.guidance_embedder.linear_1.weight",),
            ),
            ("FLUX.1 Dev", "x_embedder.weight", ()),
        )
    ),
    Pattern(
        "z-image",
        Kind.DENOISER,
        "Z-Image",
        ("cap_pad_token", "x_embedder.weight"),
        ("x_embedder.weight", 0),
        blocks=("layers",),
    ),
    Pattern(
        "z-image",
        Kind.DENOISER,
        "Z-Image",
        ("cap_pad_token", "all_x_embedder.2-1.weight"),
        ("all_x_embedder.2-1.weight", 0),
        blocks=("layers",),
    ),
    Pattern(
        "lumina2",
        Kind.DENOISER,
        "Lumina-Image 2.0",
        ("cap_embedder.N.weight", "noise_refiner.N.attention.qkv.weight", "x_embedder.weight"),
        ("x_embedder.weight", 0),
        blocks=("layers",),
    ),
    Pattern(
        "qwen-image",
        Kind.DENOISER,
        "Qwen-Image",
        ("txt_norm.weight", "img_in.weight", "time_text_embed.timestep_embedder.linear_1.weight"),
        ("img_in.weight", 0),
        blocks=("transformer_blocks",),
    ),
    Pattern(
        "sd3",
        Kind.DENOISER,
        "SD 3",
        ("joint_blocks.N.x_block.attn.qkv.weight", "x_embedder.proj.weight"),
        ("x_embedder.proj.weight", 0),
        _SD3_SIZES,
        ("joint_blocks",),
    ),
    Pattern(
        "sd3",
        Kind.DENOISER,
        "SD 3",
        (
            "pos_embed.proj.weight",
            "time_text_embed.text_embedder.linear_1.weight",
            "context_embedder.weight",
        ),
        ("context_embedder.weight", 0),
        _SD3_SIZES,
        ("transformer_blocks",),
    ),
    Pattern(
        "cogview4",
        Kind.DENOISER,
        "CogView4",
        ("time_condition_embed.condition_embedder.linear_1.weight", "patch_embed.text_proj.weight"),
        ("patch_embed.text_proj.weight", 0),
        blocks=("transformer_blocks",),
    ),
    Pattern(
        "ernie",
        Kind.DENOISER,
        "ERNIE-Image",
        ("text_proj.weight", "layers.N.adaLN_sa_ln.weight", "x_embedder.proj.weight"),
        ("text_proj.weight", 0),
        blocks=("layers",),
    ),
    Pattern(
        "anima",
        Kind.DENOISER,
        "Anima",
        ("llm_adapter.embed.weight", "blocks.N.adaln_modulation_self_attn.N.weight"),
        ("blocks.N.adaln_modulation_self_attn.N.weight", 1),
        blocks=("blocks",),
    ),
    Pattern(
        "krea2",
        Kind.DENOISER,
        "Krea 2",
        ("txtfusion.projector.weight", "first.weight"),
        ("first.weight", 0),
        blocks=("blocks",),
    ),
    Pattern(
        "krea2",
        Kind.DENOISER,
        "Krea 2",
        ("text_fusion.projector.weight", "time_mod_proj.weight", "img_in.weight"),
        ("img_in.weight", 0),
        blocks=("transformer_blocks",),
    ),
    Pattern(
        "wan",
        Kind.DENOISER,
        "Wan",
        ("patch_embedding.weight", "head.head.weight", "text_embedding.N.weight"),
        ("patch_embedding.weight", 0),
        _WAN_SIZES,
        ("blocks",),
    ),
    Pattern(
        "wan",
        Kind.DENOISER,
        "Wan",
        ("patch_embedding.weight", "condition_embedder.time_proj.weight"),
        ("patch_embedding.weight", 0),
        _WAN_SIZES,
        ("blocks",),
    ),
)

_REFERENCE_UNET = (
    "time_embed.N.weight",
    "output_blocks.N.N.in_layers.N.weight",
    "input_blocks.N.N.weight",
)
_REFERENCE_TEXT = "input_blocks.N.N.transformer_blocks.N.attn2.to_k.weight"
_DIFFUSERS_UNET = (
    "time_embedding.linear_1.weight",
    "up_blocks.N.resnets.N.conv1.weight",
    "conv_in.weight",
)
_DIFFUSERS_TEXT = "down_blocks.N.attentions.N.transformer_blocks.N.attn2.to_k.weight"

UNETS = tuple(
    Pattern(family, Kind.DENOISER, name, (*base, (text, 1, width)), (base[2], 0))
    for family, name, width in (
        ("sd15", "SD 1.5", 768),
        ("sd2", "SD 2", 1024),
        ("sdxl", "SDXL", 2048),
    )
    for base, text in ((_REFERENCE_UNET, _REFERENCE_TEXT), (_DIFFUSERS_UNET, _DIFFUSERS_TEXT))
)
