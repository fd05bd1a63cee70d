"""What a scan found: JSON document and rich table."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.planning.matching import Unused
from fitplan.questions.scan import Installed, Scan
from fitplan.render.documents.scan import ScanDocument, ScannedEntry
from fitplan.render.inspect import inspection_entry
from fitplan.render.plan_document import unused_document
from fitplan.render.rich_tables import bare_table
from fitplan.render.table import unused_lines
from fitplan.render.text import printable
from fitplan.units import GB, GIB, format_gb


def scan_document(scan: Scan, unused: Sequence[Unused]) -> ScanDocument:
    """`fitplan.scan/1`: every model as `inspect` shows it, with where it was found.

    `unused`: those that are no part of any model in the catalog.
    """
    return {
        "schema": "fitplan.scan/1",
        "models": [_entry(installed) for installed in scan.models],
        "file_bytes": scan.file_bytes,
        "repeated": scan.repeated,
        "external": scan.external,
        "problems": [{"path": str(p.path), "message": p.message} for p in scan.problems],
        "unused": [unused_document(item) for item in unused],
    }


def _entry(installed: Installed) -> ScannedEntry:
    return {
        "name": installed.name,
        "origin": installed.place.origin,
        **inspection_entry(installed.inspected),
    }


def scan_table(scan: Scan, unused: Sequence[Unused]) -> RenderableType:
    """One row per model, then what the catalog does not plan, and what could not be read."""
    parts: list[RenderableType] = [_models(scan)] if scan.models else []
    lines = unused_lines(unused, "that no model of the catalog uses")
    return Group(*parts, *_totals(scan), *lines, *_problems(scan))


def _models(scan: Scan) -> Table:
    table = bare_table()
    for heading in ("Model", "What", "Quant"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "Quant")
    for heading in ("GB", "Cache\nGiB", "RAM\nGiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for installed in scan.models:
        model = installed.inspected.model
        kind = "" if model.kind in model.architecture.casefold() else f" {model.kind}"
        what = ", ".join(filter(None, (f"{model.architecture}{kind}", model.standing)))
        quant = model.weights.quant or "?"
        names = (Text(printable(text)) for text in (installed.name, what, quant))
        table.add_row(*names, f"{model.weights.file_bytes / GB:.2f}", *_memory(installed))
    return table


def _memory(installed: Installed) -> Iterator[str]:
    residency = installed.inspected.in_runtimes[0].residency
    match residency:
        case Residency():
            yield f"{residency.cache_bytes / GIB:.2f}"
            yield f"{residency.real_bytes / GIB:.2f}"
        case Unsupported():
            yield from ("no", "no")
        case Unknown():
            yield from ("?", "?")
        case _:
            assert_never(residency)


_MARKS = {
    "no": '"no": {title} does not load this file',
    "?": '"?": not known what {title} makes of it',
}


def _totals(scan: Scan) -> Iterator[Text]:
    count = f"{len(scan.models)} model{'' if len(scan.models) == 1 else 's'}"
    again = f"; {scan.repeated} more names for the same files" if scan.repeated else ""
    yield Text(f"{count}, {format_gb(scan.file_bytes)} on disk{again}.")
    if scan.external:
        models = "external model" if scan.external == 1 else "external models"
        yield Text(f"{scan.external} {models} of InvokeAI: run elsewhere, no file.")
    marks = {mark for installed in scan.models for mark in _memory(installed)}
    told = [meaning for mark, meaning in _MARKS.items() if mark in marks]
    if told:
        title = scan.models[0].inspected.in_runtimes[0].runtime.title
        listed = ", ".join(told).format(title=title)
        yield Text(f"{listed}; `fitplan inspect` says why.", style="dim")


def _problems(scan: Scan) -> Iterator[Text]:
    for problem in scan.problems:
        path, message = printable(str(problem.path)), printable(problem.message)
        yield Text(f"! {message if path in message else f'{path}: {message}'}", style="yellow")
