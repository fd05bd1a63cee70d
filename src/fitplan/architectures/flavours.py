"""Applies the table of quantization flavours: the types that stored tensors amount to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fitplan.accounting.flavours import FLAVOURS, Companion, Declared, Flavour
from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.tensor_type import TensorType
from fitplan.accounting.weights import Tensor

_STORED = sorted({type for flavour in FLAVOURS for type in flavour.stored})
_OF_TYPE: Mapping[str, Sequence[Flavour]] = {
    type: tuple(flavour for flavour in FLAVOURS if type in flavour.stored) for type in _STORED
}
"""Stored type → the flavours that it may be, in their order."""


def with_flavours(
    tensors: Sequence[Tensor], declared: Declared | None = None
) -> tuple[Tensor, ...]:
    """The same tensors with the types they amount to, and marked where they are state.

    Shapes count numbers, not the integers that hold them, so that `elements` is what the model has;
    `X.weight._data` and the like are called `X.weight`. `declared`: what a configuration file
    beside the weights says.
    """
    file = _File(tensors, declared)
    found = {t.name: (t, flavour) for t in tensors if (flavour := file.flavour_of(t)) is not None}
    state = frozenset(name for t, flavour in found.values() for name in _state(t, flavour))
    return tuple(
        _amounting(*found[tensor.name], file)
        if tensor.name in found
        else replace(tensor, is_state=True)
        if tensor.name in state
        else tensor
        for tensor in tensors
    )


class _File:
    """The tensors of one file by name, and how wide the model is by all of them."""

    def __init__(self, tensors: Sequence[Tensor], declared: Declared | None) -> None:
        self._tensors = tensors
        self._by_name: Mapping[str, Tensor] = {tensor.name: tensor for tensor in tensors}
        self._declared = declared or Declared("")
        self._halved: dict[str, bool] = {}

    def flavour_of(self, tensor: Tensor) -> Flavour | None:
        """The flavour of weights; None where the stored type says all, or nothing tells."""
        may_be = _OF_TYPE.get(tensor.type, ())
        return next((flavour for flavour in may_be if self._is(tensor, flavour)), None)

    def _is(self, tensor: Tensor, flavour: Flavour) -> bool:
        if not tensor.name.endswith(flavour.ending):
            return False
        layer = tensor.name.removesuffix(flavour.ending)
        return (
            self._is_declared(layer, flavour)
            and all(self._has(layer, tensor, companion) for companion in flavour.needs)
            and (tensor.type not in flavour.halved or self._is_halved(tensor.type))
        )

    def _is_declared(self, layer: str, flavour: Flavour) -> bool:
        if not flavour.method:
            return True
        said = self._declared
        return said.method == flavour.method and said.dtype_of(layer) == flavour.dtype

    def _has(self, layer: str, tensor: Tensor, companion: Companion) -> bool:
        beside = (self._by_name.get(layer + ending) for ending in companion.endings)
        return any(
            (not companion.types or own.type in companion.types)
            and companion.shaped(tensor.shape, own.shape)
            for own in beside
            if own is not None
        )

    def _is_halved(self, type: str) -> bool:
        """Whether the matrices of a stored type are half as wide as what feeds them.

        What goes into a layer comes out of another: its width is the number of some tensor's rows.
        The elements of the matrices whose width is, and of those whose double width is, decide.
        """
        if type not in self._halved:
            lengths = {t.shape[0] for t in self._tensors if t.shape}
            matrices = [t for t in self._tensors if t.type == type and len(t.shape) == 2]
            plain = sum(t.elements for t in matrices if t.shape[1] in lengths)
            half = sum(
                t.elements
                for t in matrices
                if t.shape[1] not in lengths and 2 * t.shape[1] in lengths
            )
            self._halved[type] = half > plain
        return self._halved[type]

    def rows_of(self, tensor: Tensor, flavour: Flavour) -> int:
        """Rows of weights by the first companion's, 0 where it doesn't tell."""
        layer = tensor.name.removesuffix(flavour.ending)
        scales = self._by_name.get(layer + flavour.needs[0].endings[0])
        return scales.shape[0] if scales is not None and scales.shape else 0


def _state(tensor: Tensor, flavour: Flavour) -> Iterator[str]:
    """Names of the tensors that belong to quantized weights, there or not."""
    layer = tensor.name.removesuffix(flavour.ending)
    endings = (ending for companion in flavour.needs for ending in companion.endings)
    yield from (layer + ending for ending in (*endings, *flavour.state))


def _amounting(tensor: Tensor, flavour: Flavour, file: _File) -> Tensor:
    name = tensor.name.removesuffix(flavour.ending) + _WRITTEN.get(flavour.ending, flavour.ending)
    stored = TENSOR_TYPES[tensor.type].bytes_for(tensor.elements)
    shape = _shape(tensor.shape, stored, flavour.type, file.rows_of(tensor, flavour))
    return Tensor(name, shape, flavour.type.name)


_WRITTEN = {".weight._data": ".weight", "._weight_qdata": ".weight"}
"""Endings that stand for the name the weights have in the model."""


def _shape(shape: tuple[int, ...], size: int, type: TensorType, rows: int) -> tuple[int, ...]:
    """The shape of as many numbers of `type` as `size` bytes hold."""
    numbers = type.elements_in(size)
    before = _product(shape[:-1])
    if shape and before and numbers % before == 0 and type.block_size < 8:
        return (*shape[:-1], numbers // before)
    return (rows, numbers // rows) if rows and numbers % rows == 0 else (numbers, 1)


def _product(lengths: Sequence[int]) -> int:
    count = 1
    for length in lengths:
        count *= length
    return count
