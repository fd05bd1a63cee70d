"""The plan as a rich table for people at a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    JustifyMethod,
    RenderableType,
    RenderResult,
)
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from fitplan.accounting.fitting import InTurn
from fitplan.accounting.quality import EQUIVALENT_DB
from fitplan.planning.matching import Unused
from fitplan.planning.pairs import Choice, Plan
from fitplan.planning.report import PlanReport, Row
from fitplan.render.machine import machine_cells, machine_headings, machine_notes
from fitplan.render.rich_tables import bare_table, plain_console
from fitplan.render.text import printable
from fitplan.render.timing import (
    fastest_table,
    misses_lines,
    time_cells,
    time_headings,
    time_notes,
)
from fitplan.units import GB, GIB, format_gib


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table of pairs shows besides the columns it always has."""

    publishers: bool = False
    sizes: bool = True
    """File sizes and RAM."""
    seen: bool = True
    machine: bool = True
    """What the machine makes of each pair."""
    bar: int = 0
    """Columns of the bar that shows what fills the budget."""
    padding: int = 1


LAYOUTS = (
    Layout(publishers=True, bar=16),
    Layout(publishers=True, bar=8),
    Layout(publishers=True),
    Layout(publishers=True, seen=False),
    Layout(),
    Layout(padding=0),
    Layout(seen=False, padding=0),
    Layout(sizes=False, seen=False, padding=0),
    Layout(sizes=False, seen=False, machine=False, padding=0),
)
"""From the richest to the narrowest; the first that fits the terminal is taken."""

_SIZES = frozenset({"GB", "Total\nGB", "Cache\nGiB", "RAM\nGiB", "Seen\nGiB", "Free\nGiB"})
_RIGHT = _SIZES | {"dB", "s/\nimage", "s if\nread\nagain"}

_MEANINGS = {
    "GB": "GB as downloaded",
    "Cache\nGiB": "Cache: what the runtime counts, text encoders and VAE included",
    "RAM\nGiB": "RAM: what is really held",
    "Seen\nGiB": "Seen: the cache as somebody measured it",
    "Free\nGiB": "Free: {free}",
    "dB": "dB: closeness to full precision, 40 looks the same",
    "Budget": "Budget: denoiser, text encoder, the rest, free",
}


class Bar:
    """What fills the budget: denoiser, encoder, others, and what stays free."""

    def __init__(self, parts: tuple[int, int, int], budget: int, width: int) -> None:
        self.parts = parts
        self.budget = budget
        self.width = width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        marks = "#=-." if options.ascii_only else "█▓▒░"
        yield Segment("".join(self._cells(marks)))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width, self.width)

    def _cells(self, marks: str) -> Iterator[str]:
        total = drawn = 0
        for size, mark in zip(self.parts, marks[:3], strict=True):
            total += size
            upto = min(self.width, round(total * self.width / self.budget))
            yield mark * (upto - drawn)
            drawn = upto
        yield marks[3] * (self.width - drawn)


def plan_table(report: PlanReport, width: int) -> RenderableType:
    """The plan for a terminal of `width` columns: title, pairs, and what was left out and why."""
    parts: list[RenderableType] = [Text(_title(report), style="bold")]
    if report.rows:
        pairs = _pairs(report, width)
        parts += [pairs, _meanings(report, pairs), *machine_notes(report)]
        parts += [*_warnings(report), *time_notes(report)]
        parts += [Text("")]
    parts += [_left_out(report), *_shortfall(report), *_catalogs(report)]
    parts += [*misses_lines(report), *fastest_table(report)]
    if report.rows:
        parts += [Text(""), Text(report.runtime.settings(report.budget.cache_bytes), style="cyan")]
        parts += [Text(report.runtime.without_settings, style="dim")]
    return Group(*parts)


def _title(report: PlanReport) -> str:
    runtime, budget = report.runtime, report.budget
    stay, stays = ("run", "runs") if isinstance(runtime.fit, InTurn) else ("stay", "stays")
    found = f"Pairs that {stay}" if report.rows else f"No pair {stays}"
    where = "part by part" if isinstance(runtime.fit, InTurn) else "resident"
    asked = f" ({_whose(report)} RAM minus 2 GiB)" if budget.source == "machine" else ""
    size = format_gib(budget.cache_bytes)
    return f"{found} {where} in {size}{asked} of {runtime.budget_name}"


def _whose(report: PlanReport) -> str:
    described = report.machine is not None and report.machine.sources.get("ram") == "option"
    return "the machine's" if described else "this machine's"


def _pairs(report: PlanReport, width: int) -> Table:
    paper = plain_console()
    tables = (_table_of_pairs(report, layout) for layout in LAYOUTS)
    return next((t for t in tables if paper.measure(t).maximum <= width), _narrowest(report))


def _narrowest(report: PlanReport) -> Table:
    table = _table_of_pairs(report, LAYOUTS[-1])
    table.columns[0].no_wrap = False
    return table


def _table_of_pairs(report: PlanReport, layout: Layout) -> Table:
    table = bare_table(layout.padding)
    for heading in _headings(report, layout):
        side: JustifyMethod = "right" if heading in _RIGHT else "left"
        table.add_column(heading, justify=side, no_wrap=True)
    grouped = report.by_model and any(row.plan.rank > 1 for row in report.rows)
    previous = ""
    for row in report.rows:
        first = row.plan.pipeline_id != previous
        if first and previous and grouped:
            table.add_section()
        table.add_row(*_cells(report, row, first, layout))
        previous = row.plan.pipeline_id
    return table


def _headings(report: PlanReport, layout: Layout) -> Iterator[str]:
    size = ["GB"] if layout.sizes else []
    yield from ("Model", "Denoiser", *size, "Text\nencoder", *size)
    if layout.sizes:
        yield "Total\nGB"
    yield "Cache\nGiB"
    if layout.sizes:
        yield "RAM\nGiB"
    if layout.seen:
        yield "Seen\nGiB"
    if layout.machine:
        yield from machine_headings(report)
    yield from ("Free\nGiB", "dB", *time_headings(report))
    if layout.bar:
        yield "Budget"


def _cells(report: PlanReport, row: Row, first: bool, layout: Layout) -> Iterator[RenderableType]:
    plan = row.plan
    yield Text(printable(plan.pipeline.name), style="bold") if first else Text("")
    for choice in (plan.denoiser, plan.encoder):
        yield _name(choice, layout.publishers)
        if layout.sizes:
            yield f"{choice.file.weights.file_bytes / GB:.2f}"
    if layout.sizes:
        yield f"{plan.file_bytes / GB:.2f}"
    yield f"{plan.cache_bytes / GIB:.2f}"
    if layout.sizes:
        yield _real(plan)
    if layout.seen:
        yield _seen(report, row)
    if layout.machine:
        yield from machine_cells(report, row)
    yield f"{report.headroom(plan) / GIB:.2f}"
    yield _quality(plan.quality_db)
    yield from time_cells(report, row, long=layout.publishers)
    if layout.bar:
        yield _bar(report, row, layout.bar)


def _seen(report: PlanReport, row: Row) -> str:
    """What was observed in the same program, at any version."""
    seen = row.observed
    same = seen is not None and seen.runtime.partition("@")[0] == report.runtime.name
    return f"{seen.cache_gib:.2f}" if seen is not None and same else ""


def _real(plan: Plan) -> Text:
    heavy = plan.real_bytes > plan.cache_bytes
    return Text(f"{plan.real_bytes / GIB:.2f}{'!' if heavy else ' '}", "yellow" if heavy else "")


def _name(choice: Choice, publisher: bool) -> Text:
    name = Text(printable(choice.file.quant))
    return name.append(f" {printable(choice.file.publisher)}", style="dim") if publisher else name


def _quality(score: float | None) -> Text:
    if score is None:
        return Text("?")
    return Text(f"{score:.1f}", style="green" if score >= EQUIVALENT_DB else "")


def _bar(report: PlanReport, row: Row, width: int) -> Bar:
    plan = row.plan
    sizes = (plan.denoiser.residency.cache_bytes, plan.encoder.residency.cache_bytes)
    return Bar((*sizes, plan.cache_bytes - sum(sizes)), report.budget.cache_bytes, width)


def _meanings(report: PlanReport, pairs: Table) -> Text:
    """What the columns of the table hold; nothing about those it has no room for."""
    headings = {column.header for column in pairs.columns}
    there = "; ".join(meaning for heading, meaning in _MEANINGS.items() if heading in headings)
    return Text(f"{there.format(free=_free(report))}.", style="dim")


def _warnings(report: PlanReport) -> Iterator[Text]:
    rows = report.rows
    kinds = {warning.kind for row in rows for warning in row.warnings}
    if "real-exceeds-cache" in kinds:
        worst = max(rows, key=lambda row: row.plan.real_bytes - row.plan.cache_bytes)
        yield Text(
            f"! {_first(worst, 'real-exceeds-cache')} ({printable(worst.name)})", style="yellow"
        )
    for kind in sorted(kinds - {"real-exceeds-cache"}):
        having = [row for row in rows if any(w.kind == kind for w in row.warnings)]
        yield Text(f"! {_first(having[0], kind)}: {_whom(having, kind)}", style="yellow")


def _free(report: PlanReport) -> str:
    """What Free counts: a fit test may ask for more than the counted bytes, or less."""
    budget = report.budget.cache_bytes
    more = [budget - report.headroom(row.plan) - row.plan.cache_bytes for row in report.rows]
    least, most = min(more), max(more)
    if most < 0:
        return "beside the largest phase, as parts are held one at a time"
    if (least, most) == (0, 0):
        return "left of the budget"
    sizes = format_gib(most) if least == most else f"up to {format_gib(most)}"
    return f"after {sizes} for what the process, running a part, and headroom take besides"


def _first(row: Row, kind: str) -> str:
    return next(printable(warning.text) for warning in row.warnings if warning.kind == kind)


def _whom(rows: list[Row], kind: str) -> str:
    by_model = kind == "no-elo"
    names = list(dict.fromkeys(row.plan.pipeline.name if by_model else row.name for row in rows))
    shown = ", ".join(printable(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _left_out(report: PlanReport) -> Text:
    excluded, program = report.excluded, report.runtime.title.partition(" (")[0]
    reasons = (
        (excluded.too_large, "too large"),
        (excluded.unsupported_format, f"in formats {program} does not load"),
        (
            excluded.no_rules,
            f"without rules for {program}{_named(excluded.models_without_rules)}",
        ),
        (
            excluded.no_loadable_file,
            f"of models without a file that {program} loads{_named(excluded.models_without_files)}",
        ),
        (excluded.dominated, "beaten by a pair that is better in both parts and no larger"),
        (excluded.not_held, "that this machine does not hold"),
        (excluded.beyond_best, "good but not among their model's best (--frontier shows them)"),
    )
    listed = ", ".join(f"{count} {why}" for count, why in reasons if count)
    shown = f"{len(report.rows)} pair{'' if len(report.rows) == 1 else 's'} shown"
    return Text(f"{shown}; left out: {listed}." if listed else f"{shown}; none left out.")


def _named(models: Sequence[str]) -> str:
    """ " (SDXL, SD 1.5 and 2 more)"; "" for no model."""
    more = f" and {len(models) - 3} more" if len(models) > 3 else ""
    return f" ({printable(', '.join(models[:3]))}{more})" if models else ""


def _catalogs(report: PlanReport) -> Iterator[Text]:
    """The files of the catalog, when there are more than the shipped one."""
    if len(report.catalogs) > 1:
        shown = ", ".join(used.shown for used in report.catalogs[1:])
        yield Text(f"Catalog: shipped, with {printable(shown)} over it.", style="dim")


def _shortfall(report: PlanReport) -> Iterator[Text]:
    for missing in report.shortfall.missing:
        lacking = " and ".join(missing.components)
        yield Text(f"{printable(missing.model)} can't run here yet: no {printable(lacking)}.")
    yield from unused_lines(report.shortfall.unused, "not planned")
    problems = report.shortfall.problems
    if problems:
        count = "1 place" if len(problems) == 1 else f"{len(problems)} places"
        yield Text(f"{count} could not be read: fitplan scan says which and why.", style="yellow")


def unused_lines(unused: Sequence[Unused], what: str, most: int = 3) -> Iterator[Text]:
    """The models that were found and are not planned, the first few with their reasons."""
    if unused:
        models = "model" if len(unused) == 1 else "models"
        yield Text(f"{len(unused)} installed {models} {what}:", style="yellow")
    for item in unused[:most]:
        yield Text(f"  {printable(item.name)}: {printable(item.reason)}", style="yellow")
    if len(unused) > most:
        yield Text(f"  and {len(unused) - most} more: --json lists them.", style="yellow")
