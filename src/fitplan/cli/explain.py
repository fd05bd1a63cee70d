"""`fitplan explain`: every line of bytes of one pair, with its rule and source."""

from typing import Annotated

import typer

from fitplan.cli import timing_options
from fitplan.cli.options import (
    CatalogOption,
    Common,
    FormatOption,
    JsonOption,
    ModeOption,
    PartialLoadingOption,
    RuntimeOption,
    common,
)
from fitplan.cli.output import Format, console, show, write_json


def command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Model, by name or id.")],
    denoiser: Annotated[str, typer.Argument(help="Its denoiser: QUANT or PUBLISHER/QUANT.")],
    encoder: Annotated[str, typer.Argument(help="Its text encoder: QUANT or PUBLISHER/QUANT.")],
    runtime: RuntimeOption = None,
    mode: ModeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
    gpu: timing_options.GpuOption = None,
    disk: timing_options.DiskOption = None,
    steps: timing_options.StepsOption = None,
    guidance: timing_options.GuidanceOption = None,
    size: timing_options.SizeOption = None,
) -> None:
    """Show every line of bytes of one pair: file, cache, RAM, with the rule and its source."""
    given = common(catalog, runtime, partial_loading, format, json, mode)
    shared = given.over(context.obj or Common())
    timing = timing_options.TimingOptions(gpu, disk, steps, guidance, size)
    execute(model, denoiser, encoder, shared, timing)


def execute(
    model: str,
    denoiser: str,
    encoder: str,
    shared: Common,
    timing: timing_options.TimingOptions = timing_options.NO_TIMES,
) -> None:
    """Explain one pair and print it."""
    from fitplan.questions.explain import explain

    shared.expect_table_or_json("explain")
    candidates = shared.candidates()
    id = candidates.catalog.pipeline_id(model)
    clock = timing.clock(candidates)
    explanation = explain(candidates, id, denoiser, encoder, shared.runtime, clock)
    if shared.output is Format.JSON:
        from fitplan.render.explain_document import explain_document

        write_json(explain_document(explanation))
        return
    from fitplan.render.explain import explain_table

    show(explain_table(explanation), console())
