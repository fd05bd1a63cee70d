"""stable-diffusion.cpp: one parameter buffer per component, and compute buffers.

Read from and measured with builds of June to August 2026 (master-695 and later; master-827). The
rules give the buffer that the program logs ("params backend buffer size") to 0.01 MiB. Builds
before 695 load only the decoder of a VAE, and free each component after use.
"""

from dataclasses import dataclass
from functools import partial

from fitplan.accounting.card_rules import (
    AllAtOnce,
    CardRule,
    CardSpace,
    Phase,
    Picture,
    Working,
)
from fitplan.accounting.fitting import FitTest, InTurn, Together
from fitplan.accounting.rules import Drop, LoadingRule, Scratch, Treatment
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Role, WeightFile
from fitplan.runtimes.loading import (
    FOLDER,
    GGML_QUANTS,
    GGUF,
    SINGLE,
    TORCH_TYPES,
    VAES,
    cast,
    drop,
    keep,
    only,
)
from fitplan.runtimes.program import ON_OFF, Modes, Program, Setting
from fitplan.runtimes.sdcpp.refusals import INT8, VERSIONS, refusals
from fitplan.units import MIB

NAME = "sd.cpp"
PROCESS_BYTES = 97_000_000
"""The process with its tokenizers: 97.1 MB beside buffers at the peak of a run from disk."""

_KEPT_TABLES = ("F32", "F16", "Q8_0", "Q5_0", "Q5_1", "Q4_0", "Q4_1")
_TABLES = only(Role.TOKEN_EMBEDDING, Role.RELATIVE_BIAS)
_SMALL = only(Role.VECTORS, Role.POSITIONS, Role.FINAL_NORM, Role.PAD_TOKENS)

_TREATMENTS = (
    drop("a text encoder needs no output head", Role.OUTPUT_HEAD),
    drop("not part of the model", Role.TOKENIZER, Role.BUFFERS),
    drop("the vision tower is a file of its own", Role.VISION),
    cast("F32", "norms, biases, scales and position tables are F32", roles=_SMALL),
    cast("F16", "convolutions are F16", roles=only(Role.CONVOLUTION)),
    cast(
        "F32",
        "a lookup table in BF16 or a K-quant becomes F32",
        *(TORCH_TYPES | GGML_QUANTS) - set(_KEPT_TABLES),
        roles=_TABLES,
    ),
    cast("F16", "fp8 becomes F16", "F8_E4M3", "F8_E5M2"),
    cast("F32", "F64 becomes F32", "F64"),
    keep("linear layers keep the file's type"),
)

_NO_JSON = Treatment(
    only(Role.QUANT_STATE),
    Drop(),
    "read, not kept: how each matrix was quantized",
    types=frozenset({"U8"}),
)
_MEASURED = ("flux1", "flux2", "z-image", "qwen3", "t5", "clip-l", "flux1-vae", "flux2-vae")
_READ = (
    *("qwen-image", "sd15", "sd2", "sdxl", "sd3", "wan", "chroma", "anima"),
    *("chroma-radiance", "ernie", "longcat-image", "ideogram4"),
    *("mistral", "qwen2.5-vl", "umt5", "clip-g", "sd-vae", "qwen-image-vae", "wan-vae"),
)
_WHOLE_FOLDERS = ("sd15", "sd2", "sdxl", "clip-l", "clip-g", "sd-vae", "flux1-vae")
"""Families read out of a whole diffusers folder; text encoders and VAEs also by their one file."""
_PART_OF = {"clip-l": "*", "clip-g": "*", "flux1-vae": "sd3"}
_OWN_ENCODERS = frozenset({"sd15", "sd2", "sdxl"})
"""Told from a checkpoint or a whole folder only: get_sd_version (src/model_loader.cpp)."""
_SINCE_721 = ("krea2", "qwen3-vl")
"""Families that came with build 721 (docs/krea2.md)."""
_OTHER_NAME = (
    "stable-diffusion.cpp looks in a folder for diffusion_pytorch_model.safetensors and "
    "model.safetensors: files named .fp16 need those names"
)
QWEN3_SCRATCH = Scratch(75 * MIB, "compute buffer of Qwen3: 75 MiB at most in the logs")

_DENOISERS: dict[tuple[str, int, bool], dict[int, float]] = {
    ("z-image", 3840, False): {256: 47.79, 512: 238.21, 1024: 2379.46},
    ("z-image", 3840, True): {1024: 690.06},
    ("flux2", 3072, False): {1024: 2739.50},
}
"""(Family, width, flash attention) → edge of the image in pixels → compute buffer in MiB."""

_VAE_256 = 416.06
"""MiB of the VAE's compute buffer for 256² pixels; it grows with the area."""


@dataclass(frozen=True, slots=True)
class SdcppOptions:
    """What the program is started with."""

    mode: str = "resident"
    size: int = 1024
    flash_attention: bool = False
    vae_tiling: bool = False

    @property
    def flags(self) -> str:
        """As its users type them."""
        flags = (
            "--diffusion-fa" if self.flash_attention else "",
            "--vae-tiling" if self.vae_tiling else "",
            {"disk": "--params-backend disk", "mmap": "--mmap"}.get(self.mode, ""),
            f"-W {self.size} -H {self.size}",
        )
        return " ".join(flag for flag in flags if flag)


def rules(mode: str, version: str = VERSIONS[-1]) -> tuple[LoadingRule, ...]:
    """The residency rules; with `mode` "mmap" tensors whose type stays are mapped."""
    int8 = INT8 if version == "817" else frozenset()
    later = _SINCE_721 if version != "695" else ()
    where = "ModelLoader, GGMLRunner::alloc_params_buffer (ggml_extend.hpp)"
    return tuple(
        LoadingRule(
            family,
            containers,
            (_NO_JSON, *_TREATMENTS),
            where,
            TORCH_TYPES | int8 if containers != GGUF else GGML_QUANTS,
            from_code=int8,
            basis="measured" if family in _MEASURED else "code",
            maps=mode == "mmap",
        )
        for family in (*_MEASURED, *_READ, *later)
        for containers in (GGUF, SINGLE)
    ) + tuple(
        LoadingRule(
            family,
            FOLDER,
            _TREATMENTS,
            "ModelLoader::init_from_diffusers_file (src/model_loader.cpp)",
            TORCH_TYPES,
            basis="code",
            maps=mode == "mmap",
            beware=(("F16", _OTHER_NAME),),
            when_part_of=_PART_OF.get(family, ""),
        )
        for family in _WHOLE_FOLDERS
    )


def compute_buffer(options: SdcppOptions, file: WeightFile) -> Scratch:
    """What the program allocates while a component runs.

    A denoiser's is known at a few sizes; that of the next larger one, or without flash attention,
    is an upper bound.
    """
    if file.family in VAES:
        return _decoding(options)
    if file.family == "qwen3":
        return QWEN3_SCRATCH
    if file.family == "clip-l":
        return Scratch(int(1.42 * MIB), "compute buffer of CLIP-L: 1.42 MiB in the log")
    known = [
        (mib, edge, flash)
        for (family, width, flash), sizes in _DENOISERS.items()
        for edge, mib in sizes.items()
        if (family, width) == (file.family, file.hidden_size)
        and edge >= options.size
        and flash <= options.flash_attention
    ]
    if not known:
        return Scratch(0, f"compute buffer of {file.family}: not measured, not counted", "unknown")
    mib, edge, flash = min(known)
    exact = (edge, flash) == (options.size, options.flash_attention)
    how = f"{edge}² pixels{' with flash attention' if flash else ''}"
    why = f"compute buffer at {how}{'' if exact else ', an upper bound'}"
    return Scratch(int(mib * MIB), why)


def _decoding(options: SdcppOptions) -> Scratch:
    if options.vae_tiling:
        return Scratch(int(_VAE_256 * MIB), "VAE decode in tiles of 256² pixels", "code")
    area = options.size * options.size
    size = int(_VAE_256 * MIB) * area // (256 * 256)
    why = "VAE decode, measured at 256² pixels, scaled by area"
    return Scratch(size, why, "measured" if options.size == 256 else "code")


def runtime(
    options: SdcppOptions, cheaper: tuple[Runtime, ...] = (), version: str = VERSIONS[-1]
) -> Runtime:
    """stable-diffusion.cpp from build `version` on, started with `options`."""
    in_turn = options.mode == "disk"
    fit: FitTest = InTurn(PROCESS_BYTES) if in_turn else Together(PROCESS_BYTES)
    title = f"stable-diffusion.cpp {version} ({options.mode})"
    return Runtime(
        name=NAME,
        version=version,
        title=title,
        rules=rules(options.mode, version),
        refusals=refusals(version),
        budget_name=f"RAM available to {title}",
        settings=partial(_settings, options),
        without_settings=(
            "Buffers that don't fit end the run: nothing is evicted."
            if not in_turn
            else "Each component is read again from disk for every image."
        ),
        converts_in_place=True,
        own_encoders=_OWN_ENCODERS,
        fit=fit,
        scratch_of=partial(compute_buffer, options),
        card=_on_card(options),
        miss="the run ends with an error",
        modes=_modes(options),
        cheaper=cheaper,
        source="stable-diffusion.cpp master-695 to master-827: examples/cli, ggml_extend.hpp",
    )


def _on_card(options: SdcppOptions) -> CardRule:
    """Every component's parameters and the largest compute buffer (`GGMLRunner`)."""
    if options.mode != "resident":
        return Unknown(f"VRAM of sd.cpp is known for --mode resident, not for {options.mode}")
    return AllAtOnce(partial(_compute, options))


def _compute(
    options: SdcppOptions, phase: Phase, file: WeightFile, picture: Picture, card: CardSpace
) -> Working | Unknown:
    """A component's compute buffer, at the size that `options` say."""
    found = compute_buffer(options, file)
    return Unknown(found.why) if found.basis == "unknown" else Working(found.bytes, found.bytes)


def _settings(options: SdcppOptions, budget: int) -> str:
    return f"sd {options.flags}"


def _modes(options: SdcppOptions) -> Modes:
    return {
        "mode": options.mode,
        "size": str(options.size),
        "diffusion-fa": ON_OFF[options.flash_attention],
        "vae-tiling": ON_OFF[options.vae_tiling],
    }


def _build(version: str, modes: Modes) -> Runtime:
    options = SdcppOptions(
        modes["mode"],
        int(modes["size"]),
        modes["diffusion-fa"] == "on",
        modes["vae-tiling"] == "on",
    )
    steps = (
        SdcppOptions(options.mode, options.size, options.flash_attention, vae_tiling=True),
        SdcppOptions(options.mode, options.size, flash_attention=True, vae_tiling=True),
        SdcppOptions("disk", options.size, flash_attention=True, vae_tiling=True),
    )
    cheaper = tuple(runtime(step, version=version) for step in steps if step != options)
    return runtime(options, cheaper, version)


PROGRAM = Program(
    NAME,
    "stable-diffusion.cpp",
    VERSIONS,
    (
        Setting("mode", ("resident", "disk", "mmap")),
        Setting("size", ("1024", "512", "256")),
        Setting("diffusion-fa", ON_OFF),
        Setting("vae-tiling", ON_OFF),
    ),
    _build,
    since=True,
)
