"""Put answers on stdout and errors on stderr, in the format the user asked for."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from fitplan.errors import FitplanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, RenderableType

PIPE_WIDTH = 140
"""Columns of a table that goes to a pipe or file, unless COLUMNS says otherwise."""


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def console() -> "Console":
    """A rich console on stdout: NO_COLOR and COLUMNS are respected, a pipe has 140 columns."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal() else PIPE_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def write(text: str) -> None:
    """Write `text` to stdout; what its encoding can't say is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    safe = text.encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(safe if safe.endswith("\n") else f"{safe}\n")


def show(renderable: "RenderableType", on: "Console") -> None:
    """Show a rich renderable on `on`; lines carry no trailing blanks."""
    with on.capture() as captured:
        on.print(renderable)
    write("\n".join(line.rstrip() for line in captured.get().splitlines()))


def write_json(document: "Mapping[str, object]") -> None:
    """Write a JSON document to stdout."""
    from fitplan.render.document import to_json

    write(to_json(document))


def report_error(error: FitplanError, as_json: bool) -> None:
    """One line with the error, one with its cure; in JSON mode a document on stdout."""
    from fitplan.render.text import printable

    if as_json:
        from fitplan.render.document import error_document

        write_json(error_document(error))
        return
    sys.stderr.write(f"fitplan: {printable(error.message)}\n")
    if error.hint:
        sys.stderr.write(f"  {printable(error.hint)}\n")
