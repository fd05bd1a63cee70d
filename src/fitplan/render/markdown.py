"""Markdown: an answer as a table to paste into an issue or a page."""

import re
from collections.abc import Iterable

from fitplan.planning.report import PlanReport
from fitplan.render.columns import OutputColumn, R, in_markdown
from fitplan.render.plan_columns import plan_columns
from fitplan.render.text import printable

_MARKUP = re.compile(r"[\\|`*<>\[\]&~$]|(?<=:)/(?=/)|(?i:(?<=www))\.")


def plan_markdown(report: PlanReport) -> str:
    """The pairs of a plan as a Markdown table."""
    return markdown_text(plan_columns(report), (*report.rows, *report.misses))


def markdown_text(columns: Iterable[OutputColumn[R]], rows: Iterable[R]) -> str:
    """`rows` as a Markdown table; no text of them is markup."""
    listed = in_markdown(columns)
    head = [column.heading for column in listed]
    rule = ["---:" if column.number else "---" for column in listed]
    body = ([_escape(column.text(row)) for column in listed] for row in rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *body))


def _escape(text: str) -> str:
    """Text without markup, links and HTML; a bare address is no link either."""
    return _MARKUP.sub(r"\\\g<0>", printable(text))
