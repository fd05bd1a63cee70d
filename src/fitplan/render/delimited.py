"""CSV: one line per row of an answer, sizes in bytes, for spreadsheets and scripts."""

import csv
import io
from collections.abc import Iterable
from unicodedata import normalize

from fitplan.planning.report import PlanReport
from fitplan.render.columns import OutputColumn, R, in_csv
from fitplan.render.plan_columns import plan_columns
from fitplan.render.text import printable

_FORMULA_STARTS = "=+-@\N{MINUS SIGN}"
"""What spreadsheets take for the start of a formula, also after blanks and in full width."""


def plan_csv(report: PlanReport) -> str:
    """The pairs of a plan as CSV with a heading line."""
    return csv_text(plan_columns(report), (*report.rows, *report.misses))


def csv_text(columns: Iterable[OutputColumn[R]], rows: Iterable[R]) -> str:
    """`rows` as CSV with a heading line; no text of them is a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    listed = in_csv(columns)
    writer.writerow(column.key for column in listed)
    for row in rows:
        writer.writerow(_cell(column, row) for column in listed)
    return stream.getvalue()


def _cell(column: OutputColumn[R], row: R) -> object:
    value = column.exact(row)
    return value if column.number else _inert(str(value))


def _inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    safe = printable(text)
    start = normalize("NFKC", safe).lstrip(" \N{REPLACEMENT CHARACTER}'")[:1]
    return f"'{safe}" if start in _FORMULA_STARTS and start else safe
