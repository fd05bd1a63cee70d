"""`fitplan need`: what a pair needs, and what more RAM would buy."""

from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from fitplan.cli.budget import RamTotalOption
from fitplan.cli.options import (
    CatalogOption,
    Common,
    FormatOption,
    JsonOption,
    PartialLoadingOption,
    RuntimeOption,
    common,
)
from fitplan.cli.output import Format, console, show, write, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING
from fitplan.units import parse_size

if TYPE_CHECKING:
    from fitplan.render.need import NeedReport


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Model, by name or id.")],
    denoiser: Annotated[
        str | None, typer.Argument(help="Its denoiser: QUANT or PUBLISHER/QUANT.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Argument(help="Its text encoder: QUANT or PUBLISHER/QUANT.")
    ] = None,
    for_ram: Annotated[
        bool,
        typer.Option("--for-ram", help="At which limits the best pair changes, and per machine."),
    ] = False,
    ram_total: RamTotalOption = None,
    runtime: RuntimeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Show the limit (a cache, or RAM), system RAM and disk that pairs of a model need."""
    shared = common(catalog, runtime, partial_loading, format, json).over(context.obj or Common())
    raise typer.Exit(execute(model, (denoiser, encoder), for_ram, ram_total, shared))


def execute(
    model: str,
    pair: tuple[str | None, str | None],
    for_ram: bool,
    ram_total: str | None,
    shared: Common,
) -> int:
    """Work out the needs and print them; exit code 1 when the runtime loads no such pair."""
    from fitplan.questions.need import named_files, needs
    from fitplan.render.need import NeedReport

    total = None if ram_total is None else parse_size(ram_total)
    candidates = shared.candidates()
    runtime, catalog = candidates.runtime, candidates.catalog
    id = catalog.pipeline_id(model)
    found = needs(candidates, id, *pair)
    named = named_files(candidates, id, *pair)
    report = NeedReport(id, catalog.file.pipelines[id], runtime, found, for_ram, total, named)
    _print(report, shared.output)
    return EXIT_ANSWER if found else EXIT_NOTHING


def _print(report: "NeedReport", format: Format) -> None:
    from fitplan.render.need import need_document, need_table
    from fitplan.render.need_columns import need_csv, need_markdown

    match format:
        case Format.TABLE:
            on = console()
            show(need_table(report, on.width), on)
        case Format.JSON:
            write_json(need_document(report))
        case Format.CSV:
            write(need_csv(report))
        case Format.MARKDOWN:
            write(need_markdown(report))
        case _:
            assert_never(format)
