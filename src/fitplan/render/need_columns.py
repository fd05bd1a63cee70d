"""The columns of a model's needs in CSV and Markdown."""

from collections.abc import Iterator

from fitplan.questions.need import Need, steps
from fitplan.render.columns import OutputColumn
from fitplan.render.delimited import csv_text
from fitplan.render.markdown import markdown_text
from fitplan.render.need import NeedReport
from fitplan.units import GB, GIB


def need_csv(report: NeedReport) -> str:
    """The pairs and what they need as CSV; with `for_ram`, the steps over limits."""
    return csv_text(_columns(), _rows(report))


def need_markdown(report: NeedReport) -> str:
    """The pairs and what they need as a Markdown table; with `for_ram`, the steps over limits."""
    return markdown_text(_columns(), _rows(report))


def _rows(report: NeedReport) -> tuple[Need, ...]:
    return tuple(steps(report.needs)) if report.for_ram else report.needs


def _columns() -> Iterator[OutputColumn[Need]]:
    yield from _NAMES
    yield from _SIZES
    yield OutputColumn("quality_db", "Quality dB", _quality, _quality_text, number=True)


_NAMES: tuple[OutputColumn[Need], ...] = (
    OutputColumn(
        "denoiser",
        "Denoiser",
        lambda need: need.plan.denoiser.file.quant,
        lambda need: f"{need.plan.denoiser.file.quant} {need.plan.denoiser.file.publisher}",
    ),
    OutputColumn("denoiser_publisher", "", lambda need: need.plan.denoiser.file.publisher),
    OutputColumn(
        "encoder",
        "Text encoder",
        lambda need: need.plan.encoder.file.quant,
        lambda need: f"{need.plan.encoder.file.quant} {need.plan.encoder.file.publisher}",
    ),
    OutputColumn("encoder_publisher", "", lambda need: need.plan.encoder.file.publisher),
)
_SIZES: tuple[OutputColumn[Need], ...] = (
    OutputColumn(
        "cache_limit_bytes",
        "Cache limit GiB",
        lambda need: need.cache_bytes,
        lambda need: f"{-(-need.cache_bytes * 100 // GIB) / 100:.2f}",
        number=True,
    ),
    OutputColumn(
        "real_bytes",
        "RAM held GiB",
        lambda need: need.real_bytes,
        lambda need: f"{need.real_bytes / GIB:.2f}",
        number=True,
    ),
    OutputColumn(
        "system_ram_bytes",
        "System RAM GiB",
        lambda need: need.system_ram_bytes,
        lambda need: f"{need.system_ram_bytes / GIB:.2f}",
        number=True,
    ),
    OutputColumn(
        "disk_bytes",
        "Disk GB",
        lambda need: need.disk_bytes,
        lambda need: f"{need.disk_bytes / GB:.2f}",
        number=True,
    ),
)


def _quality(need: Need) -> str:
    return "" if need.plan.quality_db is None else f"{need.plan.quality_db:.2f}"


def _quality_text(need: Need) -> str:
    return "?" if need.plan.quality_db is None else f"{need.plan.quality_db:.1f}"
