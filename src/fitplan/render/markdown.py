"""Markdown: the plan as a table to paste into an issue or a page."""

from fitplan.render.text import printable
from fitplan.report import PlanReport, Row
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


def plan_markdown(report: PlanReport) -> str:
    """The pairs of a plan as a Markdown table."""
    rule = ["---"] * 2 + ["---:"] + ["---"] + ["---:"] * (len(_HEADINGS) - 4)
    lines = [_HEADINGS, rule, *(_cells(report, row) for row in report.rows)]
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
        "" if plan.quality_db is None else f"{plan.quality_db:.1f}",
    ]


def _escape(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\|`*<>[]" else char for char in printable(text))
