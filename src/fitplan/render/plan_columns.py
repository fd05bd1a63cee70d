"""The columns of a plan in CSV and Markdown."""

from collections.abc import Iterator

from fitplan.planning.report import PlanReport, Row
from fitplan.render.columns import OutputColumn
from fitplan.render.times import basis_text, seconds_text
from fitplan.timing.answers import Reread, Time
from fitplan.units import GB, GIB


def plan_columns(report: PlanReport) -> Iterator[OutputColumn[Row]]:
    """The columns of `report`: those about time only where it was asked about."""
    yield OutputColumn("model", "Model", lambda row: row.plan.pipeline.name)
    yield OutputColumn("rank", "", lambda row: row.plan.rank, number=True)
    yield from _DENOISER
    yield from _ENCODER
    yield from _SIZES
    yield OutputColumn(
        "headroom_bytes",
        "",
        lambda row: report.headroom(row.plan),
        number=True,
    )
    yield OutputColumn("observed_gib", "Observed GiB", _observed, _observed_text, number=True)
    yield OutputColumn(
        "", "Free GiB", lambda row: f"{report.headroom(row.plan) / GIB:.2f}", number=True
    )
    yield OutputColumn("quality_db", "Quality dB", _quality, _quality_text, number=True)
    yield OutputColumn("warnings", "", lambda row: " ".join(w.kind for w in row.warnings))
    if report.question is not None:
        yield from _TIMES


def _observed(row: Row) -> object:
    return row.observed.cache_gib if row.observed else ""


def _observed_text(row: Row) -> str:
    return f"{row.observed.cache_gib:.2f}" if row.observed else ""


def _quality(row: Row) -> str:
    return "" if row.plan.quality_db is None else f"{row.plan.quality_db:.2f}"


def _quality_text(row: Row) -> str:
    return "?" if row.plan.quality_db is None else f"{row.plan.quality_db:.1f}"


_DENOISER: tuple[OutputColumn[Row], ...] = (
    OutputColumn(
        "denoiser",
        "Denoiser",
        lambda row: row.plan.denoiser.file.quant,
        lambda row: f"{row.plan.denoiser.file.quant} {row.plan.denoiser.file.publisher}",
    ),
    OutputColumn("denoiser_publisher", "", lambda row: row.plan.denoiser.file.publisher),
    OutputColumn(
        "denoiser_bytes",
        "GB",
        lambda row: row.plan.denoiser.file.weights.file_bytes,
        lambda row: f"{row.plan.denoiser.file.weights.file_bytes / GB:.2f}",
        number=True,
    ),
)
_ENCODER: tuple[OutputColumn[Row], ...] = (
    OutputColumn(
        "encoder",
        "Text encoder",
        lambda row: row.plan.encoder.file.quant,
        lambda row: f"{row.plan.encoder.file.quant} {row.plan.encoder.file.publisher}",
    ),
    OutputColumn("encoder_publisher", "", lambda row: row.plan.encoder.file.publisher),
    OutputColumn(
        "encoder_bytes",
        "GB",
        lambda row: row.plan.encoder.file.weights.file_bytes,
        lambda row: f"{row.plan.encoder.file.weights.file_bytes / GB:.2f}",
        number=True,
    ),
)
_SIZES: tuple[OutputColumn[Row], ...] = (
    OutputColumn(
        "file_bytes",
        "Total GB",
        lambda row: row.plan.file_bytes,
        lambda row: f"{row.plan.file_bytes / GB:.2f}",
        number=True,
    ),
    OutputColumn(
        "cache_bytes",
        "Cache GiB",
        lambda row: row.plan.cache_bytes,
        lambda row: f"{row.plan.cache_bytes / GIB:.2f}",
        number=True,
    ),
    OutputColumn(
        "real_bytes",
        "RAM GiB",
        lambda row: row.plan.real_bytes,
        lambda row: f"{row.plan.real_bytes / GIB:.2f}",
        number=True,
    ),
)


def _tenths(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _seconds(row: Row) -> str:
    return _tenths(row.time.seconds) if row.time else ""


def _again(row: Row) -> str:
    return _tenths(row.time.seconds_if_reread) if row.time else ""


def _reread_bytes(time: Time | None) -> object:
    return time.reread.bytes if time and isinstance(time.reread, Reread) else ""


_TIMES: tuple[OutputColumn[Row], ...] = (
    OutputColumn(
        "seconds",
        "s/image",
        _seconds,
        lambda row: seconds_text(row.time.seconds) if row.time else "",
        number=True,
    ),
    OutputColumn(
        "error_seconds",
        "",
        lambda row: _tenths(row.time.error_seconds) if row.time else "",
        number=True,
    ),
    OutputColumn(
        "basis",
        "Basis",
        lambda row: row.time.basis if row.time else "",
        lambda row: basis_text(row.time) if row.time else "",
    ),
    OutputColumn(
        "seconds_if_reread",
        "s if read again",
        _again,
        lambda row: seconds_text(row.time.seconds_if_reread) if row.time else "",
        number=True,
    ),
    OutputColumn("reread_bytes", "", lambda row: _reread_bytes(row.time), number=True),
    OutputColumn("steps", "", lambda row: (row.time and row.time.steps) or "", number=True),
    OutputColumn("time_note", "", lambda row: row.time.reason if row.time else ""),
)
