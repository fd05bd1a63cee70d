"""Columns of an answer: CSV and Markdown are both made from one list of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class OutputColumn(Generic[R]):
    """What one column shows of a row `R`."""

    key: str
    """Its name in CSV; "" leaves it out there."""
    heading: str
    """Its heading for people, with the unit; "" leaves it out of Markdown."""
    exact: Callable[[R], object]
    """The cell of CSV: bytes as integers, "" for what is not known."""
    shown: Callable[[R], str] | None = None
    """The cell for people; None: the exact one."""
    number: bool = False
    """Numbers stand right, and need no protection from spreadsheets."""

    def text(self, row: R) -> str:
        """The cell for people."""
        return str(self.exact(row)) if self.shown is None else self.shown(row)


def in_csv(columns: Iterable[OutputColumn[R]]) -> Sequence[OutputColumn[R]]:
    """The columns that CSV has."""
    return [column for column in columns if column.key]


def in_markdown(columns: Iterable[OutputColumn[R]]) -> Sequence[OutputColumn[R]]:
    """The columns that Markdown has."""
    return [column for column in columns if column.heading]
