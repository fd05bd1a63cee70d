"""`fitplan catalog list` and `fitplan catalog show`: what the catalog knows."""

from typing import Annotated

import typer

from fitplan.cli.catalog_file import refuse_format
from fitplan.cli.options import CatalogOption, Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, console, show, write_json


def list_command(
    context: typer.Context,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """List components and models, with the number of files of each."""
    shared = common(catalog, None, None, format, json).over(context.obj or Common())
    list_all(shared)


def list_all(shared: Common) -> None:
    """Print the contents of the catalog."""
    from fitplan.render import catalog as render

    refuse_format("list", shared)
    catalog, files = shared.catalog(), shared.catalog_files()
    if shared.output is Format.JSON:
        write_json(render.list_document(catalog, files))
        return
    show(render.list_table(catalog, files), console())


def show_command(
    context: typer.Context,
    id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="A model (by name or id), a component, a file (COMPONENT/PUBLISHER/QUANT) or a "
            "source. [all: list]",
            show_default=False,
        ),
    ] = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Show all facts of a model, component or file, with their sources."""
    shared = common(catalog, None, None, format, json).over(context.obj or Common())
    if id is None:
        list_all(shared)
        return
    execute(id, shared)


def execute(id: str, shared: Common) -> None:
    """Print everything that `id` names."""
    from fitplan import runtimes
    from fitplan.questions.edit.show import found_as
    from fitplan.render import catalog_show as render

    refuse_format("show", shared)
    catalog = shared.catalog()
    found = found_as(catalog, id)
    if shared.output is Format.JSON:
        write_json(render.show_document(catalog, found, runtimes.newest()))
        return
    show(render.show_table(catalog, found, runtimes.newest()), console())
