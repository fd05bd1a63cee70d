"""`fitplan catalog add`: catalog entries for model files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.catalog_file import BackupOption, Target, ToOption, refuse_format, target
from fitplan.cli.options import CatalogOption, Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, console, report_error, show, write, write_json
from fitplan.cli.remote import (
    NoCacheOption,
    RefreshOption,
    RemoteOptions,
    is_remote,
    published,
)
from fitplan.errors import EXIT_ANSWER

if TYPE_CHECKING:
    from fitplan.questions.edit.add import Additions, Given, Wanted


def command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="GGUF, safetensors, a model folder, or hf:OWNER/REPO[@REVISION][:FILE-OR-GLOB].",
        ),
    ],
    to: ToOption = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="ADDRESS|ID",
            help="Where the file is published: an address, or the id of a source in the catalog. "
            "[the file's own header]",
        ),
    ] = None,
    publisher: Annotated[
        str | None,
        typer.Option(
            "--publisher",
            metavar="NAME",
            help="Who published it. [the owner of the repository, if --source or the folder tells]",
        ),
    ] = None,
    component: Annotated[
        str | None,
        typer.Option(
            "--component",
            metavar="ID",
            help="The component it is a file of; a new id makes a new one. [told by its shapes]",
        ),
    ] = None,
    no_cache: NoCacheOption = False,
    refresh: RefreshOption = False,
    backup: BackupOption = False,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Write the catalog entries of model files, by their headers alone."""
    from fitplan.machine.atomic import retried
    from fitplan.questions.edit.add import Wanted

    shared = common(catalog, None, None, format, json).over(context.obj or Common())
    refuse_format("add", shared)
    wanted = Wanted(component, publisher, source)
    given = _given(paths, RemoteOptions(no_cache, refresh))
    raise typer.Exit(
        retried(lambda: execute(given, wanted, target(to, backup, shared), backup, shared))
    )


def execute(
    paths: "list[Given]", wanted: "Wanted", into: Target, backup: bool, shared: Common
) -> int:
    """Add and print; the exit code is that of the worst file that can't be added."""
    from fitplan.questions.edit.add import add

    found = add(paths, into.document, into.base, wanted)
    if not found.entries:
        raise found.refused[0]
    kept = into.save(found.text, backup)
    _print(found, into, kept, shared)
    return max((error.exit_code for error in found.refused), default=EXIT_ANSWER)


def _given(paths: list[str], options: RemoteOptions) -> "list[Given]":
    """Paths on this machine, and the models of those that are on the hub."""
    given: list[Given] = []
    for path in paths:
        given += published(path, options) if is_remote(path) else [Path(path)]
    return given


def _print(found: "Additions", into: Target, kept: Path | None, shared: Common) -> None:
    from fitplan.render import catalog_edit

    file = into.stored.path if into.stored else None
    if shared.output is Format.JSON:
        write_json(catalog_edit.add_document(found, into.document.text, file, kept))
        return
    for error in found.refused:
        report_error(error, as_json=False)
    for entry in found.entries:
        if entry.alike:
            sys.stderr.write(f"fitplan: {catalog_edit.alike_note(entry)}\n")
    if file is None:
        write(found.text)
        return
    names = [entry.id for entry in found.entries]
    show(catalog_edit.edit_table(names, into.document.text, found.text, file, kept), console())
