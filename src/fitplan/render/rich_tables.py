"""The look that all tables share."""

from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table

_HEIGHT = 25
"""Lines of a console: nothing here depends on them."""


def bare_table(padding: int = 1) -> Table:
    """A table with a line under its headings and `padding` blanks more than one between columns."""
    sides = (0, padding, 0, 0)
    return Table(box=box.SIMPLE_HEAD, padding=sides, pad_edge=False, show_edge=False)


def plain_console(width: int = 1000, file: TextIO | None = None) -> Console:
    """A console on which text is no markup, by default one to measure on.

    With both sizes given, rich doesn't read COLUMNS and LINES, which it fails on when they are odd.
    """
    return Console(
        file=file, width=width, height=_HEIGHT, markup=False, highlight=False, emoji=False
    )
