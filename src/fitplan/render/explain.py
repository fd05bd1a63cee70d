"""Every line of bytes of one pair as rich tables, file by file."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.unknown import Unknown
from fitplan.questions.explain import Explanation, Part
from fitplan.render.errors import error_text
from fitplan.render.named import named_notes
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.render.timing import explain_time
from fitplan.units import GB, format_gb, format_gib

_BASES = {"measured": "measured", "code": "from code, not measured"}


def explain_table(explanation: Explanation) -> RenderableType:
    """Every line of bytes of one pair, file by file."""
    runtime = explanation.runtime
    head = f"{explanation.pipeline.name} in {runtime.title}: from the file to RAM"
    parts: list[RenderableType] = [Text(printable(head), style="bold")]
    for part in explanation.parts:
        parts += [Text(""), *_part(part)]
    notes = named_notes(explanation.named)
    return Group(*parts, Text(""), *_totals(explanation), *notes, *_time(explanation))


def _time(explanation: Explanation) -> Iterator[RenderableType]:
    if explanation.time is not None and explanation.question is not None:
        yield Text("")
        yield from explain_time(explanation.time, explanation.question)


def _part(part: Part) -> Iterator[RenderableType]:
    file, residency = part.choice.file, part.choice.residency
    name = f"{part.slot} {file.component_id} {file.quant} by {file.publisher}"
    yield Text(f"{printable(name)}: {file.weights.file_bytes:,} bytes, {file.basis}", style="bold")
    yield _lines(part)
    rule = f"{residency.where} [{_BASES[residency.basis]}]"
    yield Text(f"  rule: {rule}; bytes: {printable(file.source.title)}", style="dim")
    yield Text(f"  weight error: {_error(part)}", style="dim")
    if residency.beware:
        yield Text(f"  ! {residency.beware}", style="yellow")
    if residency.scratch:
        scratch = residency.scratch
        size = f"{format_gib(scratch.bytes)} more while it runs: " if scratch.bytes else ""
        yield Text(f"  {size}{scratch.why} [{scratch.basis}]", style="dim")


def _error(part: Part) -> str:
    error = part.choice.file.error
    if isinstance(error, Unknown):
        return f"? ({printable(error.reason)})"
    return f"{error_text(error)}{' (measured)' if error.basis == 'measured' else ''}"


def _lines(part: Part) -> Table:
    table = bare_table()
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
    mapped = explanation.mapped_bytes
    soft = f", {format_gib(mapped)} of it memory-mapped (can be taken back)" if mapped else ""
    yield Text(f"RAM:      {format_gib(explanation.real_bytes)} held{soft}")
    needed = explanation.needed_bytes()
    if needed != cache:
        yield Text(f"needs:    {format_gib(needed)} of {explanation.runtime.budget_name}")
    yield Text(
        f"loading:  up to {format_gib(explanation.transient_bytes)} more, for a moment (estimated)"
    )
    quality = "?" if explanation.quality_db is None else f"{explanation.quality_db:.1f} dB"
    yield Text(f"quality:  {quality}")
    seen = explanation.observed
    if seen:
        predicted = format_gib(seen.predicted_bytes)
        yield Text(
            f"observed: {seen.cache_gib:.2f} GiB in {seen.runtime}, predicted for it {predicted} "
            f"({printable(seen.source.url or seen.source.title)}, {seen.date})"
        )
