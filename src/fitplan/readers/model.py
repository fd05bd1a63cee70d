"""A model as the readers found it: its header in the planner's terms, and what to say about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fitplan.accounting.flavours import Declared
from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Kind, Tensor, WeightFile
from fitplan.architectures import KnownArchitecture, quant_of, recognise
from fitplan.readers.header import Header, check_unique
from fitplan.readers.metadata import ORIGINAL_SHAPE


@dataclass(frozen=True, slots=True)
class TypeTotal:
    """All tensors of one type."""

    type: str
    tensors: int
    elements: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model on disk: a file, a set of shards, a folder, or one component of a pipeline."""

    path: Path
    weights: WeightFile
    kind: Kind
    architecture: str
    """Readable name, such as "FLUX.2 Klein 4B"; "unknown" when nothing known fits."""
    blocks: int
    """Transformer blocks counted from the tensors; 0 when there are none."""
    types: tuple[TypeTotal, ...]
    """What the tensors are stored as, the largest total first."""
    warnings: tuple[str, ...] = ()
    """What a user should know: a wrong extension, files left out."""
    parts: tuple["ModelFile", ...] = ()
    """Components of a full checkpoint; their `file_bytes` are their tensors' bytes."""
    differences: tuple[str, ...] = ()
    """How it differs from what `architecture` says: "196 input channels instead of 64"."""
    nearest: str = ""
    """What an unknown architecture almost is, and how it differs; "" when it is near nothing."""

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors as stored, without header and padding."""
        return self.weights.tensor_bytes

    @property
    def standing(self) -> str:
        """How a variant differs from what it is called, or what an unknown one almost is.

        It follows the name; "" when there is nothing to say.
        """
        if self.nearest:
            return f"nearest: {self.nearest}"
        return f"but {'; '.join(self.differences)}" if self.differences else ""

    @property
    def described(self) -> str:
        """Name and standing: "Qwen3 4B, but 151,669 tokens instead of 151,936"."""
        return ", ".join(filter(None, (self.architecture, self.standing)))


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where headers were found, as far as it decides how the model is loaded."""

    path: Path
    container: Container
    load_type: str = ""
    warnings: tuple[str, ...] = ()
    declared: Declared | None = None
    """What a configuration file says of the quantization; None when it says nothing."""


def assemble(place: ModelPlace, headers: Sequence[Header]) -> ModelFile:
    """One model from the headers of its file or shards; FitplanError when shards share a name."""
    tensors = [tensor for header in headers for tensor in _unfolded(header)]
    if len(headers) > 1:
        check_unique((tensor.name for tensor in tensors), place.path)
    file_bytes = sum(header.file_bytes for header in headers)
    found = recognise(tensors, headers[0].metadata, place.declared)
    return _model(place, found, file_bytes, headers[0].file_type)


def _unfolded(header: Header) -> Iterator[Tensor]:
    """The tensors of a header in the shapes they had before ComfyUI-GGUF folded them for ggml."""
    for tensor in header.tensors:
        shape = header.metadata.get(f"{ORIGINAL_SHAPE}{tensor.name}", tensor.shape)
        true = replace(tensor, shape=shape) if isinstance(shape, tuple) else tensor
        yield true if true.elements == tensor.elements else tensor


def _model(
    place: ModelPlace, found: KnownArchitecture, file_bytes: int, file_type: int, bundle: str = ""
) -> ModelFile:
    parts = _parts(place, found)
    weights = WeightFile(
        family=found.family,
        container=place.container,
        quant=quant_of(found.groups, place.container, file_type),
        file_bytes=file_bytes,
        groups=found.groups,
        hidden_size=found.hidden_size,
        load_type=place.load_type,
        bundle=bundle,
        parts=tuple(part.weights for part in parts),
    )
    return ModelFile(
        path=place.path,
        weights=weights,
        kind=found.kind,
        architecture=found.name,
        blocks=found.blocks,
        types=_totals([tensor for _, tensor in found.tensors]),
        warnings=place.warnings,
        parts=parts,
        differences=found.differences,
        nearest=found.nearest,
    )


def _parts(place: ModelPlace, found: KnownArchitecture) -> tuple[ModelFile, ...]:
    """The components of a checkpoint, its denoiser first."""
    ordered = sorted(found.parts, key=lambda part: part.kind is not Kind.DENOISER)
    return tuple(_model(place, part, _stored_bytes(part), -1, found.family) for part in ordered)


def _stored_bytes(part: KnownArchitecture) -> int:
    return sum(group.bytes for group in part.groups)


def _totals(tensors: Sequence[Tensor]) -> tuple[TypeTotal, ...]:
    counts: dict[str, tuple[int, int]] = {}
    for tensor in tensors:
        number, elements = counts.get(tensor.type, (0, 0))
        counts[tensor.type] = number + 1, elements + tensor.elements
    totals = [
        TypeTotal(name, number, elements, TENSOR_TYPES[name].bytes_for(elements))
        for name, (number, elements) in counts.items()
    ]
    return tuple(sorted(totals, key=lambda total: (-total.bytes, total.type)))
