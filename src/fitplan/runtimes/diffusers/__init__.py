"""diffusers with transformers: what a pipeline's parts hold once loaded.

Measured with diffusers 0.40.0 and transformers 5.5, and 0.36.0 with 4.57, without a GPU. A
safetensors file asked for in its own type is memory-mapped, all else is anonymous. Nothing is ever
evicted. Activations are not counted: on a GPU they are in its memory.
"""

from functools import partial

from fitplan.accounting.card_rules import (
    AllAtOnce,
    CardSpace,
    OneByOne,
    Phase,
    Picture,
    Working,
)
from fitplan.accounting.fitting import Together
from fitplan.accounting.rules import Drop, Keep, LoadingRule, MadeUp, Quantize, Treatment
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Role, WeightFile
from fitplan.runtimes.activations import measured_or_by_factor
from fitplan.runtimes.diffusers.models import (
    ANY_VAES,
    ENCODERS,
    GGUF_ENCODERS,
    OWN_VAES,
    SINGLE_FILES,
    VERSIONS,
    denoisers,
    refusals,
    until,
)
from fitplan.runtimes.loading import (
    DENSE,
    FOLDER,
    GGML_QUANTS,
    GGUF,
    INTEGER_TYPES,
    SDNQ,
    TORCH_TYPES,
    cast,
    keep,
    only,
)
from fitplan.runtimes.program import Modes, Program, Setting

NAME = "diffusers"
PROCESS_BYTES = 460_000_000
"""Anonymous memory of Python with torch, diffusers and transformers imported."""

_TYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
DTYPES = (*_TYPES, "none", "int8", "nf4")
"""`torch_dtype` as asked for; int8 and nf4: encoders by bitsandbytes, the rest bfloat16."""

_QUANTIZED = {
    "nf4": (Quantize("NF4_BNB", per_64=4, per_tensor=64), "4 bits and a scale for 64 elements"),
    "int8": (Quantize("INT8_BNB", per_row=4), "8 bits and a scale for each row"),
}
_LINEAR = only(Role.WEIGHTS, Role.FUSED_QKV, Role.FEED_FORWARD_OUT)

_MEASURED_GGUF = ("flux1", "flux2", "z-image")
_MEASURED_DENSE = ("flux2", "z-image", "flux2-vae", "qwen3", "t5", "clip-l")
_INTEGERS = Treatment(None, Keep(), "integer buffers keep their width", types=INTEGER_TYPES)
_NOT_LOADED = Treatment(only(Role.TOKENIZER), Drop(), "not a weight of the model")
_GUIDANCE = MadeUp(
    Role.GUIDANCE_EMBEDDER,
    per_hidden=256,
    per_hidden_squared=1,
    type="BF16",
    why="0.36 adds a guidance embedder, 256·H + H² elements, when there is none",
)


def rules(version: str, dtype: str, offload: str) -> tuple[LoadingRule, ...]:
    """The residency rules of `version`, asked for `dtype` (see `DTYPES`)."""
    old, maps = version == "0.36", offload == "none"
    return (
        *_quantized(version),
        *_models(version, dtype, maps),
        *_gguf(version, dtype),
        *_encoders(old, dtype, maps),
    )


def _asked(dtype: str, otherwise: str) -> str:
    return otherwise if dtype == "none" else _TYPES.get(dtype, "BF16")


def _quantized(version: str) -> tuple[LoadingRule, ...]:
    """Folders that SDNQ saved; the package of that name must be installed and imported."""
    treatments = (_NOT_LOADED, keep("already quantized: loaded as it is"))
    return tuple(
        LoadingRule(
            family,
            FOLDER,
            treatments,
            "SDNQQuantizer (quantizers/sdnq; before 0.40 of the package sdnq)",
            TORCH_TYPES | SDNQ,
            when_types=SDNQ,
            basis="code",
        )
        for family in (*denoisers(version), *ENCODERS)
    )


def _models(version: str, dtype: str, maps: bool) -> tuple[LoadingRule, ...]:
    why = "no type was asked for: float32" if dtype == "none" else f"loaded as {dtype}"
    if dtype in _QUANTIZED:
        why = "loaded as bfloat16"
    treatments = (_INTEGERS, cast(_asked(dtype, "F32"), why))
    where = "ModelMixin.from_pretrained, FromOriginalModelMixin.from_single_file"
    anywhere = (*until(version, SINGLE_FILES), *ANY_VAES)
    folders = (*denoisers(version), *until(version, OWN_VAES))
    return tuple(
        LoadingRule(
            family,
            DENSE if family in anywhere else FOLDER,
            treatments,
            where,
            TORCH_TYPES,
            (_GUIDANCE,) if version == "0.36" and family == "flux2" else (),
            basis="measured" if family in _MEASURED_DENSE else "code",
            maps=maps,
        )
        for family in dict.fromkeys((*anywhere, *folders))
    )


def _gguf(version: str, dtype: str) -> tuple[LoadingRule, ...]:
    """GGUF denoisers: those that load from one file; 0.36 can't load FLUX.2's."""
    families = (f for f in until(version, SINGLE_FILES) if (version, f) != ("0.36", "flux2"))
    why = "F32 and F16 are cast to the compute type"
    treatments = (
        cast(_asked(dtype, "F32"), why, "F32", "F16"),
        keep("GGUF quantizations and BF16 stay packed"),
    )
    return tuple(
        LoadingRule(
            family,
            GGUF,
            treatments,
            "GGUFQuantizer (quantizers/gguf), from_single_file",
            GGML_QUANTS,
            basis="measured" if family in _MEASURED_GGUF else "code",
        )
        for family in families
    )


def _encoders(old: bool, dtype: str, maps: bool) -> tuple[LoadingRule, ...]:
    gguf = "modeling_gguf_pytorch_utils.py (transformers)"
    whole = cast("BF16", "transformers dequantizes a GGUF whole")
    return tuple(
        rule
        for family in ENCODERS
        for rule in (
            LoadingRule(
                family,
                FOLDER,
                (keep("already quantized: loaded as it is"),),
                "quantizers/quantizer_bnb_8bit.py, quantizer_bnb_4bit.py (transformers)",
                TORCH_TYPES | {"INT8_BNB", "NF4_BNB"},
                when_role=Role.QUANT_STATE,
                basis="code",
            ),
            LoadingRule(
                family,
                FOLDER,
                (_NOT_LOADED, _INTEGERS, *_encoder(old, dtype)),
                "PreTrainedModel.from_pretrained (transformers)",
                TORCH_TYPES,
                basis="measured" if family in _MEASURED_DENSE else "code",
                maps=maps,
            ),
        )
    ) + tuple(
        LoadingRule(family, GGUF, (whole,), gguf, GGML_QUANTS, basis="code", bundles=frozenset())
        for family in sorted(GGUF_ENCODERS)
    )


def _encoder(old: bool, dtype: str) -> tuple[Treatment, ...]:
    if dtype == "none" and not old:
        return (keep("no type was asked for: transformers 5 keeps the file's"),)
    why = "no type was asked for: transformers 4 takes float32"
    rest = cast(_asked(dtype, "F32"), why if dtype == "none" else f"loaded as {dtype}")
    if dtype not in _QUANTIZED:
        return (rest,)
    becomes, how = _QUANTIZED[dtype]
    return (
        Treatment(_LINEAR, becomes, f"bitsandbytes: {how}"),
        cast("BF16", "bitsandbytes leaves this in bfloat16"),
    )


def runtime(
    version: str, dtype: str = "bfloat16", offload: str = "none", cheaper: tuple[Runtime, ...] = ()
) -> Runtime:
    """diffusers at `version`, asked for `dtype`, with CPU `offload` ("none" or "model")."""
    shown = ", ".join([dtype, *(["model offload"] if offload == "model" else [])])
    title = f"diffusers {version} ({shown})"
    return Runtime(
        name=NAME,
        version=version,
        title=title,
        rules=rules(version, dtype, offload),
        refusals=refusals(version),
        budget_name=f"RAM available to {title}",
        settings=partial(_settings, dtype, offload),
        without_settings="Activations on the CPU are not counted. Nothing is evicted.",
        converts_in_place=True,
        fit=Together(PROCESS_BYTES),
        miss="the system swaps",
        modes={"dtype": dtype, "offload": offload},
        card=OneByOne(_working) if offload == "model" else AllAtOnce(_working),
        keeps_parts=True,
        cheaper=cheaper,
        source="measured: diffusers 0.40.0 with transformers 5.5, 0.36.0 with 4.57; 0.42.0 read",
    )


def _working(
    phase: Phase, file: WeightFile, picture: Picture, card: CardSpace
) -> Working | Unknown:
    """Activations of torch with fused attention; a decode without tiles, as InvokeAI measured it.

    Bytes of a VAE's decode: height · width · 2 · 2200 (Qwen-Image 2900); a text encoder's are few.
    """
    if phase == "encode":
        return Working(0)
    if phase == "decode":
        used = picture.pixels * 2 * (2900 if file.family == "qwen-image-vae" else 2200)
        return Working(used, used)
    found = measured_or_by_factor(file.family, file.hidden_size, picture)
    if found is None:
        return Unknown(f"activations of {file.family} are not known")
    return Working(found, found)


def _settings(dtype: str, offload: str, budget: int) -> str:
    lines = {
        "none": "# from_pretrained(...) without torch_dtype",
        "int8": "text_encoder: BitsAndBytesConfig(load_in_8bit=True); rest: torch.bfloat16",
        "nf4": 'text_encoder: BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4"); '
        "rest: torch.bfloat16",
    }
    line = lines.get(dtype, f"from_pretrained(..., torch_dtype=torch.{dtype})")
    return f"{line}\npipe.enable_model_cpu_offload()" if offload == "model" else line


def _build(version: str, modes: Modes) -> Runtime:
    dtype, offload = modes["dtype"], modes["offload"]
    less = DTYPES[DTYPES.index("int8") :] if dtype not in _QUANTIZED else ()
    if dtype in ("none", "float32"):
        less = ("bfloat16", *less)
    return runtime(
        version, dtype, offload, tuple(runtime(version, other, offload) for other in less)
    )


PROGRAM = Program(
    NAME,
    "diffusers",
    VERSIONS,
    (Setting("dtype", DTYPES), Setting("offload", ("none", "model"))),
    _build,
)
