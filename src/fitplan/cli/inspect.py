"""`fitplan inspect`: what files hold and what they become."""

from pathlib import Path
from typing import Annotated

import typer

from fitplan.cli.options import (
    Common,
    FormatOption,
    JsonOption,
    PartialLoadingOption,
    RuntimeOption,
    common,
)
from fitplan.cli.output import Format, console, show, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_UNREADABLE, usage_error


def command(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="GGUF, safetensors, or a model folder.")
    ],
    runtime: RuntimeOption = None,
    partial_loading: PartialLoadingOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Show what model files hold and what they become, by their headers alone."""
    shared = common(None, runtime, partial_loading, format, json).over(context.obj or Common())
    raise typer.Exit(execute(paths, shared))


def execute(paths: list[Path], shared: Common) -> int:
    """Inspect and print; exit code 3 when some path can't be read."""
    from fitplan.inspection import Unreadable, inspect
    from fitplan.render.inspect import inspect_document, inspect_table

    if shared.output not in (Format.TABLE, Format.JSON):
        raise usage_error(f"inspect has no format {shared.output}", "use table or json")
    found = inspect(paths, shared.runtimes())
    if shared.output is Format.JSON:
        write_json(inspect_document(found))
    else:
        show(inspect_table(found), console())
    return EXIT_UNREADABLE if any(isinstance(x, Unreadable) for x in found) else EXIT_ANSWER
