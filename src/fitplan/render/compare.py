"""One pair in all runtimes: a rich table and a JSON document."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.questions.compare import Column, Comparison, Way
from fitplan.questions.explain import Explanation
from fitplan.render.documents.compare import ComparedBytes, ComparedEntry, CompareDocument, WayEntry
from fitplan.render.named import named_entries, named_notes
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.units import GIB, format_gib

_HEADINGS = ("Counts", "Needs", "Hard", "Soft", "Loading", "Fits")


def compare_table(comparison: Comparison) -> RenderableType:
    """Sizes in GiB, one line per program, then what to write for each."""
    return Group(
        Text(_title(comparison), style="bold"),
        _sizes(comparison),
        Text(
            "GiB. Counts: what the fit test counts of the files; Needs: with process, compute "
            "buffers and headroom; Hard: anonymous RAM held; Soft: memory-mapped, can be taken "
            "back; Loading: more while loading.",
            style="dim",
        ),
        *named_notes(comparison.named),
        Text(""),
        *(line for column in comparison.columns for line in _lines(column)),
    )


def _title(comparison: Comparison) -> str:
    pair = f"{comparison.denoiser} + {comparison.encoder}"
    ram = f", {format_gib(comparison.ram)}" if comparison.ram is not None else ""
    return printable(f"{comparison.pipeline.name} {pair} in each program{ram}")


def _sizes(comparison: Comparison) -> Table:
    table = bare_table()
    table.add_column("Program", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for column in comparison.columns:
        name = f"{column.runtime.name} {column.runtime.version}"
        table.add_row(name, *_cells(column))
    return table


def _cells(column: Column) -> Iterator[str]:
    found = column.explanation
    if found is None:
        yield from ("-",) * (len(_HEADINGS) - 1)
        yield fits_text(column)
        return
    mapped = found.mapped_bytes
    hard = found.real_bytes - mapped
    sizes = (found.cache_bytes, column.needed_bytes, hard, mapped, found.transient_bytes)
    yield from (f"{size / GIB:.2f}" for size in sizes)
    yield fits_text(column)


def fits_text(column: Column) -> str:
    """ "yes", "no", "?", or "set": with the settings named below the table."""
    if column.explanation is None:
        return "no" if column.refused else "?"
    if column.fits is None:
        return "?"
    return "yes" if column.fits else "set" if column.way else "no"


def _lines(column: Column) -> Iterator[Text]:
    runtime = column.runtime
    yield Text(f"{runtime.title}:", style="bold")
    if column.explanation is None:
        yield Text(f"  {printable(column.reason)}")
        return
    for note in _notes(column.explanation):
        yield Text(f"  {note}", style="yellow")
    if column.way is None:
        needed = format_gib(column.needed_bytes)
        yield Text(f"  needs {needed}, and no other known mode fits: {runtime.miss}")
        return
    if column.fits is False:
        less = format_gib(column.way.needed_bytes)
        yield Text(f"  as it is, {runtime.miss}; this needs {less}:")
    for line in column.way.write.splitlines():
        yield Text(f"  {line}", style="cyan")
    yield Text(f"  source: {column.way.source}", style="dim")


def _notes(found: Explanation) -> Iterator[str]:
    """Where a figure is not measured."""
    from_code = [part for part in found.parts if part.choice.residency.basis == "code"]
    if from_code:
        parts = ", ".join(printable(part.choice.file.id) for part in from_code)
        yield f"from code, not measured: {parts}"
    for residency in found.residencies:
        if residency.scratch and residency.scratch.basis == "unknown":
            yield residency.scratch.why
    if found.real_bytes > found.needed_bytes():
        yield f"holds {format_gib(found.real_bytes)}, more than it counts"


def compare_document(comparison: Comparison) -> CompareDocument:
    """`fitplan.compare/1`."""
    return {
        "schema": "fitplan.compare/1",
        "model": comparison.pipeline.name,
        "model_id": comparison.pipeline_id,
        "denoiser": comparison.denoiser,
        "encoder": comparison.encoder,
        "ram_bytes": comparison.ram,
        "named": named_entries(comparison.named),
        "runtimes": [_entry(column) for column in comparison.columns],
    }


def _entry(column: Column) -> ComparedEntry:
    runtime, found = column.runtime, column.explanation
    entry: ComparedEntry = {
        "name": runtime.name,
        "version": runtime.version,
        "title": runtime.title,
        "modes": dict(runtime.modes),
        "loads": _loads(column),
        "reason": column.reason or None,
        "limits": runtime.budget_name,
        "miss": runtime.miss,
        "fits": column.fits if found else False if column.refused else None,
        "way": _way(column.way),
    }
    return entry if found is None else {**entry, **_bytes(column, found)}


def _loads(column: Column) -> bool | None:
    """None: no rule tells."""
    if column.explanation is not None:
        return True
    return False if column.refused else None


def _bytes(column: Column, found: Explanation) -> ComparedBytes:
    return {
        "cache_bytes": found.cache_bytes,
        "needed_bytes": column.needed_bytes,
        "real_bytes": found.real_bytes,
        "hard_bytes": found.real_bytes - found.mapped_bytes,
        "mapped_bytes": found.mapped_bytes,
        "transient_bytes": found.transient_bytes,
        "parts": [
            {
                "slot": part.slot,
                "file": part.choice.file.id,
                "format": part.choice.file.weights.container.value,
                "cache_bytes": part.choice.residency.cache_bytes,
                "real_bytes": part.choice.residency.real_bytes,
                "mapped_bytes": part.choice.residency.mapped_bytes,
                "scratch_bytes": part.choice.residency.scratch_bytes,
                "basis": part.choice.residency.basis,
                "where": part.choice.residency.where,
            }
            for part in found.parts
        ],
        "notes": list(_notes(found)),
    }


def _way(way: Way | None) -> WayEntry | None:
    if way is None:
        return None
    return {
        "modes": dict(way.runtime.modes),
        "needed_bytes": way.needed_bytes,
        "write": way.write,
        "source": way.source,
    }
