"""What a header tells about a file of weights: frozen values, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from fitplan.accounting.quantization import TENSOR_TYPES, weight_error


class Container(StrEnum):
    """How weights are packaged; decides which loader of a runtime reads them."""

    GGUF = "gguf"
    SAFETENSORS = "safetensors"
    """One safetensors file on its own (InvokeAI: "checkpoint")."""
    FOLDER = "folder"
    """A Hugging Face folder: config.json beside one or more weight files."""


class Kind(StrEnum):
    """What part of a pipeline a file is, or that it is something else."""

    DENOISER = "denoiser"
    ENCODER = "encoder"
    VAE = "vae"
    CHECKPOINT = "checkpoint"
    LORA = "lora"
    CONTROLNET = "controlnet"
    UPSCALER = "upscaler"
    ADAPTER = "adapter"
    """What is loaded beside a denoiser: IP-Adapter, T2I-Adapter, FLUX Redux."""
    IMAGE_ENCODER = "image-encoder"
    """CLIP vision, SigLIP, the vision projector beside a GGUF text encoder."""
    EMBEDDING = "embedding"
    """Textual inversion: a few rows for a text encoder's token embedding."""
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What tensors are for, as far as some runtime treats them differently from the rest."""

    WEIGHTS = "weights"
    """Matrices that nothing below names."""
    CONVOLUTION = "convolution"
    """Kernels of convolutions: four axes or more, over one channel or more."""
    VECTORS = "vectors"
    """One-dimensional tensors: norms, biases, scales that belong to the model."""
    TOKEN_EMBEDDING = "token_embedding"  # noqa: S105
    OUTPUT_HEAD = "output_head"
    FUSED_QKV = "fused_qkv"
    FINAL_ADALN = "final_adaln"
    FINAL_NORM = "final_norm"
    GUIDANCE_EMBEDDER = "guidance_embedder"
    PAD_TOKENS = "pad_tokens"
    RELATIVE_BIAS = "relative_bias"
    FEED_FORWARD_OUT = "feed_forward_out"
    """T5's `*.wo.weight`, which transformers keeps at float32 when asked for float16."""
    MODULATION = "modulation"
    VISION = "vision"
    POSITIONS = "positions"
    """Position tables stored with the weights."""
    QUANT_STATE = "quant_state"
    """Scales, absmax and maps that belong to a quantization, not to the model."""
    TOKENIZER = "tokenizer"
    """Bytes of a tokenizer carried as a tensor."""
    BUFFERS = "buffers"
    """Integer bookkeeping: num_batches_tracked, position_ids."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a header: shape in PyTorch's order (rows first), type by name."""

    name: str
    shape: tuple[int, ...]
    type: str

    @property
    def elements(self) -> int:
        """The number of elements; a scalar (empty shape) has one."""
        count = 1
        for length in self.shape:
            count *= length
        return count


@dataclass(frozen=True, slots=True)
class WeightGroup:
    """Elements of one tensor type in one role."""

    role: Role
    type: str
    elements: int
    tensors: int = field(default=0, compare=False)
    """Number of tensors summed; 0 where only the sum is known, as in a catalog."""
    rows: int = field(default=0, compare=False)
    """Rows of all tensors (their first axes summed); 0 where only the sum is known."""

    @property
    def bytes(self) -> int:
        """Bytes the group takes as stored."""
        return TENSOR_TYPES[self.type].bytes_for(self.elements)


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One published or installed file (or folder) of weights, as its header describes it."""

    family: str
    """Architecture family: flux1, flux2, z-image, qwen3, t5 …; "" when unknown."""
    container: Container
    quant: str
    """The quantization name it is published under, or amounts to."""
    file_bytes: int
    groups: tuple[WeightGroup, ...]
    hidden_size: int = 0
    """Width of the model, 0 when unknown; sizes tensors that a loader makes up."""
    part_of: str = ""
    """Family of the diffusers pipeline this folder lies in; "" when it stands alone."""
    load_type: str = ""
    """Tensor type that config.json asks the loader for (torch_dtype); "" when it says nothing."""

    @property
    def elements(self) -> int:
        """All elements of all tensors."""
        return sum(group.elements for group in self.groups)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors as stored, without header and padding."""
        return sum(group.bytes for group in self.groups)

    @property
    def rel_error(self) -> float | None:
        """Relative weight error of the whole file; None where a type's error is unknown."""
        return weight_error((group.type, group.elements) for group in self.groups)


def group_tensors(tensors: Iterable[tuple[Role, Tensor]]) -> tuple[WeightGroup, ...]:
    """Sum tensors into weight groups, ordered by role and type: equal files compare equal."""
    sums: dict[tuple[Role, str], WeightGroup] = {}
    for role, tensor in tensors:
        key = (role, tensor.type)
        sums[key] = _with(sums.get(key, WeightGroup(*key, 0)), tensor)
    order = list(Role)
    return tuple(sorted(sums.values(), key=lambda group: (order.index(group.role), group.type)))


def _with(group: WeightGroup, tensor: Tensor) -> WeightGroup:
    return WeightGroup(
        group.role,
        group.type,
        group.elements + tensor.elements,
        group.tensors + 1,
        group.rows + (tensor.shape[0] if tensor.shape else 1),
    )
