"""Put answers on stdout and errors on stderr, in the format the user asked for."""

import os
import re
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

from fitplan.errors import FitplanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, RenderableType

PIPE_WIDTH = 140
"""Columns of a table that goes to a pipe or file, unless COLUMNS says otherwise."""

TERMINAL_WIDTH = 80
"""Columns of a terminal that doesn't know its own."""

NARROWEST, WIDEST = 40, 1000
"""Columns that a table gets at least and at most, whatever COLUMNS says."""

_COLUMNS = re.compile(r"0*[1-9][0-9]{0,8}", re.ASCII)


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


def console() -> "Console":
    """A rich console on stdout: NO_COLOR and COLUMNS are respected, a pipe has 140 columns."""
    return _console_on(sys.stdout)


def talk_console() -> "Console":
    """The same on stderr."""
    return _console_on(sys.stderr)


def _console_on(stream: TextIO) -> "Console":
    from fitplan.render.rich_tables import plain_console

    return plain_console(_width(stream), stream)


def _width(stream: TextIO) -> int:
    """Columns: as COLUMNS says, if that is a number; else the terminal's; else a pipe's."""
    asked = os.environ.get("COLUMNS", "").strip()
    if _COLUMNS.fullmatch(asked):
        return min(max(int(asked), NARROWEST), WIDEST)
    if not stream.isatty():
        return PIPE_WIDTH
    try:
        known = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        known = 0
    return max(known, NARROWEST) if known else TERMINAL_WIDTH


def write(text: str) -> None:
    """Write an answer for people to stdout: no line of it is a command of a CI."""
    from fitplan.render.text import inert

    write_raw(inert(text))


def write_raw(text: str) -> None:
    """Write `text` to stdout as it is; what its encoding can't say is escaped."""
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

    write_raw(to_json(document))


def report_error(error: FitplanError, as_json: bool) -> None:
    """One line with the error, one with its cure; in JSON mode a document on stdout."""
    from fitplan.render.text import inert, printable

    if as_json:
        from fitplan.render.document import error_document

        write_json(error_document(error))
        return
    sys.stderr.write(inert(f"fitplan: {printable(error.message)}\n"))
    if error.hint:
        sys.stderr.write(inert(f"  {printable(error.hint)}\n"))
