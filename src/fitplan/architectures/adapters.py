"""LoRAs and similar adapters: detected by the low-rank pairs that make up most of their tensors."""

import re
from collections.abc import Sequence

from fitplan.accounting.weights import Kind, Tensor
from fitplan.architectures.architecture import KnownArchitecture
from fitplan.architectures.families import roles_of
from fitplan.architectures.names import is_svdquant, remembered
from fitplan.architectures.roles import labelled

_ADAPTER = re.compile(
    r"\.(?:lora_(?:A|B)(?:\.\w+)?\.weight|lora_(?:A|B|up|down)(?:\.weight)?|lora\.(?:up|down)\.weight"
    r"|lokr_w[12](?:_[ab])?|hada_w[12]_[ab]|oft_blocks|dora_scale|alpha|diff|diff_b)$"
)
_RANKED = re.compile(r"\.lora(?:_A|_down|\.down)(?:\.\w+)?(?:\.weight)?$")


def is_adapter(tensors: Sequence[Tensor]) -> bool:
    """Whether over half of `tensors` are a LoRA's; SVDQuant's own low-rank branch is none."""
    if is_svdquant(tensor.name for tensor in tensors):
        return False
    return 2 * sum(1 for tensor in tensors if _is_adapter(tensor.name)) > len(tensors)


@remembered
def _is_adapter(name: str) -> bool:
    return _ADAPTER.search(name) is not None


def adapter(tensors: Sequence[Tensor]) -> KnownArchitecture:
    """A LoRA of these tensors."""
    ranks = {tensor.shape[0] for tensor in tensors if tensor.shape and _RANKED.search(tensor.name)}
    name = f"LoRA, rank {max(ranks)}" if ranks else "LoRA"
    roles = roles_of("lora", Kind.LORA)
    return KnownArchitecture("lora", Kind.LORA, name, 0, 0, labelled(tensors, roles))
