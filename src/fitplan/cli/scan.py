"""`fitplan scan`: what model files are on this machine."""

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
from fitplan.cli.places import (
    ComfyUIOption,
    ExtraPathsOption,
    HfCacheOption,
    InvokeAIOption,
    Places,
)
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING


def command(
    context: typer.Context,
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files and folders; with none, all usual places.",
            show_default=False,
        ),
    ] = None,
    invokeai: InvokeAIOption = None,
    comfyui: ComfyUIOption = None,
    hf_cache: HfCacheOption = False,
    extra_model_paths: ExtraPathsOption = None,
    runtime: RuntimeOption = None,
    partial_loading: PartialLoadingOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """List the model files on this machine, each counted once, and what they become."""
    shared = common(None, runtime, partial_loading, format, json).over(context.obj or Common())
    extra = tuple(extra_model_paths or ())
    places = Places(tuple(folders or ()), invokeai, comfyui, hf_cache, extra)
    raise typer.Exit(execute(places, shared))


def execute(places: Places, shared: Common) -> int:
    """Scan and print; exit code 1 when there is no model."""
    from fitplan.planning.matching import match
    from fitplan.render.scan import scan_document, scan_table

    shared.expect_table_or_json("scan")
    found = places.scan([shared.runtime()])
    models = ((item.name, item.inspected.model) for item in found.models)
    unused = match(shared.catalog(), models).unused
    if shared.output is Format.JSON:
        write_json(scan_document(found, unused))
    else:
        show(scan_table(found, unused), console())
    return EXIT_ANSWER if found.models else EXIT_NOTHING
