"""Denoisers and VAEs in InvokeAI: one function per family, one rule per loader."""

from dataclasses import replace

from fitplan.accounting.rules import Cast, Drop, Keep, LoadingRule, MadeUp, Treatment
from fitplan.accounting.weights import Role
from fitplan.runtimes.invokeai.treatments import (
    ALL_BF16,
    BF16,
    FLOATS,
    FOLDER,
    GGML,
    GGUF,
    NO_POSITION_IDS,
    PACKED,
    SINGLE,
    buffers,
    dense,
    multiplied,
    only,
    quant_state,
    sdnq,
    unscaled,
)

_GUIDANCE = MadeUp(
    Role.GUIDANCE_EMBEDDER,
    per_hidden=256,
    per_hidden_squared=1,
    type="BF16",
    why="the loader adds a guidance embedder of zeros, 256·H + H² elements, when there is none",
)


def flux1(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """FLUX.1: GGUF as is, bitsandbytes NF4 as is, all else BF16."""
    nf4 = LoadingRule(
        "flux1",
        SINGLE,
        (quant_state(by_state_dict), PACKED),
        "FluxBnbQuantizednf4bCheckpointModel (flux.py)",
        FLOATS | {"NF4_BNB"},
        when_types=frozenset({"NF4_BNB"}),
        basis="code",
    )
    return (
        nf4,
        LoadingRule("flux1", GGUF, (PACKED,), "FluxGGUFCheckpointModel (flux.py)", GGML),
        unscaled("flux1", "FluxCheckpointModel (flux.py)"),
        dense("flux1", "FluxDiffusersModel (flux.py)", FOLDER),
    )


def flux2(diffusers_zeros: bool) -> tuple[LoadingRule, ...]:
    """FLUX.2; `diffusers_zeros`: whether a diffusers folder gets the guidance zeros too (6.12)."""
    chunked = "fused q/k/v are chunked, which dequantizes them"
    swapped = "scale and shift are swapped, which dequantizes them"
    treatments = (
        Treatment(only(Role.FUSED_QKV), Cast("BF16"), chunked),
        Treatment(only(Role.FINAL_ADALN), Cast("BF16"), swapped),
        PACKED,
    )
    folder = dense("flux2", "Flux2DiffusersModel (flux.py)", FOLDER)
    return (
        LoadingRule(
            "flux2", GGUF, treatments, "Flux2GGUFCheckpointModel (flux.py)", GGML, (_GUIDANCE,)
        ),
        replace(multiplied("flux2", "Flux2CheckpointModel (flux.py)"), adds=(_GUIDANCE,)),
        replace(folder, adds=(_GUIDANCE,)) if diffusers_zeros else folder,
    )


def z_image() -> tuple[LoadingRule, ...]:
    """Z-Image: the one family whose real bytes are far above its cache bytes."""
    sliced = "q, k and v are slices of the dequantized q/k/v; each pins a whole copy in RAM"
    reshaped = "pad tokens are reshaped, which dequantizes them"
    treatments = (
        Treatment(only(Role.FUSED_QKV), Cast("BF16"), sliced, held=3, untouched=2),
        Treatment(only(Role.PAD_TOKENS), Cast("BF16"), reshaped),
        Treatment(only(Role.FINAL_NORM), Drop(), "the model has no final norm"),
        PACKED,
    )
    where = "ZImageGGUFCheckpointModel, _convert_z_image_gguf_to_diffusers (z_image.py)"
    return (
        LoadingRule("z-image", GGUF, treatments, where, GGML),
        unscaled("z-image", "ZImageCheckpointModel (z_image.py)"),
        dense("z-image", "ZImageDiffusersModel (z_image.py)", FOLDER),
    )


def stable_diffusion(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """SD1.5, SDXL and SD3.5: everything becomes BF16, a single file with all its components."""
    single = "StableDiffusionDiffusersModel._load_from_singlefile (stable_diffusion.py)"
    folder = "StableDiffusionDiffusersModel (stable_diffusion.py)"
    adds = buffers(by_state_dict, 616, "position ids")
    checkpoints = frozenset({"sd15", "sdxl"})
    part = LoadingRule(
        "", SINGLE, ALL_BF16, single, FLOATS, maps=True, alone=False, bundles=checkpoints
    )
    treatments = (NO_POSITION_IDS, *ALL_BF16)
    return (
        *(
            replace(part, family=f, treatments=treatments, bundles=frozenset({f}))
            for f in ("sd15", "sdxl")
        ),
        *(replace(part, family=f, treatments=treatments, adds=adds) for f in ("clip-l", "clip-g")),
        replace(part, family="sd-vae"),
        *(dense(family, folder, FOLDER) for family in ("sd15", "sdxl", "sdxl-refiner", "sd3")),
    )


def quantized() -> tuple[LoadingRule, ...]:
    """SDNQ transformers, which 6.14 keeps packed; single FLUX.2 files get the guidance zeros."""
    flux2 = sdnq("flux2", "Flux2SDNQCheckpointModel (flux.py)")
    return (
        sdnq("flux1", "FluxSDNQDiffusersModel (flux.py)"),
        replace(flux2, containers=SINGLE, adds=(_GUIDANCE,)),
        replace(flux2, containers=FOLDER),
        sdnq("z-image", "ZImageSDNQCheckpointModel (z_image.py)"),
    )


def later(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """Families that 6.14 loads and 6.12 doesn't."""
    anima = dense("anima", "AnimaCheckpointModel (anima.py)", SINGLE)
    return (
        *_qwen_image(),
        *_krea2(),
        *_wan(by_state_dict),
        replace(anima, adds=buffers(by_state_dict, 300, "rotary tables")),
        *(
            replace(dense(family, "CogView4DiffusersModel (cogview4.py)", FOLDER), basis="code")
            for family in ("cogview4", "glm", "cogview-vae")
        ),
        _ideogram4(),
        replace(dense("ernie", "ErnieImageDiffusersModel (ernie_image.py)", FOLDER), basis="code"),
    )


def _ideogram4() -> LoadingRule:
    """Ideogram 4's two transformers in FP8, which become what the folder has."""
    packed = Treatment(
        None, Keep(), "kept as FP8 with its scales", types=frozenset({"FP8_SCALED", "F32"})
    )
    where = "Ideogram4DiffusersModel, load_fp8_state_dict (ideogram4.py)"
    return LoadingRule("ideogram4", FOLDER, (packed, BF16), where, FLOATS, basis="code")


def _qwen_image() -> tuple[LoadingRule, ...]:
    return (
        LoadingRule(
            "qwen-image", GGUF, (PACKED,), "QwenImageGGUFCheckpointModel (qwen_image.py)", GGML
        ),
        multiplied("qwen-image", "QwenImageCheckpointModel (qwen_image.py)"),
        dense("qwen-image", "QwenImageDiffusersModel (qwen_image.py)", FOLDER),
    )


def _krea2() -> tuple[LoadingRule, ...]:
    modulation = Treatment(only(Role.MODULATION), Cast("BF16"), "reshaped, which dequantizes it")
    gguf = LoadingRule(
        "krea2", GGUF, (modulation, PACKED), "Krea2GGUFCheckpointModel (krea2.py)", GGML
    )  # fmt: skip
    return (
        replace(gguf, basis="code"),
        multiplied("krea2", "Krea2CheckpointModel (krea2.py)"),
        dense("krea2", "Krea2DiffusersModel (krea2.py)", FOLDER),
    )


def _wan(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    adds = buffers(by_state_dict, 2**20, "rotary tables")
    plain = Treatment(
        None,
        BF16.becomes,
        "tensors that aren't quantized are cast to BF16",
        types=frozenset({"F32", "F16", "BF16"}),
    )
    gguf = LoadingRule("wan", GGUF, (plain, PACKED), "WanGGUFCheckpointModel (wan.py)", GGML, adds)
    return (
        replace(gguf, basis="code"),
        replace(multiplied("wan", "WanCheckpointModel (wan.py)"), adds=adds),
        replace(dense("wan", "WanDiffusersModel (wan.py)", FOLDER), adds=adds, basis="code"),
    )


def adapters() -> tuple[LoadingRule, ...]:
    """LoRAs: BF16, without their alphas."""
    no_alpha = Treatment(only(Role.BUFFERS), Drop(), "alpha becomes a number, not a tensor")
    where = "ModelPatchRaw.calc_size (backend/patches/model_patch_raw.py)"
    return (LoadingRule("lora", SINGLE, (no_alpha, *ALL_BF16), where, FLOATS, basis="code"),)


def vaes() -> tuple[LoadingRule, ...]:
    """VAEs: BF16, whatever the file's type."""
    return (
        dense("flux1-vae", "FluxVAELoader (flux.py)"),
        dense("flux2-vae", "Flux2VAELoader (flux.py)"),
        *(
            dense(family, "VAELoader (vae.py)")
            for family in ("sd-vae", "qwen-image-vae", "wan-vae")
        ),
    )
