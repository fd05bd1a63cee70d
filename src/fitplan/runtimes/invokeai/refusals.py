"""What InvokeAI is known not to load, by its loaders and the configurations that identify files."""

from fitplan.accounting.rules import Refusal
from fitplan.accounting.weights import Container
from fitplan.runtimes.invokeai.treatments import GGML, GGUF, SINGLE
from fitplan.runtimes.loading import (
    GGML_QUANTS,
    NO_QUANTO,
    PACKED_FOUR_BIT,
    SCALED_INT8,
    SDNQ,
    SVDQUANT,
)

_CONFIGS = "the configurations that identify files (model_manager/configs/factory.py)"
_LATER = frozenset({"qwen-image", "krea2", "wan", "anima", "ernie", "ideogram4", "umt5", "mistral"})
_LATER_ENCODERS = frozenset({"qwen2.5-vl", "qwen3-vl"})

_NO_DEQUANTIZER = Refusal(
    "cannot dequantize {types}",
    "DEQUANTIZE_FUNCTIONS (backend/quantization/gguf/utils.py)",
    containers=GGUF,
    types=GGML_QUANTS - GGML,
)
_UNSCALED = frozenset({"flux1", "z-image"})
_SCALED = SCALED_INT8 | {"FP8_SCALED"}
_STRICT = Refusal(
    "refuses {types} for {family}: scales beside the weights are keys it does not expect",
    "strict load_state_dict (FluxCheckpointModel, flux.py; ZImageCheckpointModel, z_image.py)",
    families=_UNSCALED,
    containers=SINGLE,
    types=_SCALED,
)
_SCALES_LEFT_OUT = Refusal(
    "takes {types} for {family} without the scales beside the weights, which are wrong then",
    "load_state_dict_ignoring_extras (FluxCheckpointModel, flux.py; ZImageCheckpointModel, "
    "z_image.py)",
    families=_UNSCALED,
    containers=SINGLE,
    types=_SCALED,
)
_HALF_AS_WIDE = Refusal(
    "does not unpack {types}: the matrices are half as wide as the model's",
    "load_state_dict compares shapes (model_loaders/)",
    types=PACKED_FOUR_BIT,
)
_NO_SVDQUANT = Refusal(
    "has no loader for SVDQuant, whose weights are called qweight", _CONFIGS, types=SVDQUANT
)


def _only(takes: str, families: str, containers: frozenset[Container]) -> Refusal:
    reason = f"takes {{family}} as {takes} only"
    return Refusal(reason, _CONFIGS, frozenset(families.split()), containers)


_BOTH = (
    _NO_DEQUANTIZER,
    _HALF_AS_WIDE,
    _NO_SVDQUANT,
    NO_QUANTO,
    _only("a checkpoint or folder", "sd15 sd2 sdxl", GGUF),
    _only("a folder", "sd3 cogview4", GGUF | SINGLE),
    _only("a folder or GGUF", "t5", SINGLE),
)
_NO_SUCH_MODEL = Refusal(
    "has no base model for {family}",
    "BaseModelType (backend/model_manager/taxonomy.py), 6.12.0 and 6.14.2",
    families=frozenset(
        [
            "chroma",
            "chroma-radiance",
            "flux3",
            "hidream",
            "kandinsky5",
            "longcat-image",
            "omnigen2",
            "qwen-image-2.1",
        ]
    ),
)
_OF_6_12 = (
    _STRICT,
    Refusal(
        "does not load {family}: its loader came with 6.14",
        "6.12.0 has no such module (model_manager/load/model_loaders/)",
        families=_LATER | _LATER_ENCODERS,
    ),
    Refusal(
        "does not load T5 from GGUF: the loader came with 6.14",
        "6.12.0 has no T5EncoderGGUFModel (flux.py)",
        families=frozenset({"t5"}),
        containers=GGUF,
    ),
    Refusal(
        "does not load SDNQ: its loaders came with 6.14",
        "InvokeAI pull request 9228 (backend/quantization/sdnq)",
        types=SDNQ,
    ),
)
_OF_6_14 = (_SCALES_LEFT_OUT, _only("a folder", "ernie umt5", GGUF | SINGLE))


def refusals(version: str) -> tuple[Refusal, ...]:
    """What `version` ("6.12" or "6.14") is known not to load."""
    own = _OF_6_12 if version == "6.12" else _OF_6_14
    return (_NO_SUCH_MODEL, *own, *_BOTH)
