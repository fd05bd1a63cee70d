"""ComfyUI with the GGUF nodes: what stays in RAM, and what it keeps free.

Measured with ComfyUI 0.33.0's own loaders (upstream 2f35f4a0, no GPU, an NVIDIA card imitated) and
city96's ComfyUI-GGUF (795e4515). There is no cache with a fixed limit: since 0.23 what the current
workflow uses stays while the machine has `HEADROOM` of RAM available. *Dynamic* VRAM (default on
NVIDIA with torch 2.8) copies matrices from the mapped file into pinned RAM and never changes their
type; *legacy* (other systems, or dynamic off) loads files whole. GGUF is always legacy: mapped
until it is first used, anonymous from then on.

A matrix in pinned RAM is rounded up to 1 KiB, and tensors under 16 KiB are not pinned. Groups of
tensors can't tell: matrices count unrounded, vectors not at all (under 0.1 % either way).
"""

from dataclasses import replace
from functools import partial

from fitplan.accounting.card_rules import CardSpace, Phase, Picture, RoomFirst, Working
from fitplan.accounting.fitting import Headroom, Together
from fitplan.accounting.rules import Beside, Keep, LoadingRule, Refusal, Treatment
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Role, WeightFile
from fitplan.runtimes.activations import by_factor
from fitplan.runtimes.loading import (
    FOLDER,
    GGML_QUANTS,
    GGUF,
    NO_QUANTO,
    SINGLE,
    SVDQUANT,
    TORCH_TYPES,
    VAES,
    cast,
    drop,
    keep,
    only,
)
from fitplan.runtimes.program import Modes, Program, Setting
from fitplan.units import GIB, MIB

NAME = "comfyui"
VERSIONS = ("0.3.64", "0.16", "0.23", "0.33")
"""0.3.64: legacy, RAM without a limit. 0.16: dynamic VRAM. 0.23: RAM pressure cache by default."""

HEADROOM = Headroom(per_cent=10, least=2 * GIB, most=10 * GIB)
"""Kept available: a tenth of the RAM, from 2 to 10 GiB (comfy_execution/caching.py)."""

_LESS_HEADROOM = Headroom(least=GIB, most=GIB)

TOKENIZER = Beside("tokenizer", 85_000_000, "a text encoder's tokenizer, about 0.085 GB")

_WORKSPACE = {
    **{"Q8_0": 58, "Q4_K": 99},
    **{"Q6_K": 100, "Q5_K": 168, "Q3_K": 100, "Q2_K": 100, "IQ4_XS": 100},
    **{"Q5_1": 224, "Q5_0": 224, "Q4_1": 96, "Q4_0": 32},
}
"""Bytes per 32 elements of a token embedding while it is dequantized (ComfyUI-GGUF dequant.py).

Measured for Q8_0 (Qwen3-4B: 0.70 GB above what stays) and Q4_K (Qwen3-8B: 1.91 GB); the others are
read from the code.
"""

_MEASURED = ("flux1", "flux2", "z-image")
_READ = (
    *("qwen-image", "sd15", "sd2", "sdxl", "sd3", "wan", "chroma", "lumina2", "anima"),
    *("qwen-image-2.1", "flux3", "krea2", "ernie", "ideogram4", "longcat-image", "kandinsky5"),
    *("hidream", "omnigen2", "chroma-radiance", "sdxl-refiner"),
)
"""The families after the first line: those whose files are published for it, with templates."""
_OF_0_3_64 = frozenset(
    {
        *("flux1", "qwen-image", "sd15", "sd2", "sdxl", "sdxl-refiner", "sd3", "wan", "chroma"),
        *("chroma-radiance", "lumina2", "hidream", "omnigen2"),
    }
)
"""Of these families, those in `models` of comfy/supported_models.py at 0.3.64."""
_UNETS = frozenset({"sd15", "sd2", "sdxl", "sdxl-refiner"})
_ONE_FILE_FOLDERS = {"clip-l": "", "clip-g": "", "sd-vae": "", "flux1-vae": "sd3"}
"""Family → of which pipeline alone ("": any); their folders hold one file, whose diffusers names
are converted. FLUX.1's VAE is published as one file besides, SD 3.5's is not."""
_FORKED_GGUF = frozenset({"krea2", "ideogram4", "ernie", "longcat-image", "kandinsky5", "flux3"})
"""No family that `detect_arch` of ComfyUI-GGUF (tools/convert.py) tells; forks of it do."""
_LANGUAGE_MODELS = ("qwen3", "qwen3-vl", "qwen2.5-vl", "mistral", "llama")
_VAES = (*VAES, "wan-vae", "qwen-image-2.1-vae")
_QUANTIZED = frozenset({"INT8_TENSORWISE", "INT8_CONVROT", "INT4_CONVROT", "NVFP4_SCALED", "MXFP8"})
"""Flavours that `MixedPrecisionOps` (comfy/ops.py) runs as they are stored; from public reports."""
_TYPES = TORCH_TYPES | {"FP8_SCALED"} | _QUANTIZED

REFUSALS = (
    NO_QUANTO,
    Refusal(
        "does not load SVDQuant without nunchaku's own nodes",
        "QUANT_ALGOS (comfy/quant_ops.py) has no such format",
        types=SVDQUANT,
    ),
    Refusal(
        "does not know {family}",
        "comfy/supported_models.py at 0.3.64; ComfyUI issues 7077 and 7279, open",
        families=frozenset({"cogview4"}),
    ),
)

_NO_POSITIONS = drop("position ids are rebuilt, not loaded", Role.BUFFERS)
_NO_TOKENIZER = drop("held as the tokenizer", Role.TOKENIZER)
_NO_SECOND_TABLE = drop("the same table as the token embedding", Role.OUTPUT_HEAD)
_VECTORS_F32 = cast("F32", "one-dimensional BF16 becomes F32", "BF16", roles=only(Role.VECTORS))
_PACKED = keep("GGUF quantizations stay packed; mapped until used, then anonymous")


def rules(mode: str) -> tuple[LoadingRule, ...]:
    """The residency rules; `mode`: "dynamic" or "legacy"."""
    alone = (*_denoisers(mode), *_vaes(mode), *_encoders(mode))
    return (*alone, *map(_in_a_folder, filter(_out_of_a_folder, alone)))


def _out_of_a_folder(rule: LoadingRule) -> bool:
    """Whether the one weight file of a diffusers folder loads by itself, in that rule's way."""
    return rule.containers == SINGLE and rule.family in _UNETS | set(_ONE_FILE_FOLDERS)


def _in_a_folder(rule: LoadingRule) -> LoadingRule:
    where = f"DiffusersLoader (comfy/diffusers_load.py), or {rule.where} with the folder's file"
    home = _ONE_FILE_FOLDERS.get(rule.family, "")
    return replace(rule, containers=FOLDER, where=where, basis="code", when_part_of=home)


def _kept(mode: str) -> tuple[Treatment, ...]:
    """Tensors of a safetensors file, in its types."""
    if mode == "legacy":
        return (keep("kept in the file's type"),)
    small = only(Role.VECTORS, Role.BUFFERS)
    unpinned = Treatment(small, Keep(), "small tensors go straight to the GPU", counted=0, held=0)
    return (unpinned, keep("copied to pinned RAM in the file's type; part by part evictable"))


def _denoisers(mode: str) -> tuple[LoadingRule, ...]:
    gguf = "UnetLoaderGGUF (ComfyUI-GGUF nodes.py)"
    forked = "UnetLoaderGGUF of a fork: ComfyUI-GGUF 795e451 refuses it (its issue 464)"
    single = "UNETLoader (nodes.py), comfy/model_management.py"
    why = "plain fp8 becomes BF16, unless the GPU computes fp8 or 2n > 0.88·VRAM - 1.2 GiB"
    doubled = (cast("BF16", why, "F8_E4M3", "F8_E5M2"),) if mode == "legacy" else ()
    return tuple(
        rule
        for family in (*_MEASURED, *_READ)
        for rule in (
            LoadingRule(
                family,
                GGUF,
                (_VECTORS_F32, _PACKED),
                forked if family in _FORKED_GGUF else gguf,
                GGML_QUANTS,
                basis="measured" if family in _MEASURED else "code",
            ),
            LoadingRule(
                family,
                SINGLE,
                (*doubled, *_kept(mode)),
                single,
                _TYPES,
                from_code=_QUANTIZED,
                basis="measured" if family in _MEASURED else "code",
            ),
        )
    )


def _vaes(mode: str) -> tuple[LoadingRule, ...]:
    integers = keep("integer buffers keep their width")
    legacy = (
        Treatment(only(Role.BUFFERS), integers.becomes, integers.why),
        cast("BF16", "a VAE is loaded in BF16"),
    )
    treatments = legacy if mode == "legacy" else _kept(mode)
    where = "VAELoader (nodes.py)"
    return tuple(
        LoadingRule(
            family,
            SINGLE,
            treatments,
            where,
            TORCH_TYPES,
            basis="measured" if family in ("flux1-vae", "flux2-vae") else "code",
        )
        for family in _VAES
    )


def _encoders(mode: str) -> tuple[LoadingRule, ...]:
    table = only(Role.TOKEN_EMBEDDING)
    dense = cast("F16", "a table of 65,536 or more tokens is dequantized to F16", roles=table)
    half = cast("F16", "norms and the relative bias become F16", "F32", "F16", "BF16")
    small = Treatment(only(Role.VECTORS, Role.RELATIVE_BIAS), half.becomes, half.why)
    gguf, single = "CLIPLoaderGGUF (ComfyUI-GGUF loader.py)", "CLIPLoader (nodes.py)"
    head = (_NO_SECOND_TABLE, _NO_TOKENIZER, _NO_POSITIONS, *_kept(mode))
    plain = (_NO_TOKENIZER, _NO_POSITIONS, *_kept(mode))
    adds = (TOKENIZER,)
    models = tuple(
        rule
        for family in _LANGUAGE_MODELS
        for rule in (
            LoadingRule(
                family,
                GGUF,
                (dense, _VECTORS_F32, _PACKED),
                gguf,
                GGML_QUANTS,
                adds,
                basis="measured" if family == "qwen3" else "code",
            ),
            LoadingRule(
                family,
                SINGLE,
                plain,
                single,
                _TYPES,
                adds,
                from_code=_QUANTIZED,
                basis="measured" if family == "qwen3" else "code",
            ),
        )
    )
    return (
        *models,
        LoadingRule("t5", GGUF, (small, _NO_SECOND_TABLE, _PACKED), gguf, GGML_QUANTS, adds),
        LoadingRule("t5", SINGLE, head, single, _TYPES, adds, from_code=_QUANTIZED),
        LoadingRule("umt5", GGUF, (dense, small, _PACKED), gguf, GGML_QUANTS, adds, basis="code"),
        LoadingRule("umt5", SINGLE, head, single, _TYPES, adds, basis="code"),
        *(
            LoadingRule(
                family,
                SINGLE,
                plain,
                single,
                TORCH_TYPES,
                adds,
                basis="code",
            )
            for family in ("clip-l", "clip-g")
        ),
    )


def runtime(
    version: str = VERSIONS[-1], mode: str = "dynamic", headroom: Headroom = HEADROOM
) -> Runtime:
    """ComfyUI at one of its `versions` in `mode`, keeping `headroom` available since 0.23."""
    title = f"ComfyUI {version} ({mode})"
    common = Runtime(
        name=NAME,
        version=version,
        title=title,
        rules=_known_in(version, rules(mode)),
        refusals=REFUSALS,
        budget_name=f"RAM available to {title}",
        settings=_no_settings,
        without_settings=(
            f"ComfyUI {version} has no limit on RAM: what the workflow uses stays. --cache-none "
            "drops each node's result after use."
        ),
        workspace=_WORKSPACE,
        converts_in_place=True,
        miss="nothing is evicted from RAM: the system swaps",
        modes={"mode": mode},
        card=RoomFirst(_working),
        source=_SOURCES[version],
    )
    return _pressed(common, headroom) if version in _PRESSURE else common


_PRESSURE = frozenset({"0.23", "0.33"})
"""Versions whose default is the RAM pressure cache."""

_SOURCES = {
    "0.3.64": "comfy/cli_args.py and execution.py (CacheType.CLASSIC) at 0.3.64",
    "0.16": "ComfyUI pull request 12658 (dynamic VRAM by default, after 0.15.0)",
    "0.23": "ComfyUI pull requests 13603 and 14089 (RAM pressure cache by default, a tenth free)",
    "0.33": "comfy_execution/caching.py (RAM pressure cache, since 0.23); --cache-ram GiB",
}


def _known_in(version: str, all_rules: tuple[LoadingRule, ...]) -> tuple[LoadingRule, ...]:
    """Without the denoisers that 0.3.64 does not have."""
    later = {*_MEASURED, *_READ} - _OF_0_3_64 if version == "0.3.64" else set()
    return tuple(rule for rule in all_rules if rule.family not in later)


def _pressed(common: Runtime, headroom: Headroom) -> Runtime:
    """The same with the RAM pressure cache."""
    usual = headroom == HEADROOM
    return replace(
        common,
        settings=partial(_settings, headroom),
        without_settings=(
            "Without --cache-ram ComfyUI keeps a tenth of the machine's RAM free, 2 to 10 GiB; "
            "here a tenth of what --ram says."
        ),
        fit=Together(headroom=headroom),
        miss="the earlier model is evicted in part and read again from its file",
        cheaper=(_pressed(common, _LESS_HEADROOM),) if usual else (),
    )


def _working(
    phase: Phase, file: WeightFile, picture: Picture, card: CardSpace
) -> Working | Unknown:
    """What a part's load leaves free (comfy/model_management.py at a7631e3, factors of 0.3.64).

    A reserve of 400 MiB (Windows 600, 700 over 15 GB), and the larger of 0.8 GiB and what the
    part takes. A decode that runs out of memory is repeated in tiles.
    """
    if card.vendor not in ("", "nvidia"):
        return Unknown(f"ComfyUI's use of VRAM is known for NVIDIA, not for {card.vendor}")
    reserve = 400 * MIB
    if card.os == "windows":
        reserve = (700 if card.vram_bytes > 15 * GIB else 600) * MIB
    least = GIB * 8 // 10 + reserve
    if phase == "encode":
        return Working(least)
    if phase == "decode":
        return Working(max(least, 2178 * picture.pixels * 2 + reserve))
    used = by_factor(file.family, file.hidden_size, picture)
    if used is None:
        return Unknown(f"working memory of {file.family} in ComfyUI is not known")
    return Working(max(least, used + reserve), used)


def _settings(headroom: Headroom, budget: int) -> str:
    return f"python main.py --cache-ram {headroom.of(budget) / GIB:.4g}"


def _no_settings(budget: int) -> str:
    return "python main.py"


def _build(version: str, modes: Modes) -> Runtime:
    if modes["mode"] == "dynamic" and version == "0.3.64":
        return runtime(version, "legacy")
    return runtime(version, modes["mode"])


PROGRAM = Program(NAME, "ComfyUI", VERSIONS, (Setting("mode", ("dynamic", "legacy")),), _build)
