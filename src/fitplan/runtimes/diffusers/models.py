"""What each version of diffusers (with transformers) has a class for, and what it refuses.

Read in the wheels of diffusers 0.36.0, 0.40.0 and 0.42.0, and of transformers 4.57.1 and 5.5.0.
"""

from collections.abc import Mapping

from fitplan.accounting.rules import Refusal
from fitplan.runtimes.loading import GGUF, QUANTO, SINGLE, VAES

VERSIONS = ("0.36", "0.40", "0.42")
"""0.42 has more models; what its loaders make of a file is 0.40's code."""

SINGLE_FILES = {
    "0.36": (
        *("flux1", "flux2", "z-image", "qwen-image", "sd15", "sd2", "sdxl", "sdxl-refiner", "sd3"),
        *("wan", "chroma", "lumina2", "hidream"),
    ),
    "0.40": ("ernie",),
    "0.42": ("krea2", "flux3", "qwen-image-2.1"),
}
"""Denoisers in SINGLE_FILE_LOADABLE_CLASSES (loaders/single_file_model.py), by first version."""
_FOLDERS = {
    "0.36": ("cogview4", "kandinsky5"),
    "0.40": ("krea2", "ideogram4", "longcat-image"),
    "0.42": (),
}
"""Further denoisers that have a class (models/transformers/), by first version."""
OWN_VAES = {"0.36": (), "0.40": (), "0.42": ("qwen-image-2.1-vae",)}
"""VAEs that load from a folder only (models/autoencoders/), by first version."""
ANY_VAES = (*VAES, "cogview-vae", "wan-vae")

ENCODERS = (
    *("qwen3", "t5", "umt5", "clip-l", "clip-g", "mistral", "qwen2.5-vl", "glm"),
    *("qwen3-vl", "llama"),
)
GGUF_ENCODERS = frozenset({"qwen3", "t5", "umt5", "mistral", "llama"})
"""GGUF_SUPPORTED_ARCHITECTURES of transformers 4.57 and 5.5 (integrations/ggml.py)."""


def until(version: str, added: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What `version` has of `added`, which is by the version that brought it."""
    return tuple(f for v in VERSIONS[: VERSIONS.index(version) + 1] for f in added[v])


def denoisers(version: str) -> tuple[str, ...]:
    """All that `version` has a class for, each once."""
    return tuple(dict.fromkeys((*until(version, SINGLE_FILES), *until(version, _FOLDERS))))


_NO_QUANTO = Refusal(
    "does not load weights that quanto saved: they are looked up as X.weight, not X.weight._data",
    "QuantoQuantizer (quantizers/quanto), deprecated",
    types=QUANTO,
)
_NO_FLUX2_GGUF = Refusal(
    "does not load FLUX.2 from GGUF",
    "measured with 0.36.0: from_single_file fails",
    families=frozenset({"flux2"}),
    containers=GGUF,
)


_NO_SINGLE_ENCODER = Refusal(
    "loads a text encoder from a folder, by its config.json: {family} is one file",
    "PreTrainedModel.from_pretrained (transformers)",
    families=frozenset({"qwen3", "umt5", "mistral", "qwen2.5-vl", "qwen3-vl", "llama", "glm"}),
    containers=SINGLE,
)
_NO_GGUF_ENCODER = Refusal(
    "does not read {family} from GGUF",
    "GGUF_SUPPORTED_ARCHITECTURES (transformers, integrations/ggml.py)",
    families=frozenset(ENCODERS) - GGUF_ENCODERS,
    containers=GGUF,
)


def refusals(version: str) -> tuple[Refusal, ...]:
    """What `version` is known not to load."""
    single, folders = until(version, SINGLE_FILES), until(version, _FOLDERS)
    flux2 = (_NO_FLUX2_GGUF,) if version == "0.36" else ()
    never = {"chroma-radiance", "omnigen2"}
    later = {family for added in (SINGLE_FILES, _FOLDERS) for v in added for family in added[v]}
    absent = Refusal(
        "has no class for {family}",
        f"models/transformers/ and pipelines/ of diffusers {version}.0",
        families=frozenset(never | later - {*single, *folders}),
    )
    folder_only = Refusal(
        "takes {family} from a folder only",
        "SINGLE_FILE_LOADABLE_CLASSES (loaders/single_file_model.py)",
        families=frozenset({*folders, *until(version, OWN_VAES)} - set(single)),
        containers=SINGLE | GGUF,
    )
    return (absent, folder_only, _NO_SINGLE_ENCODER, _NO_GGUF_ENCODER, _NO_QUANTO, *flux2)
