"""`fitplan compare`: one pair in all programs, side by side."""

from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from fitplan.cli.options import CatalogOption, Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, console, show, write, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING
from fitplan.units import parse_size

if TYPE_CHECKING:
    from fitplan.questions.compare import Comparison


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Model, by name or id.")],
    denoiser: Annotated[str, typer.Argument(help="Its denoiser: QUANT or PUBLISHER/QUANT.")],
    encoder: Annotated[str, typer.Argument(help="Its text encoder: QUANT or PUBLISHER/QUANT.")],
    ram: Annotated[
        str | None,
        typer.Option(
            "--ram",
            metavar="SIZE",
            help="What each program's user controls: InvokeAI's cache limit, the others' RAM.",
        ),
    ] = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Show what one pair needs in every program, whether it fits, and what makes it fit."""
    shared = common(catalog, None, None, format, json).over(context.obj or Common())
    raise typer.Exit(execute(model, denoiser, encoder, ram, shared))


def execute(model: str, denoiser: str, encoder: str, ram: str | None, shared: Common) -> int:
    """Compare and print; exit code 1 when the pair fits nowhere."""
    from fitplan.questions.compare import compare

    size = None if ram is None else parse_size(ram)
    catalog = shared.catalog()
    id = catalog.pipeline_id(model)
    comparison = compare(catalog, id, denoiser, encoder, shared.runtimes(), shared.runtime, size)
    _print(comparison, shared.output)
    return EXIT_ANSWER if comparison.fits_somewhere else EXIT_NOTHING


def _print(comparison: "Comparison", format: Format) -> None:
    from fitplan.render.compare import compare_document, compare_table
    from fitplan.render.compare_columns import compare_csv, compare_markdown

    match format:
        case Format.TABLE:
            show(compare_table(comparison), console())
        case Format.JSON:
            write_json(compare_document(comparison))
        case Format.CSV:
            write(compare_csv(comparison))
        case Format.MARKDOWN:
            write(compare_markdown(comparison))
        case _:
            assert_never(format)
