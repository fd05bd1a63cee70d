"""Markdown: the plan as a table to paste into an issue or a page."""

import re

from fitplan.planning.report import PlanReport, Row
from fitplan.render.text import printable
from fitplan.render.times import basis_text, seconds_text
from fitplan.units import GB, GIB

_HEADINGS = (
    "Model",
    "Denoiser",
    "GB",
    "Text encoder",
    "GB",
    "Total GB",
    "Cache GiB",
    "RAM GiB",
    "Observed GiB",
    "Free GiB",
    "Quality dB",
)


_TIME_HEADINGS = ("s/image", "Basis", "s if read again")

_MARKUP = re.compile(r"[\\|`*<>\[\]&~$]|(?<=:)/(?=/)|(?i:(?<=www))\.")


def plan_markdown(report: PlanReport) -> str:
    """The pairs of a plan as a Markdown table."""
    times = _TIME_HEADINGS if report.question is not None else ()
    rule = ["---"] * 2 + ["---:"] + ["---"] + ["---:"] * (len(_HEADINGS) - 4)
    rows = (*report.rows, *report.misses)
    body = ([*_cells(report, row), *_time_cells(row)] for row in rows)
    lines = [(*_HEADINGS, *times), [*rule, "---:", "---", "---:"][: len(rule) + len(times)], *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(report: PlanReport, row: Row) -> list[str]:
    plan = row.plan
    denoiser, encoder = plan.denoiser.file, plan.encoder.file
    return [
        _escape(plan.pipeline.name),
        _escape(f"{denoiser.quant} {denoiser.publisher}"),
        f"{denoiser.weights.file_bytes / GB:.2f}",
        _escape(f"{encoder.quant} {encoder.publisher}"),
        f"{encoder.weights.file_bytes / GB:.2f}",
        f"{plan.file_bytes / GB:.2f}",
        f"{plan.cache_bytes / GIB:.2f}",
        f"{plan.real_bytes / GIB:.2f}",
        f"{row.observed.cache_gib:.2f}" if row.observed else "",
        f"{report.headroom(plan) / GIB:.2f}",
        "?" if plan.quality_db is None else f"{plan.quality_db:.1f}",
    ]


def _time_cells(row: Row) -> list[str]:
    if row.time is None:
        return []
    time = row.time
    return [seconds_text(time.seconds), basis_text(time), seconds_text(time.seconds_if_reread)]


def _escape(text: str) -> str:
    """Text without markup, links and HTML; a bare address is no link either."""
    return _MARKUP.sub(r"\\\g<0>", printable(text))
