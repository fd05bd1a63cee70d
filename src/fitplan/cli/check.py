"""`fitplan check`: everything that is wrong with catalog files, each with its place and cure."""

import gc
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from fitplan.cli.options import Common, JsonOption
from fitplan.cli.output import Format, console, show, write_json, write_raw
from fitplan.cli.progress import progress_bar
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING, usage_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitplan.questions.check import Report
    from fitplan.questions.check.online import Ask


class CheckFormat(StrEnum):
    """How findings are written."""

    TABLE = "table"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def command(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Catalog files; with none, the shipped one. A file with all sections and all "
            "kinds of components is checked alone, any other as laid over the shipped one.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        CheckFormat | None,
        typer.Option("--format", help="How to write the findings. [table]", show_default=False),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    today: Annotated[
        str | None,
        typer.Option(
            "--today",
            metavar="YYYY-MM-DD",
            help="The day that no date may be after; without it, dates may be in the future.",
        ),
    ] = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask the Hugging Face hub whether each file is as stated."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check catalogs: form, references, and every figure against the facts."""
    shared = context.obj or Common()
    chosen = CheckFormat.JSON if json else format or _outer(shared)
    raise typer.Exit(execute(files or [], shared, chosen, strict, _day(today), online))


def _outer(shared: Common) -> CheckFormat:
    """The format that was given before the command's name."""
    if shared.output not in (Format.TABLE, Format.JSON):
        raise usage_error(
            f"check has no format {shared.output}", f"use {', '.join(f.value for f in CheckFormat)}"
        )
    return CheckFormat(shared.output.value)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise usage_error(f"--today: {text!r} is no day", "write YYYY-MM-DD") from None


def execute(
    files: list[Path],
    shared: Common,
    format: CheckFormat,
    strict: bool,
    today: date | None,
    online: bool = False,
) -> int:
    """Check and print; exit code 1 when something was found that counts."""
    from fitplan.catalog import reading
    from fitplan.questions.check import check

    reproducible = replace(shared, user_catalog=False)
    with _no_collector(), progress_bar("asking the hub") as on_progress:
        documents = [reading.open_document(file) for file in files or [_shipped()]]
        ask = _asking(on_progress) if online else None
        report = check(documents, lambda: reproducible.catalog().file, today, ask)
    _show(report, format, strict)
    return EXIT_NOTHING if report.fails(strict) else EXIT_ANSWER


@contextmanager
def _no_collector() -> "Iterator[None]":
    """A catalog is many small values without cycles: looking for garbage takes half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _asking(on_progress: "Callable[[int, int], None]") -> "Ask":
    from fitplan.cli.remote import RemoteOptions
    from fitplan.questions.check.hub_findings import asking

    return asking(RemoteOptions().reader(), on_progress)


def _shipped() -> Path:
    """The shipped catalog, named as short as this folder allows: annotations need that."""
    from fitplan.catalog import reading

    path = reading.shipped_path()
    try:
        here = Path.cwd()
    except OSError:  # the working folder was deleted
        return path
    return path.relative_to(here) if path.is_relative_to(here) else path


def _show(report: "Report", format: CheckFormat, strict: bool) -> None:
    from fitplan.render import findings

    match format:
        case CheckFormat.TABLE:
            show(findings.findings_table(report, strict), console())
        case CheckFormat.JSON:
            write_json(findings.findings_document(report, strict))
        case CheckFormat.GITHUB:
            write_raw(findings.github_annotations(report, strict))
        case CheckFormat.SARIF:
            write_json(findings.sarif_document(report))
        case _:
            assert_never(format)
