"""The columns of a comparison of programs in CSV and Markdown."""

from collections.abc import Callable

from fitplan.questions.compare import Column, Comparison
from fitplan.questions.explain import Explanation
from fitplan.render.columns import OutputColumn
from fitplan.render.compare import fits_text
from fitplan.render.delimited import csv_text
from fitplan.render.markdown import markdown_text
from fitplan.units import GIB


def compare_csv(comparison: Comparison) -> str:
    """One line per program as CSV."""
    return csv_text(_COLUMNS, comparison.columns)


def compare_markdown(comparison: Comparison) -> str:
    """One line per program as a Markdown table."""
    return markdown_text(_COLUMNS, comparison.columns)


def _size(
    key: str, heading: str, bytes_of: Callable[[Column, Explanation], int]
) -> OutputColumn[Column]:
    """A column of bytes, empty for a program that does not load the pair."""

    def exact(row: Column) -> object:
        return "" if row.explanation is None else bytes_of(row, row.explanation)

    def shown(row: Column) -> str:
        found = row.explanation
        return "-" if found is None else f"{bytes_of(row, found) / GIB:.2f}"

    return OutputColumn(key, heading, exact, shown, number=True)


_COLUMNS: tuple[OutputColumn[Column], ...] = (
    OutputColumn("runtime", "Program", lambda row: row.runtime.name),
    OutputColumn("version", "Version", lambda row: row.runtime.version),
    _size("cache_bytes", "Counts GiB", lambda _, found: found.cache_bytes),
    _size("needed_bytes", "Needs GiB", lambda row, _: row.needed_bytes),
    _size("hard_bytes", "Hard GiB", lambda _, found: found.real_bytes - found.mapped_bytes),
    _size("mapped_bytes", "Soft GiB", lambda _, found: found.mapped_bytes),
    _size("transient_bytes", "Loading GiB", lambda _, found: found.transient_bytes),
    OutputColumn("fits", "Fits", fits_text),
    OutputColumn("reason", "", lambda row: row.reason),
)
