"""`fitplan catalog format`: write a catalog in its one form."""

from pathlib import Path
from typing import Annotated

import typer

from fitplan.cli.catalog_file import BackupOption, refuse_format
from fitplan.cli.options import Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, console, show, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING


def command(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="The catalog file. [models.yaml here]", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell what would change; exit code 1 if anything.")
    ] = False,
    backup: BackupOption = False,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Put a catalog file into canonical order, quoting and number style; comments stay."""
    from fitplan.machine.atomic import retried

    shared = common(None, None, None, format, json).over(context.obj or Common())
    refuse_format("format", shared)
    path = file or Path("models.yaml")
    raise typer.Exit(retried(lambda: execute(path, check, backup, shared)))


def execute(file: Path, check: bool, backup: bool, shared: Common) -> int:
    """Rewrite the file, or with `check` only say where it departs; exit code 1 then."""
    from fitplan.errors import file_error
    from fitplan.questions.edit.format import rewritten
    from fitplan.questions.edit.stored import read_stored, save
    from fitplan.render import catalog_edit

    stored = read_stored(file)
    if stored.state is None:
        raise file_error(f"{file}: no such file", "name a catalog file")
    found = rewritten(stored.document)
    changed = found.text != stored.text
    kept = save(stored, found.text, backup) if changed and not check else None
    if shared.output is Format.JSON:
        write_json(catalog_edit.format_document(found, file, written=changed and not check))
    else:
        show(catalog_edit.format_table(found, file, check, kept), console())
    return EXIT_NOTHING if check and changed else EXIT_ANSWER
