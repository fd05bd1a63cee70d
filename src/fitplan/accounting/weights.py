"""What a header tells about a file of weights: frozen values, no I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fitplan.accounting.quantization import (
    INTEGER_TYPES,
    TENSOR_TYPES,
    WeightError,
    weight_error,
)
from fitplan.accounting.unknown import Unknown


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


NOT_PARAMETERS = frozenset({Role.QUANT_STATE, Role.BUFFERS, Role.TOKENIZER})
"""Roles of tensors that hold no parameters of the model."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a header: shape in PyTorch's order (rows first), type by name."""

    name: str
    shape: tuple[int, ...]
    type: str
    is_state: bool = False
    """Whether the tensors beside it tell that it belongs to a quantization, not to the model."""

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
    example: str = field(default="", compare=False)
    """Name of the first of its tensors; "" where only the sum is known."""

    @property
    def bytes(self) -> int:
        """Bytes the group takes as stored."""
        return TENSOR_TYPES[self.type].bytes_for(self.elements)

    @property
    def is_parameters(self) -> bool:
        """Whether these are parameters of the model."""
        return self.role not in NOT_PARAMETERS

    @property
    def is_of_unknown_packing(self) -> bool:
        """Whether these are weights in integers that no flavour explains."""
        return self.is_parameters and self.type in INTEGER_TYPES and self.elements > 0


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One published or installed file (or folder) of weights, as its header describes it."""

    family: str
    """Architecture family: flux1, flux2, z-image, qwen3, t5 …; "" when unknown."""
    container: Container
    quant: str
    """The quantization name it is published under, or that its types imply; "" when unknown."""
    file_bytes: int
    groups: tuple[WeightGroup, ...]
    hidden_size: int = 0
    """Width of the model, 0 when unknown; sizes tensors that a loader makes up."""
    part_of: str = ""
    """Family of the diffusers pipeline this folder lies in; "" when it is in none."""
    load_type: str = ""
    """Tensor type that config.json asks the loader for (torch_dtype); "" when it says nothing."""
    bundle: str = ""
    """Family of the checkpoint that these weights are a part of, or all of; "" for none."""
    parts: tuple["WeightFile", ...] = ()
    """Of a checkpoint: its denoiser, then the others; `groups` has them all and what is left."""

    @property
    def elements(self) -> int:
        """All elements of all tensors."""
        return sum(group.elements for group in self.groups)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors as stored, without header and padding."""
        return sum(group.bytes for group in self.groups)

    @property
    def unknown_packing(self) -> Unknown | None:
        """Which weights are in integers of a packing that is not known; None: none."""
        strange = [group for group in self.groups if group.is_of_unknown_packing]
        return Unknown(_strange(strange)) if strange else None

    @property
    def parameters(self) -> int | None:
        """Elements of the model itself; None where the packing of some is unknown."""
        if self.unknown_packing:
            return None
        return sum(group.elements for group in self.groups if group.is_parameters)

    @property
    def head_elements(self) -> int:
        """Elements of an output head, which some files of a model have and others lack."""
        return sum(group.elements for group in self.groups if group.role is Role.OUTPUT_HEAD)

    def has_parameters(self, count: int) -> bool:
        """Whether the model has `count` parameters, with or without its output head."""
        total = self.parameters
        return total is not None and count in (total, total - self.head_elements)

    @property
    def error(self) -> WeightError | Unknown:
        """Relative weight error of the parameters, by their types."""
        amounts = ((group.type, group.elements) for group in self.groups if group.is_parameters)
        return self.unknown_packing or weight_error(amounts)

    @property
    def rel_error(self) -> float | None:
        """The value of `error`; None where it is unknown."""
        found = self.error
        return None if isinstance(found, Unknown) else found.value

    @property
    def unknown(self) -> Mapping[str, str]:
        """What is not known of the file (rel_error, parameters, quant) → the reason."""
        packing, error = self.unknown_packing, self.error
        reasons = {
            "rel_error": error.reason if isinstance(error, Unknown) else "",
            "parameters": packing.reason if packing else "",
            "quant": packing.reason if packing else "" if self.quant else "it holds no weights",
        }
        return {what: reason for what, reason in reasons.items() if reason}


def _strange(groups: Iterable[WeightGroup]) -> str:
    """ "72 I8 tensors of unknown packing, e.g. layers.0.attention.qkv.weight"."""
    counts: Counter[str] = Counter()
    example = ""
    for group in groups:
        counts[group.type] += group.tensors
        example = example or group.example
    listed = " and ".join(f"{n} {type}" if n else type for type, n in counts.items())
    only = "tensor" if counts.total() == 1 else "tensors" if counts.total() else "weights"
    return f"{listed} {only} of unknown packing{f', e.g. {example}' if example else ''}"


def group_tensors(tensors: Iterable[tuple[Role, Tensor]]) -> tuple[WeightGroup, ...]:
    """Sum tensors into weight groups, ordered by role and type: equal files compare equal."""
    sums: dict[tuple[Role, str], WeightGroup] = {}
    for role, tensor in tensors:
        key = (role, tensor.type)
        sums[key] = _with(sums.get(key, WeightGroup(*key, 0)), tensor)
    return _ordered(sums.values())


def merged(groups: Iterable[WeightGroup]) -> tuple[WeightGroup, ...]:
    """Groups of equal role and type as one, ordered as `group_tensors` orders them."""
    sums: dict[tuple[Role, str], WeightGroup] = {}
    for group in groups:
        known = sums.get((group.role, group.type))
        sums[group.role, group.type] = group if known is None else _sum(known, group)
    return _ordered(sums.values())


def _ordered(groups: Iterable[WeightGroup]) -> tuple[WeightGroup, ...]:
    order = list(Role)
    return tuple(sorted(groups, key=lambda group: (order.index(group.role), group.type)))


def _sum(one: WeightGroup, other: WeightGroup) -> WeightGroup:
    return WeightGroup(
        one.role,
        one.type,
        one.elements + other.elements,
        one.tensors + other.tensors,
        one.rows + other.rows,
        one.example,
    )


def _with(group: WeightGroup, tensor: Tensor) -> WeightGroup:
    return WeightGroup(
        group.role,
        group.type,
        group.elements + tensor.elements,
        group.tensors + 1,
        group.rows + (tensor.shape[0] if tensor.shape else 1),
        group.example or tensor.name,
    )
