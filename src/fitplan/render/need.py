"""What pairs of a model need, as a table and as JSON."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.fitting import InTurn, Together
from fitplan.accounting.quality import EQUIVALENT_DB
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Pipeline
from fitplan.machine.memory import SYSTEM_RESERVE
from fitplan.planning.candidates import Called
from fitplan.planning.pairs import Choice
from fitplan.questions.need import Need, Rung, ladder, steps
from fitplan.render.document import runtime_document
from fitplan.render.documents.need import NeedDocument, NeedEntry, RungEntry
from fitplan.render.documents.parts import FileEntry
from fitplan.render.named import named_entries, named_notes
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.units import GB, GIB, format_gib

WIDE = 100
"""From this many columns on, publishers are shown."""


@dataclass(frozen=True, slots=True)
class NeedReport:
    """Needs, best first, and what was asked."""

    pipeline_id: str
    pipeline: Pipeline
    runtime: Runtime
    needs: tuple[Need, ...]
    for_ram: bool
    """Whether the steps over limits are asked for."""
    ram_bytes: int | None
    """RAM of the machine that the pairs are judged against; None: not known."""
    named: tuple[Called, ...] = ()
    """The files that were named, with the other files of that name."""


def need_document(report: NeedReport) -> NeedDocument:
    """What pairs need: `fitplan.need/1`."""
    document: NeedDocument = {
        "schema": "fitplan.need/1",
        "model": report.pipeline.name,
        "model_id": report.pipeline_id,
        "runtime": runtime_document(report.runtime),
        "reserve_bytes": SYSTEM_RESERVE,
        "ram_total_bytes": report.ram_bytes,
        "pairs": [_need_entry(need, report.ram_bytes) for need in report.needs],
        "named": named_entries(report.named),
    }
    if report.for_ram:
        document["steps"] = [_need_entry(need, report.ram_bytes) for need in steps(report.needs)]
        document["machines"] = [_rung_entry(rung) for rung in ladder(report.needs)]
    return document


def _need_entry(need: Need, ram: int | None) -> NeedEntry:
    score = need.plan.quality_db
    return {
        "denoiser": _file_entry(need.plan.denoiser),
        "encoder": _file_entry(need.plan.encoder),
        "cache_limit_bytes": need.cache_bytes,
        "real_bytes": need.real_bytes,
        "system_ram_bytes": need.system_ram_bytes,
        "transient_bytes": need.transient_bytes,
        "file_bytes": need.plan.file_bytes,
        "disk_bytes": need.disk_bytes,
        "quality_db": None if score is None else round(score, 2),
        "frontier": need.plan.frontier,
        "fits_machine": None if ram is None else need.fits_machine(ram),
    }


def _file_entry(choice: Choice) -> FileEntry:
    file = choice.file
    return {"component": file.component_id, "quant": file.quant, "publisher": file.publisher}


def _rung_entry(rung: Rung) -> RungEntry:
    limit = max(0, rung.ram_bytes - SYSTEM_RESERVE)
    pair = None if rung.need is None else _need_entry(rung.need, rung.ram_bytes)
    return {"ram_bytes": rung.ram_bytes, "cache_limit_bytes": limit, "pair": pair}


def need_table(report: NeedReport, width: int) -> RenderableType:
    """Needs for a terminal of `width` columns; with the steps over limits where asked for."""
    name, title = printable(report.pipeline.name), report.runtime.title
    if not report.needs:
        return Text(f"{title} loads no such pair of {name}", style="bold")
    wide = width >= WIDE
    if report.for_ram:
        head = f"Where the best pair of {name} changes in {title}"
        parts = [_needs(report, steps(report.needs), wide), *_machines(report)]
    else:
        count = len(report.needs)
        pairs = f"{count} pairs" if count > 1 else "the pair"
        head = f"What {pairs} of {name} need{'' if count > 1 else 's'} in {title}"
        parts = [_needs(report, report.needs, wide)]
    return Group(Text(head, style="bold"), *parts, *named_notes(report.named), *_legend(report))


def _needs(report: NeedReport, needs: Iterable[Need], wide: bool) -> Table:
    table = bare_table()
    for heading in ("Denoiser", "Text\nencoder"):
        table.add_column(heading)
    limit = "Cache limit" if _has_cache(report) else "RAM needed"
    for heading in (f"{limit}\nGiB", "RAM held\nGiB", "System RAM\nGiB", "Disk\nGB", "dB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for need in needs:
        table.add_row(*_cells(report, need, wide))
    return table


def _cells(report: NeedReport, need: Need, wide: bool) -> Iterator[RenderableType]:
    for choice in (need.plan.denoiser, need.plan.encoder):
        yield _name(choice, wide)
    yield f"{-(-need.cache_bytes * 100 // GIB) / 100:.2f}"
    heavy = need.real_bytes > need.cache_bytes
    held = f"{need.real_bytes / GIB:.2f}{'!' if heavy else ' '}"
    yield Text(held, style="yellow" if heavy else "")
    enough = report.ram_bytes is None or need.fits_machine(report.ram_bytes)
    yield Text(f"{need.system_ram_bytes / GIB:.2f}", style="" if enough else "red")
    yield f"{need.disk_bytes / GB:.2f}"
    yield _quality(need.plan.quality_db)


def _name(choice: Choice, wide: bool) -> Text:
    name = Text(printable(choice.file.quant))
    return name.append(f" {printable(choice.file.publisher)}", style="dim") if wide else name


def _quality(score: float | None) -> Text:
    if score is None:
        return Text("?")
    return Text(f"{score:.1f}", style="green" if score >= EQUIVALENT_DB else "")


def _machines(report: NeedReport) -> Iterator[RenderableType]:
    table = bare_table()
    table.add_column("Machine", justify="right", no_wrap=True)
    table.add_column("Limit\nGiB", justify="right", no_wrap=True)
    table.add_column("Best pair")
    table.add_column("dB", justify="right", no_wrap=True)
    for rung in ladder(report.needs):
        table.add_row(*_rung(rung))
    yield Text("")
    yield Text("What machines hold, 2 GiB kept for the system", style="bold")
    yield table


def _rung(rung: Rung) -> Iterator[RenderableType]:
    yield format_gib(rung.ram_bytes, 0)
    yield f"{(rung.ram_bytes - SYSTEM_RESERVE) / GIB:.0f}"
    if rung.need is None:
        yield from (Text("none fits", style="dim"), "")
        return
    plan = rung.need.plan
    yield Text(printable(f"{plan.denoiser.file.quant} + {plan.encoder.file.quant}"))
    yield _quality(plan.quality_db)


def _legend(report: NeedReport) -> Iterator[Text]:
    yield Text(f"{_meaning(report)}; Disk: every file of the pipeline.", style="dim")
    if not _has_cache(report):
        yield Text(f"With less, {report.runtime.miss}.")
    heavy = max(report.needs, key=lambda need: need.real_bytes - need.cache_bytes)
    if heavy.real_bytes > heavy.cache_bytes:
        held, counted = format_gib(heavy.real_bytes), format_gib(heavy.cache_bytes)
        yield Text(f"! holds more than the cache counts: {held} for {counted}", style="yellow")
    yield from _judged(report)


def _has_cache(report: NeedReport) -> bool:
    return report.runtime.budget_setting is not None


def _meaning(report: NeedReport) -> str:
    if _has_cache(report):
        return (
            "Cache limit: what to set, all parts counted; System RAM: what is held and 2 GiB for "
            "the rest"
        )
    kept = {
        Together: "all parts, the largest compute buffer, the process and what it keeps free",
        InTurn: "the largest part with its compute buffer, and the process",
    }[type(report.runtime.fit)]
    return f"RAM needed: {kept}; System RAM: that and 2 GiB for the rest"


def _judged(report: NeedReport) -> Iterator[Text]:
    """Pairs that a limit on this machine holds and the machine itself doesn't."""
    if report.ram_bytes is None:
        return
    limit, total = report.ram_bytes - SYSTEM_RESERVE, format_gib(report.ram_bytes)
    fitting = [need for need in report.needs if need.fits_machine(report.ram_bytes)]
    yield Text(f"{len(fitting)} of {len(report.needs)} fit a machine of {total}.")
    for need in report.needs:
        if need.cache_bytes <= limit < need.real_bytes:
            pair = printable(f"{need.plan.denoiser.file.quant} + {need.plan.encoder.file.quant}")
            needed = f"needs {format_gib(need.real_bytes)} of RAM and 2 GiB for the rest"
            yield Text(f"! {pair} fits the cache but {needed}", style="yellow")
            return
