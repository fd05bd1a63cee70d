"""Models on the hub: a table of a repository's files, and what JSON says of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.errors import FitplanError
from fitplan.hub.models import RemoteModel
from fitplan.questions.fit import Pair, Without
from fitplan.questions.inspect import Inspected, Unreadable
from fitplan.questions.inspect_remote import RemoteRow
from fitplan.render.documents.inspect import BesideEntry, InspectionEntry, RemoteEntry
from fitplan.render.inspect import inspect_table, inspection_entry
from fitplan.render.rich_tables import bare_table, plain_console
from fitplan.render.text import printable
from fitplan.units import GB, GIB, format_gib

_RIGHT = frozenset({"GB", "Cache\nGiB", "RAM\nGiB", "Error"})


def remote_table(
    rows: Sequence[RemoteRow], runtime: Runtime, budget: int | None, width: int
) -> RenderableType:
    """One model in full; of several a row each, in `width` columns."""
    if len(rows) == 1:
        return Group(inspect_table([rows[0].inspected]), *_beside_line(rows[0], budget))
    parts: list[RenderableType] = [Text(_title(rows), style="bold")]
    if any(isinstance(row.inspected, Inspected) for row in rows):
        table = _layout(rows, runtime, budget, full=True)
        full = plain_console().measure(table).maximum <= width
        table = table if full else _layout(rows, runtime, budget, full=False)
        parts += [table, *_legend(runtime, budget, full)]
    errors = [row.inspected for row in rows if isinstance(row.inspected, Unreadable)]
    return Group(*parts, *problem_lines([(item.path, item.error) for item in errors]))


def _title(rows: Sequence[RemoteRow]) -> str:
    repository = rows[0].found.repository
    changed = f", last changed {repository.date}" if repository.date else ""
    return f"{printable(repository.name)} at {repository.commit[:8]}{changed}"


def _legend(runtime: Runtime, budget: int | None, full: bool) -> Iterator[Text]:
    held = "Cache and RAM" if full else "Cache"
    error = "; Error: of the weights, relative" if full else ""
    yield Text(f"GB as downloaded; {held}: in {runtime.title}{error}.", style="dim")
    if budget is not None:
        beside = f"Beside: the best partner with which it stays in {format_gib(budget)}."
        yield Text(beside, style="dim")


def _layout(
    rows: Sequence[RemoteRow], runtime: Runtime, budget: int | None, *, full: bool
) -> Table:
    table = bare_table()
    beside = ["Beside"] if budget is not None else []
    extra = ["RAM\nGiB", "Error"] if full else []
    for heading in ("File", "Quant", "GB", "Cache\nGiB", *extra, *beside):
        side: JustifyMethod = "right" if heading in _RIGHT else "left"
        folds = heading in ("File", "Beside") and not full
        table.add_column(heading, justify=side, no_wrap=not folds, overflow="fold")
    for row in sorted(rows, key=_order):
        if isinstance(row.found, RemoteModel) and isinstance(row.inspected, Inspected):
            cells = list(_cells(row.found, row.inspected, runtime, full))
            table.add_row(*cells, *([_beside(row.beside)] if beside else []))
    return table


def _order(row: RemoteRow) -> tuple[str, int, str]:
    """Files of one kind together, the largest first."""
    if isinstance(row.found, RemoteModel):
        return row.found.model.kind.value, -row.found.model.weights.file_bytes, row.found.name
    return "", 0, str(row.found.path)


def _cells(
    found: RemoteModel, item: Inspected, runtime: Runtime, full: bool
) -> Iterator[RenderableType]:
    weights = item.model.weights
    yield Text(printable(found.name))
    yield Text(printable(weights.quant) or "?")
    yield f"{weights.file_bytes / GB:.2f}"
    residency = next(e.residency for e in item.in_runtimes if e.runtime.name == runtime.name)
    held = residency if isinstance(residency, Residency) else None
    none = "?" if isinstance(residency, Unknown) else "-"
    yield f"{held.cache_bytes / GIB:.2f}" if held else none
    if full:
        yield f"{held.real_bytes / GIB:.2f}" if held else none
        yield "?" if weights.rel_error is None else f"{weights.rel_error:.4f}"


def _beside(beside: Pair | Without | None) -> Text:
    if isinstance(beside, Pair):
        return Text(printable(partner_name(beside)))
    return Text(printable(why_not(beside)) if beside else "", style="dim")


def partner_name(pair: Pair) -> str:
    """The other half of a pair: "Q5_K_M unsloth"."""
    return f"{pair.partner.file.quant} {pair.partner.file.publisher}"


def why_not(item: Without) -> str:
    """Why a file makes no pair, with what the smallest would need."""
    if item.needed_bytes is None:
        return item.reason
    return f"{item.reason}: at least {format_gib(item.needed_bytes)}"


def _beside_line(row: RemoteRow, budget: int | None) -> Iterator[Text]:
    if budget is None or row.beside is None:
        return
    room = format_gib(budget)
    if isinstance(row.beside, Pair):
        model = printable(row.beside.plan.pipeline.name)
        partner = printable(partner_name(row.beside))
        left = format_gib(row.beside.headroom_bytes)
        yield Text(f"  In {room} it fits beside {partner} ({model}), with {left} to spare.")
    else:
        yield Text(f"  In {room}: {printable(why_not(row.beside))}.")


def problem_lines(problems: Sequence[tuple[Path, FitplanError]]) -> Iterator[Text]:
    """What can't be read and why; the same trouble of many files is told once."""
    alike: dict[tuple[str, str], list[str]] = {}
    for path, error in problems:
        what = error.message.removeprefix(f"{path}: ")
        alike.setdefault((what, error.hint), []).append(str(path))
    for (what, hint), paths in alike.items():
        others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield Text(f"! {printable(paths[0])}{others}: {printable(what)}", style="red")
        yield Text(f"  {printable(hint)}", style="dim")


def remote_entry(row: RemoteRow) -> InspectionEntry:
    """One file of `fitplan.inspect/1` that lies on the hub."""
    entry = inspection_entry(row.inspected)
    entry["remote"] = remote_document(row)
    if row.beside is not None:
        entry["fits_next_to"] = beside_document(row.beside)
    return entry


def remote_document(row: RemoteRow) -> RemoteEntry:
    """Where a model was read."""
    repository = row.found.repository
    return {
        "repository": repository.name,
        "revision": repository.address.revision,
        "commit": repository.commit,
        "date": repository.date or None,
        "files": list(row.found.files) if isinstance(row.found, RemoteModel) else [],
    }


def beside_document(item: Pair | Without) -> BesideEntry:
    """The other half of a pair, or why there is none."""
    if isinstance(item, Without):
        return {"partner": None, "reason": item.reason, "needed_bytes": item.needed_bytes}
    file = item.partner.file
    return {
        "partner": file.id,
        "model_id": item.plan.pipeline_id,
        "cache_bytes": item.plan.cache_bytes,
        "headroom_bytes": item.headroom_bytes,
    }
