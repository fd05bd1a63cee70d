"""Which publisher's file a name was answered for, where several publish that quantization."""

from collections.abc import Iterable, Iterator

from rich.text import Text

from fitplan.planning.candidates import Called
from fitplan.planning.pairs import Choice
from fitplan.render.documents.parts import NamedEntry, PublishedEntry
from fitplan.render.text import printable
from fitplan.units import format_gb


def named_notes(named: Iterable[Called]) -> Iterator[Text]:
    """One line per name that several publishers' files have."""
    for called in named:
        if called.others:
            file = called.choice.file
            others = ", ".join(map(_publisher, called.others))
            note = (
                f"{file.component_id} {file.quant}: answered for {_publisher(called.choice)}, the "
                f"cheapest; also published by {others}; PUBLISHER/{file.quant} chooses"
            )
            yield Text(printable(note), style="dim")


def named_entries(named: Iterable[Called]) -> list[NamedEntry]:
    """One entry per name that several publishers' files have: the answer's, and the others."""
    return [
        {**_entry(called.choice), "others": [_entry(other) for other in called.others]}
        for called in named
        if called.others
    ]


def _publisher(choice: Choice) -> str:
    return f"{choice.file.publisher} ({format_gb(choice.file.weights.file_bytes)})"


def _entry(choice: Choice) -> PublishedEntry:
    file = choice.file
    return {
        "component": file.component_id,
        "quant": file.quant,
        "publisher": file.publisher,
        "file_bytes": file.weights.file_bytes,
        "cache_bytes": choice.residency.cache_bytes,
    }
