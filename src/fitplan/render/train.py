"""A training plan as rich tables: one over many models, or each plan of a few with its parts."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.training.formula import TrainingVram
from fitplan.training.pace import Pace
from fitplan.training.plan import TrainingPlan, describe, residual_mib
from fitplan.training.report import TrainingRow, TrainReport
from fitplan.training.search import Unfit
from fitplan.training.warnings import NOTES, TIGHT_VRAM
from fitplan.units import GIB, MIB, format_gib

_PARTS = (
    ("CUDA context", "context"),
    ("weights in VRAM", "weights_resident"),
    ("LoRA", "lora"),
    ("optimizer", "optimizer"),
    ("checkpoints", "checkpoints"),
    ("block at work", "block"),
    ("fp8 copies", "fp8_copies"),
)


def overview_table(report: TrainReport) -> RenderableType:
    """One row per model, one column per size: what fits with the smallest swap."""
    table = bare_table()
    table.add_column("Model")
    for width, height in report.sizes:
        table.add_column(f"{width}x{height}\nVRAM GiB", no_wrap=True)
    models = [row.plan.model.name for row in report.rows]
    models += [unfit.model.name for unfit in report.unfit]
    for name in dict.fromkeys(models):
        plans = [row.plan for row in report.rows if row.plan.model.name == name]
        table.add_row(Text(printable(name), style="bold"), *(_cell(plans, s) for s in report.sizes))
    legend = "swap N: --blocks_to_swap N. bf16 with swap is slower, fp8 is coarser. "
    legend += "Name a MODEL for time, parts and warnings."
    parts: list[RenderableType] = [*_title(report), table, Text(legend, style="dim")]
    return Group(*parts, *_why_nothing(report), *_untrainable(report))


def detail_table(report: TrainReport) -> RenderableType:
    """Every plan with time, parts of its VRAM and warnings, model by model."""
    parts = _title(report)
    for name, found in groupby(report.rows, lambda row: row.plan.model.name):
        rows = list(found)
        parts += [Text(""), Text(printable(name), style="bold"), _plans(report, rows), Text("")]
        parts += [_breakdown([row.plan for row in rows]), *_remarks(report, rows)]
    if report.rows:
        parts += [Text(""), *(Text(note, style="dim") for note in NOTES)]
    return Group(*parts, *_nearest(report), *_untrainable(report))


def _title(report: TrainReport) -> list[RenderableType]:
    if not report.rows and not report.unfit:
        return []
    budget = report.budget
    ram = f" and {format_gib(budget.ram_bytes)} of RAM" if budget.ram_bytes else ""
    head = "LoRA runs in" if report.rows else "No LoRA run fits"
    kept = f"({round(budget.headroom_bytes / MIB)} MiB kept free)"
    return [Text(f"{head} {format_gib(budget.vram_bytes)} of VRAM {kept}{ram}", style="bold")]


def _cell(plans: list[TrainingPlan], size: tuple[int, int]) -> Text:
    here = [plan for plan in plans if (plan.run.width, plan.run.height) == size]
    return Text("\n".join(f"{_how(p)} {p.vram.total / GIB:.1f}" for p in here) or "nothing fits")


def _how(plan: TrainingPlan) -> str:
    swap = f" swap {plan.run.blocks_to_swap}" if plan.run.blocks_to_swap else ""
    return f"{plan.run.precision}{swap}{' offload' if plan.run.offload else ''}"


def _plans(report: TrainReport, rows: list[TrainingRow]) -> Table:
    table = bare_table()
    for heading in ("Size", "Plan"):
        table.add_column(heading, no_wrap=True)
    headings = ("VRAM\nMiB", "off by\nMiB", "Free\nMiB", "RAM\nGiB", "Step\ns", "", "Hours")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(report, row.plan))
    return table


def _cells(report: TrainReport, plan: TrainingPlan) -> Iterator[RenderableType]:
    free = report.budget.vram_bytes - plan.vram.total
    yield f"{plan.run.width}x{plan.run.height}"
    yield _how(plan)
    yield str(round(plan.vram.total / MIB))
    yield f"±{round(plan.claim.margin_bytes / MIB)}"
    yield Text(str(round(free / MIB)), style="yellow" if free < TIGHT_VRAM else "")
    yield f"{plan.ram_bytes / GIB:.1f}"
    yield "?" if plan.pace.seconds is None else f"{plan.pace.seconds:.1f}"
    yield _basis(plan.pace)
    yield "?" if plan.pace.seconds is None else f"{plan.pace.seconds * report.steps / 3600:.1f}"


def _basis(pace: Pace) -> str:
    if pace.margin is None:
        return pace.basis.replace("-", " ")
    return f"±{pace.margin:.0%} {pace.basis}"


def _breakdown(plans: list[TrainingPlan]) -> Table:
    table = bare_table()
    table.add_column("VRAM, MiB", no_wrap=True)
    for plan in plans:
        swap = f"+{plan.run.blocks_to_swap}" if plan.run.blocks_to_swap else ""
        size = f"{plan.run.width}x{plan.run.height}"
        table.add_column(f"{size}\n{plan.run.precision}{swap}", justify="right", no_wrap=True)
    for label, part in _PARTS:
        table.add_row(label, *(_mib(plan.vram, part) for plan in plans))
    table.add_section()
    table.add_row("in RAM instead", *(_mib(plan.vram, "weights_swapped") for plan in plans))
    return table


def _mib(vram: TrainingVram, part: str) -> str:
    size: int = getattr(vram, part)
    return str(round(size / MIB)) if size else "-"


def _remarks(report: TrainReport, rows: list[TrainingRow]) -> Iterator[Text]:
    for row in rows:
        residual = residual_mib(row.plan)
        if row.plan.measured and residual is not None:
            seen = row.plan.measured
            text = f"measured: {describe(row.plan)}: {seen.vram_mib} MiB ({residual:+d})"
            yield Text(f"{text}, {seen.seconds_per_step:g} s per step", style="green")
    whys = dict.fromkeys(row.plan.pace.why for row in rows if row.plan.pace.basis != "measured")
    for why in whys:
        yield Text(f"seconds per step: {printable(why)}", style="dim")
    yield Text(f"hours: for {report.steps} steps; RAM: from loading on", style="dim")
    texts: dict[str, list[str]] = {}
    for row in rows:
        for warning in row.warnings:
            texts.setdefault(warning.text, []).append(describe(row.plan))
    for text, having in texts.items():
        whom = "" if len(having) == len(rows) else f" ({'; '.join(having)})"
        yield Text(f"! {printable(text)}{whom}", style="yellow")


def _why_nothing(report: TrainReport) -> Iterator[Text]:
    """One line per model, about its first size for which nothing fits, with the nearest."""
    if report.unfit:
        yield Text("")
    for name, found in groupby(report.unfit, lambda unfit: unfit.model.name):
        unfit = next(found)
        near = [f"; what fits: {describe(plan)}" for _, plan in unfit.nearest[:1]]
        yield Text(f"! {printable(name)}: {unfit.reason}{''.join(near)}", style="yellow")


def _nearest(report: TrainReport) -> Iterator[Text]:
    for unfit in report.unfit:
        yield Text("")
        yield from _unfit(unfit)


def _unfit(unfit: Unfit) -> Iterator[Text]:
    wish = unfit.wish
    name = f"{printable(unfit.model.name)} at {wish.width}x{wish.height}"
    yield Text(f"{name}: nothing fits: {unfit.reason}", style="yellow")
    for change, plan in unfit.nearest:
        fits = f"{describe(plan)}: {format_gib(plan.vram.total)} of VRAM"
        yield Text(f"  nearest that fits, with {change}: {fits}")
    if not unfit.nearest:
        yield Text("  no smaller image fits either")


def _untrainable(report: TrainReport) -> Iterator[Text]:
    if report.untrainable:
        yield Text("")
    by_reason: dict[str, list[str]] = {}
    for name, why in report.untrainable:
        by_reason.setdefault(why, []).append(printable(name))
    for why, names in by_reason.items():
        yield Text(f"can't be trained: {', '.join(names)}: {why}", style="dim")
