"""The look that all tables share."""

from rich import box
from rich.table import Table


def bare_table(padding: int = 1) -> Table:
    """A table with a line under its headings and `padding` blanks more than one between columns."""
    sides = (0, padding, 0, 0)
    return Table(box=box.SIMPLE_HEAD, padding=sides, pad_edge=False, show_edge=False)
