"""Rich tables for people at a terminal."""

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from fitplan.explanation import Explanation, Part
from fitplan.planner import Choice
from fitplan.quality import EQUIVALENT_DB
from fitplan.render.text import printable
from fitplan.report import PlanReport, Row
from fitplan.units import GB, GIB, format_gb, format_gib

WIDE = 110
"""From this many columns on, publishers, observations and the bar are shown."""

_RIGHT = frozenset({"GB", "Total\nGB", "Cache\nGiB", "RAM\nGiB", "Seen\nGiB", "Free\nGiB", "dB"})


class Bar:
    """What fills the budget: denoiser, encoder, others, and what stays free."""

    WIDTH = 16

    def __init__(self, parts: tuple[int, int, int], budget: int) -> None:
        self.parts = parts
        self.budget = budget

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        marks = "#=-." if options.ascii_only else "█▓▒░"
        yield Segment("".join(self._cells(marks)))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.WIDTH, self.WIDTH)

    def _cells(self, marks: str) -> Iterator[str]:
        total = drawn = 0
        for size, mark in zip(self.parts, marks[:3], strict=True):
            total += size
            upto = min(self.WIDTH, round(total * self.WIDTH / self.budget))
            yield mark * (upto - drawn)
            drawn = upto
        yield marks[3] * (self.WIDTH - drawn)


def plan_table(report: PlanReport, width: int) -> RenderableType:
    """The plan for a terminal of `width` columns: title, pairs, and what was left out and why."""
    parts: list[RenderableType] = [Text(_title(report), style="bold")]
    if report.rows:
        parts += [_pairs(report, wide=width >= WIDE), *_legend(report), Text("")]
    parts += [_left_out(report)]
    if report.rows:
        parts += [Text(""), Text(report.runtime.settings(report.budget.cache_bytes), style="cyan")]
        parts += [Text(report.runtime.without_settings, style="dim")]
    return Group(*parts)


def _title(report: PlanReport) -> str:
    runtime, budget = report.runtime, report.budget
    found = "Pairs that stay" if report.rows else "No pair stays"
    asked = " (this machine's RAM minus 2 GiB)" if budget.source == "machine" else ""
    size = format_gib(budget.cache_bytes)
    return f"{found} resident in {size}{asked} of {runtime.title}'s {runtime.budget_name}"


def _pairs(report: PlanReport, wide: bool) -> Table:
    table = _bare_table(padding=1 if wide else 0)
    for heading in _headings(wide):
        table.add_column(
            heading, justify="right" if heading in _RIGHT else "left", no_wrap=heading != "Model"
        )
    previous = ""
    for row in report.rows:
        first = row.plan.pipeline_id != previous
        if first and previous:
            table.add_section()
        table.add_row(*_cells(report, row, first, wide))
        previous = row.plan.pipeline_id
    return table


def _bare_table(padding: int) -> Table:
    sides = (0, padding, 0, 0)
    return Table(box=box.SIMPLE_HEAD, padding=sides, pad_edge=False, show_edge=False)


def _headings(wide: bool) -> Iterable[str]:
    yield from (
        "Model",
        "Denoiser",
        "GB",
        "Text\nencoder",
        "GB",
        "Total\nGB",
        "Cache\nGiB",
        "RAM\nGiB",
    )
    if wide:
        yield "Seen\nGiB"
    yield from ("Free\nGiB", "dB")
    if wide:
        yield "Budget"


def _cells(report: PlanReport, row: Row, first: bool, wide: bool) -> Iterator[RenderableType]:
    plan = row.plan
    yield Text(printable(plan.pipeline.name), style="bold") if first else Text("")
    for choice in (plan.denoiser, plan.encoder):
        yield _name(choice, wide)
        yield f"{choice.file.weights.file_bytes / GB:.2f}"
    yield f"{plan.file_bytes / GB:.2f}"
    yield f"{plan.cache_bytes / GIB:.2f}"
    heavy = plan.real_bytes > plan.cache_bytes
    yield Text(
        f"{plan.real_bytes / GIB:.2f}{'!' if heavy else ' '}", style="yellow" if heavy else ""
    )
    if wide:
        yield f"{row.observed.cache_gib:.2f}" if row.observed else ""
    yield f"{report.headroom(plan) / GIB:.2f}"
    yield _quality(plan.quality_db)
    if wide:
        yield _bar(report, row)


def _name(choice: Choice, wide: bool) -> Text:
    name = Text(printable(choice.file.quant))
    return name.append(f" {printable(choice.file.publisher)}", style="dim") if wide else name


def _quality(score: float | None) -> Text:
    if score is None:
        return Text("?")
    return Text(f"{score:.1f}", style="green" if score >= EQUIVALENT_DB else "")


def _bar(report: PlanReport, row: Row) -> Bar:
    plan = row.plan
    sizes = (plan.denoiser.residency.cache_bytes, plan.encoder.residency.cache_bytes)
    return Bar((*sizes, plan.cache_bytes - sum(sizes)), report.budget.cache_bytes)


def _legend(report: PlanReport) -> Iterator[Text]:
    rows = report.rows
    yield Text(
        "GB as downloaded; Cache: what the runtime counts, text encoders and VAE included; "
        "RAM: what is really held; dB: closeness to full precision, 40 looks the same.",
        style="dim",
    )
    kinds = {warning.kind for row in rows for warning in row.warnings}
    if "real-exceeds-cache" in kinds:
        worst = max(rows, key=lambda row: row.plan.real_bytes - row.plan.cache_bytes)
        yield Text(f"! {_first(worst, 'real-exceeds-cache')} ({worst.name})", style="yellow")
    for kind in sorted(kinds - {"real-exceeds-cache"}):
        having = [row for row in rows if any(w.kind == kind for w in row.warnings)]
        yield Text(f"! {_first(having[0], kind)}: {_whom(having, kind)}", style="yellow")


def _first(row: Row, kind: str) -> str:
    return next(printable(warning.text) for warning in row.warnings if warning.kind == kind)


def _whom(rows: list[Row], kind: str) -> str:
    by_model = kind == "no-elo"
    names = list(dict.fromkeys(row.plan.pipeline.name if by_model else row.name for row in rows))
    shown = ", ".join(printable(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _left_out(report: PlanReport) -> Text:
    excluded = report.excluded
    reasons = (
        (excluded.too_large, "too large"),
        (excluded.unsupported_format, f"in formats {report.runtime.title} does not load"),
        (excluded.dominated, "beaten by a pair that is better in both parts and no larger"),
        (excluded.beyond_best, "good but not among their model's best (--frontier shows them)"),
    )
    listed = ", ".join(f"{count} {why}" for count, why in reasons if count)
    shown = f"{len(report.rows)} pair{'' if len(report.rows) == 1 else 's'} shown"
    return Text(f"{shown}; left out: {listed}." if listed else f"{shown}; none left out.")


def explain_table(explanation: Explanation) -> RenderableType:
    """Every line of bytes of one pair, file by file."""
    runtime = explanation.runtime
    head = f"{explanation.pipeline.name} in {runtime.title}: from the file to RAM"
    parts: list[RenderableType] = [Text(printable(head), style="bold")]
    for part in explanation.parts:
        parts += [Text(""), *_part(part)]
    return Group(*parts, Text(""), *_totals(explanation))


def _part(part: Part) -> Iterator[RenderableType]:
    file, residency = part.choice.file, part.choice.residency
    name = f"{part.slot} {file.component_id} {file.quant} by {file.publisher}"
    yield Text(f"{printable(name)}: {file.weights.file_bytes:,} bytes, {file.basis}", style="bold")
    yield _lines(part)
    rule = residency.where or "no rule: plain sum"
    yield Text(
        f"  rule: {rule} [{residency.basis}]; bytes: {printable(file.source.title)}", style="dim"
    )


def _lines(part: Part) -> Table:
    table = _bare_table(padding=1)
    table.add_column("what", no_wrap=True)
    table.add_column("type", no_wrap=True)
    for heading in ("file GB", "cache GB", "RAM GB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("why")
    for line in part.choice.residency.lines:
        change = (
            f"{line.type} → {line.becomes or 'dropped'}" if line.type != line.becomes else line.type
        )
        sizes = (line.file_bytes, line.cache_bytes, line.real_bytes)
        table.add_row(line.what, change, *(f"{size / GB:.3f}" for size in sizes), Text(line.why))
    rest = f"{part.header_bytes / GB:.3f}"
    table.add_row(
        "header", "", rest, f"{0:.3f}", f"{0:.3f}", Text("names, tokenizer, padding: not loaded")
    )
    return table


def _totals(explanation: Explanation) -> Iterator[Text]:
    file, cache = explanation.file_bytes, explanation.cache_bytes
    yield Text(f"download: {format_gb(file)} = {format_gib(file)} (denoiser and text encoder)")
    yield Text(
        f"cache:    {format_gb(cache)} = {format_gib(cache)} counted by the runtime", style="bold"
    )
    yield Text(f"RAM:      {format_gib(explanation.real_bytes)} held")
    yield Text(
        f"loading:  up to {format_gib(explanation.transient_bytes)} more, for a moment (estimated)"
    )
    if explanation.quality_db is not None:
        yield Text(f"quality:  {explanation.quality_db:.1f} dB")
    seen = explanation.observed
    if seen:
        predicted = format_gib(seen.predicted_bytes)
        yield Text(
            f"observed: {seen.cache_gib:.2f} GiB in {seen.runtime}, predicted for it {predicted} "
            f"({printable(seen.source.url or seen.source.title)}, {seen.date})"
        )
