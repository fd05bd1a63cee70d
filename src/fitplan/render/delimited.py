"""CSV: one line per pair, sizes in bytes, for spreadsheets and scripts."""

import csv
import io
from unicodedata import normalize

from fitplan.planning.report import PlanReport, Row
from fitplan.render.text import printable
from fitplan.timing.answers import Reread

_HEADINGS = (
    "model",
    "rank",
    "denoiser",
    "denoiser_publisher",
    "denoiser_bytes",
    "encoder",
    "encoder_publisher",
    "encoder_bytes",
    "file_bytes",
    "cache_bytes",
    "real_bytes",
    "headroom_bytes",
    "observed_gib",
    "quality_db",
    "warnings",
)

_TIME_HEADINGS = (
    "seconds",
    "error_seconds",
    "basis",
    "seconds_if_reread",
    "reread_bytes",
    "steps",
    "time_note",
)

_FORMULA_STARTS = "=+-@\N{MINUS SIGN}"
"""What spreadsheets take for the start of a formula, also after blanks and in full width."""


def plan_csv(report: PlanReport) -> str:
    """The pairs of a plan as CSV with a heading line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    timed = report.question is not None
    writer.writerow((*_HEADINGS, *_TIME_HEADINGS) if timed else _HEADINGS)
    for row in (*report.rows, *report.misses):
        writer.writerow((*_cells(report, row), *_time_cells(row)))
    return stream.getvalue()


def _cells(report: PlanReport, row: Row) -> tuple[object, ...]:
    plan = row.plan
    denoiser, encoder = plan.denoiser.file, plan.encoder.file
    return (
        _inert(plan.pipeline.name),
        plan.rank,
        _inert(denoiser.quant),
        _inert(denoiser.publisher),
        denoiser.weights.file_bytes,
        _inert(encoder.quant),
        _inert(encoder.publisher),
        encoder.weights.file_bytes,
        plan.file_bytes,
        plan.cache_bytes,
        plan.real_bytes,
        report.headroom(plan),
        row.observed.cache_gib if row.observed else "",
        "" if plan.quality_db is None else f"{plan.quality_db:.2f}",
        " ".join(warning.kind for warning in row.warnings),
    )


def _time_cells(row: Row) -> tuple[object, ...]:
    if row.time is None:
        return ()
    time = row.time
    seconds = (time.seconds, time.error_seconds, time.seconds_if_reread)
    value, error, again = ("" if second is None else f"{second:.1f}" for second in seconds)
    size = time.reread.bytes if isinstance(time.reread, Reread) else ""
    return (value, error, time.basis, again, size, time.steps or "", _inert(time.reason))


def _inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    safe = printable(text)
    start = normalize("NFKC", safe).lstrip(" \N{REPLACEMENT CHARACTER}'")[:1]
    return f"'{safe}" if start in _FORMULA_STARTS and start else safe
