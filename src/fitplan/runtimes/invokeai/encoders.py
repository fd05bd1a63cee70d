"""Text encoders in InvokeAI: one function per family, one rule per loader."""

from dataclasses import replace

from fitplan.accounting.rules import Cast, Drop, Keep, LoadingRule, Treatment
from fitplan.accounting.weights import Role
from fitplan.runtimes.invokeai.treatments import (
    ALL_BF16,
    DENSE,
    FLOATS,
    FOLDER,
    GGML,
    GGUF,
    INTEGERS,
    NO_HEAD,
    NO_POSITION_IDS,
    NO_TOKENIZER,
    PACKED,
    SECOND_TABLE,
    buffers,
    dense,
    multiplied,
    only,
    quant_state,
    sdnq,
    tied_embedding,
)


def qwen3(by_state_dict: bool, rotary_bytes: int) -> tuple[LoadingRule, ...]:
    """Qwen3 0.6B, 4B and 8B: GGUF and single files are loaded tied, folders as they are."""
    tied = tied_embedding(by_state_dict, Cast("BF16"))
    adds = buffers(by_state_dict, rotary_bytes, "rotary frequencies")
    gguf, single = (
        "Qwen3EncoderGGUFLoader (z_image.py)",
        "Qwen3EncoderCheckpointLoader (z_image.py)",
    )
    where = "Qwen3EncoderLoader (z_image.py)"
    folder = LoadingRule("qwen3", FOLDER, ALL_BF16, where, FLOATS, adds, maps=True)
    headless = "ZImageDiffusersModel (z_image.py): Qwen3Model, which has no head"
    return (
        LoadingRule("qwen3", GGUF, (NO_HEAD, tied, PACKED), gguf, GGML, adds),
        replace(multiplied("qwen3", single), treatments=(NO_HEAD, tied, *ALL_BF16), adds=adds),
        replace(folder, when_part_of="z-image", where=headless),
        replace(folder, when_role=Role.OUTPUT_HEAD),
        replace(folder, treatments=(tied, *ALL_BF16)),
    )


def t5(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """T5-XXL folders: bitsandbytes INT8 as is, all else in the type config.json names."""
    int8 = LoadingRule(
        "t5",
        FOLDER,
        (SECOND_TABLE, quant_state(by_state_dict), tied_embedding(by_state_dict, Keep()), PACKED),
        "BnbQuantizedLlmInt8bCheckpointModel (flux.py)",
        FLOATS | {"INT8_BNB"},
        when_types=frozenset({"INT8_BNB"}),
    )
    return (
        int8,
        _t5_folder("F16", by_state_dict),
        _t5_folder("F32", by_state_dict),
        replace(_t5_folder("BF16", by_state_dict), when_load_type=""),
    )


def _t5_folder(load_type: str, by_state_dict: bool) -> LoadingRule:
    why = "kept in float32 when float16 is asked for"
    wo = Treatment(only(Role.FEED_FORWARD_OUT), Cast("F32"), why)
    cast = Treatment(None, Cast(load_type), "cast to the type that config.json names")
    exceptions = (wo,) if load_type == "F16" else ()
    tied = tied_embedding(by_state_dict, Cast(load_type))
    treatments = (SECOND_TABLE, tied, *exceptions, cast)
    where = "T5EncoderCheckpointModel (flux.py)"
    return LoadingRule("t5", FOLDER, treatments, where, FLOATS, when_load_type=load_type, maps=True)


def quantized(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """SDNQ text encoders of 6.14: a table that is also the head is counted twice."""
    tied = tied_embedding(by_state_dict, Keep())
    qwen3 = sdnq("qwen3", "Qwen3EncoderSDNQLoader (z_image.py)")
    t5 = sdnq("t5", "T5EncoderSDNQLoader (flux.py)", (SECOND_TABLE, tied))
    return (
        replace(qwen3, when_role=Role.OUTPUT_HEAD),
        replace(qwen3, treatments=(tied, *qwen3.treatments)),
        replace(t5, containers=FOLDER),
    )


def t5_gguf(by_state_dict: bool) -> LoadingRule:
    """T5-XXL GGUF: packed, but the embedding and the relative bias are looked up, so dense."""
    bias = Treatment(only(Role.RELATIVE_BIAS), Cast("BF16"), "a lookup table: dequantized")
    treatments = (SECOND_TABLE, tied_embedding(by_state_dict, Cast("BF16")), bias, PACKED)
    return LoadingRule("t5", GGUF, treatments, "T5EncoderGGUFModel (flux.py)", GGML, basis="code")


def umt5(by_state_dict: bool) -> LoadingRule:
    """UMT5-XXL folders: BF16."""
    treatments = (SECOND_TABLE, tied_embedding(by_state_dict, Cast("BF16")), *ALL_BF16)
    where = "WanT5EncoderLoader (wan.py)"
    return LoadingRule("umt5", FOLDER, treatments, where, FLOATS, basis="code", maps=True)


def clip(by_state_dict: bool, alone: Treatment) -> tuple[LoadingRule, ...]:
    """CLIP-L and CLIP-G; `alone`: what becomes of a folder outside a diffusers pipeline."""
    adds = buffers(by_state_dict, 616, "position ids")
    where = "StableDiffusionDiffusersModel (stable_diffusion.py)"
    parts = (dense(family, where, FOLDER) for family in ("clip-l", "clip-g"))
    treatments = (NO_POSITION_IDS, INTEGERS, alone)
    loader = "CLIPDiffusersLoader (flux.py)"
    clip_l = LoadingRule("clip-l", FOLDER, treatments, loader, FLOATS, adds, maps=True)
    return (
        *(
            replace(part, treatments=(NO_POSITION_IDS, *ALL_BF16), when_part_of="*", adds=adds)
            for part in parts
        ),
        clip_l,
        replace(clip_l, family="clip-g", basis="code"),
    )


CLIP_FLOAT32 = Treatment(
    None, Cast("F32"), "loaded without a type, so transformers 4 makes it float32"
)
CLIP_AS_STORED = Treatment(
    None, Keep(), "loaded without a type, so transformers 5 keeps the file's"
)


def mistral(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """Mistral-Small as FLUX.2's encoder: no head, no vision tower, no tokenizer."""
    adds = buffers(by_state_dict, 512, "rotary frequencies")
    drops = (
        NO_HEAD,
        NO_TOKENIZER,
        Treatment(only(Role.VISION), Drop(), "FLUX.2 uses no vision tower"),
        Treatment(only(Role.FINAL_NORM), Drop(), "the 30-layer file's final norm is not used"),
    )
    embedding = Treatment(
        only(Role.TOKEN_EMBEDDING), Cast("BF16"), "lookups need a dense embedding"
    )
    gguf = "MistralEncoderGGUFLoader (mistral_encoder.py)"
    dense_files = "MistralEncoderCheckpointLoader (mistral_encoder.py)"
    return (
        LoadingRule("mistral", GGUF, (*drops, embedding, PACKED), gguf, GGML, adds, basis="code"),
        replace(
            multiplied("mistral", dense_files, DENSE),
            treatments=(*drops, *ALL_BF16),
            adds=adds,
        ),
    )


def qwen2_5_vl(by_state_dict: bool) -> LoadingRule:
    """Qwen2.5-VL as Qwen-Image's encoder: BF16, vision tower included."""
    adds = buffers(by_state_dict, 592, "rotary frequencies")
    return replace(dense("qwen2.5-vl", "QwenVLEncoderLoader (qwen_image.py)"), adds=adds)


def qwen3_vl() -> LoadingRule:
    """Qwen3-VL as Krea-2's encoder: BF16, vision tower included."""
    return replace(dense("qwen3-vl", "Qwen3VLEncoderLoader (krea2.py)"), basis="code")
