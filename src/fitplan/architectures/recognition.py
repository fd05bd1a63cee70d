"""Tensors → what they are: an adapter, an addition, a checkpoint of parts, or one architecture."""

from collections.abc import Mapping, Sequence
from functools import partial

from fitplan.accounting.flavours import Declared
from fitplan.accounting.weights import Tensor
from fitplan.architectures.adapters import adapter, is_adapter
from fitplan.architectures.additions import addition
from fitplan.architectures.architecture import KnownArchitecture
from fitplan.architectures.checkpoints import checkpoint, parts_of
from fitplan.architectures.flavours import with_flavours
from fitplan.architectures.matching import component

ARCHITECTURE = "general.architecture"
"""GGUF's metadata key for what a file is."""


def recognise(
    tensors: Sequence[Tensor],
    metadata: Mapping[str, object] | None = None,
    declared: Declared | None = None,
) -> KnownArchitecture:
    """The architecture that `tensors` make up; family "", Kind.UNKNOWN when nothing known fits.

    `metadata` is what a header says besides; GGUF's `general.architecture` decides between
    architectures of the same tensors. `declared` is what a configuration file says of their
    quantization.
    """
    flavoured = with_flavours(tensors, declared)
    if is_adapter(flavoured):
        return adapter(flavoured)
    if small := addition(flavoured):
        return small
    if parts := parts_of(flavoured):
        whole = checkpoint(flavoured, parts, partial(component, declared=""))
        if whole is not None:
            return whole
    return component(flavoured, str((metadata or {}).get(ARCHITECTURE, "")))
