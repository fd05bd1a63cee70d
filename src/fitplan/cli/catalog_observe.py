"""`fitplan catalog observe`: add a measured usage."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.catalog_file import BackupOption, Target, ToOption, refuse_format, target
from fitplan.cli.options import CatalogOption, Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, console, show, write, write_json
from fitplan.errors import usage_error

if TYPE_CHECKING:
    from fitplan.questions.edit.observe import MeasuredUsage, Seen


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Model, by name or id.")],
    denoiser: Annotated[str, typer.Argument(help="Its denoiser: QUANT or PUBLISHER/QUANT.")],
    encoder: Annotated[str, typer.Argument(help="Its text encoder: QUANT or PUBLISHER/QUANT.")],
    cache: Annotated[
        str,
        typer.Option(
            "--cache", metavar="GIB", help="What the program reported, GiB, as it showed it: 13.81"
        ),
    ],
    runtime: Annotated[
        str, typer.Option("--runtime", metavar="NAME@VERSION", help="The program: invokeai@6.12")
    ],
    source: Annotated[
        str, typer.Option("--source", metavar="ADDRESS|ID", help="Who saw it, or where it stands.")
    ],
    day: Annotated[
        str, typer.Option("--date", metavar="YYYY-MM-DD", help="When it was published.")
    ],
    to: ToOption = None,
    backup: BackupOption = False,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Add a measured usage to a catalog, and show how far the prediction is from it."""
    from fitplan.machine.atomic import retried
    from fitplan.questions.edit.observe import Seen

    shared = common(catalog, None, None, format, json).over(context.obj or Common())
    refuse_format("observe", shared)
    seen = Seen(model, denoiser, encoder, _gib(cache), runtime, source, _day(day))
    retried(lambda: execute(seen, target(to, backup, shared), backup, shared))


def execute(seen: "Seen", into: Target, backup: bool, shared: Common) -> None:
    """Add the observation and print it."""
    from fitplan.questions.edit.observe import observe

    found = observe(seen, into.document, into.base, shared.runtime)
    _print(found, into, into.save(found.text, backup), shared)


def _gib(text: str) -> Decimal:
    try:
        size = Decimal(text.strip().casefold().removesuffix("gib").strip())
    except InvalidOperation:
        size = Decimal(0)
    digits = size.as_tuple().exponent
    if not isinstance(digits, int) or not -6 <= digits <= 0 or not 0 < size < 10**5:
        raise usage_error(f"--cache: {text!r} is no size in GiB", "write it as shown: 13.81")
    return size


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise usage_error(f"--date: {text!r} is no day", "write YYYY-MM-DD") from None


def _print(found: "MeasuredUsage", into: Target, kept: Path | None, shared: Common) -> None:
    from fitplan.render import catalog_edit

    file = into.stored.path if into.stored else None
    if shared.output is Format.JSON:
        write_json(catalog_edit.observe_document(found, into.document.text, file, kept))
        return
    if file is None:
        write(f"{catalog_edit.residual_line(found, comment=True)}\n{found.text}")
        return
    names = [catalog_edit.residual_line(found)]
    show(catalog_edit.edit_table(names, into.document.text, found.text, file, kept), console())
