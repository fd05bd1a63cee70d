"""What stable-diffusion.cpp is known not to load, by build."""

from fitplan.accounting.rules import Refusal
from fitplan.runtimes.loading import NO_QUANTO, PACKED_FOUR_BIT, SVDQUANT

VERSIONS = ("695", "721", "817")
"""721: Krea-2 (pull request 1705). 817: ComfyUI's int8 files (pull request 1857)."""

INT8 = frozenset({"INT8_TENSORWISE", "INT8_CONVROT"})
_SKIPPED = Refusal(
    "skips U8 tensors, and with them what {types} needs",
    "safetensors_dtype_to_ggml_type (src/model_io/safetensors_io.cpp)",
    types=PACKED_FOUR_BIT | {"NF4_BNB", "FP4_BNB", "MXFP8"},
)
_NO_FP8_SCALES = Refusal(
    "does not apply the scales of {types}",
    "Linear (src/core/ggml_extend.hpp) takes weight_scale beside int8 only",
    types=frozenset({"FP8_SCALED"}),
)
_NO_SVDQUANT = Refusal(
    "has no names for SVDQuant's weights, qweight",
    "src/model_io/safetensors_io.cpp",
    types=SVDQUANT,
)
_NO_SUCH_MODEL = Refusal(
    "does not know {family}, up to build 827",
    "SDVersion (src/model.h), ModelLoader::get_sd_version (src/model_loader.cpp)",
    families=frozenset(
        ["cogview4", "flux3", "hidream", "kandinsky5", "omnigen2", "qwen-image-2.1", "sdxl-refiner"]
    ),
)
_KREA2_LATER = Refusal(
    "does not know {family}: it came with build 721",
    "stable-diffusion.cpp pull request 1705 (docs/krea2.md)",
    families=frozenset({"krea2"}),
)
_INT8_LATER = Refusal(
    "does not load {types}: that came with build 817",
    "stable-diffusion.cpp pull request 1857 (docs/int8_convrot.md)",
    types=INT8,
)


def refusals(version: str) -> tuple[Refusal, ...]:
    """What builds from `version` on are known not to load."""
    always = (_NO_SUCH_MODEL, _SKIPPED, _NO_FP8_SCALES, _NO_SVDQUANT, NO_QUANTO)
    before_817 = () if version == "817" else (_INT8_LATER,)
    return (*((_KREA2_LATER,) if version == "695" else ()), *always, *before_817)
