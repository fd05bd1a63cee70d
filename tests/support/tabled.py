"""The tensors of the architectures that fitplan's own tables list."""

from collections.abc import Iterator

from fitplan.accounting.weights import Tensor
from fitplan.architectures import ARCHITECTURE
from fitplan.architectures.known import table_called, tables
from fitplan.architectures.table import Table
from fitplan.architectures.tabulation import PatternLine

TABLES = tuple(table.id for table in tables())
_PLACES = {"vision": "vision_tower.", "projector": "multi_modal_projector."}


def tensors_of(id: str, type: str = "BF16", prefix: str = "") -> tuple[Tensor, ...]:
    """Every tensor of the table `id`, optional ones too, below `prefix`."""
    return tuple(
        Tensor(prefix + place + name, line.shape, type)
        for place, line in _lines(table_called(id))
        for name in line.names()
    )


def required(id: str, type: str = "BF16") -> tuple[Tensor, ...]:
    """The tensors without which a file is not `id`."""
    return tuple(
        Tensor(place + name, line.shape, type)
        for place, line in _lines(table_called(id))
        if not line.mark
        for name in line.names()
    )


def declared(id: str) -> dict[str, str]:
    """What a GGUF file of the table says it is; {} where that decides nothing."""
    head = table_called(id).head
    return {ARCHITECTURE: head.gguf[0]} if head.only_if_named else {}


def _lines(table: Table) -> Iterator[tuple[str, PatternLine]]:
    under = f"{table.head.under}." if table.head.under else ""
    for section in table.sections:
        place = _PLACES[section.name] if section.name else under
        yield from ((place, line) for line in section.lines)
