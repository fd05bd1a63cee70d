"""`fitplan train`: plan a LoRA run inside a card's VRAM."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.options import CatalogOption, Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, console, show, write, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING, usage_error
from fitplan.units import parse_size

if TYPE_CHECKING:
    from fitplan.training.plan import TrainingBudget
    from fitplan.training.report import TrainReport

SIZES = ("512", "768", "1024")
"""Sizes to plan when none is asked for."""

_SIZE = re.compile(r"\s*([0-9]{1,5})(?:\s*[x\u00d7]\s*([0-9]{1,5}))?\s*", re.IGNORECASE)
_ZERO = re.compile(r"\s*0+(\.0+)?\s*[a-z]{0,3}\s*", re.IGNORECASE)


class Precision(StrEnum):
    """Which weights to plan with."""

    AUTO = "auto"
    BF16 = "bf16"
    FP8 = "fp8"


class Optimizer(StrEnum):
    """Optimizers whose memory is known."""

    ADAMW8BIT = "adamw8bit"
    ADAMW = "adamw"
    ADAFACTOR = "adafactor"


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """The command's own options, as given."""

    models: tuple[str, ...]
    vram: str | None
    ram: str | None
    sizes: tuple[str, ...]
    rank: int
    batch: int
    steps: int
    optimizer: Optimizer
    precision: Precision
    swap: int | None
    headroom: str
    gpu: str | None
    text_tokens: int | None
    as_commands: bool


def command(
    context: typer.Context,
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Models, by name or id. [all trainable ones]"),
    ] = None,
    vram: Annotated[
        str | None,
        typer.Option("--vram", metavar="SIZE", help="The card's VRAM: 12 (GiB), 12GiB, 11264MiB."),
    ] = None,
    ram: Annotated[
        str | None, typer.Option("--ram", metavar="SIZE", help="The machine's RAM. [no limit]")
    ] = None,
    resolution: Annotated[
        list[str] | None,
        typer.Option(
            "--resolution",
            metavar="SIZE",
            help="Pixels: 1024 or 768x1152; repeatable. [512, 768 and 1024]",
        ),
    ] = None,
    rank: Annotated[int, typer.Option("--rank", metavar="N", help="LoRA rank.")] = 16,
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Images per step.")] = 1,
    steps: Annotated[
        int, typer.Option("--steps", metavar="N", min=1, max=10**7, help="Steps of the run.")
    ] = 1000,
    optimizer: Annotated[
        Optimizer, typer.Option("--optimizer", help="The optimizer.")
    ] = Optimizer.ADAMW8BIT,
    precision: Annotated[
        Precision, typer.Option("--precision", help="Weights of the denoiser.")
    ] = Precision.AUTO,
    blocks_to_swap: Annotated[
        int | None,
        typer.Option(
            "--blocks-to-swap", metavar="N", min=0, max=999, help="This swap. [smallest that fits]"
        ),
    ] = None,
    headroom: Annotated[
        str, typer.Option("--headroom", metavar="SIZE", help="VRAM to leave free.")
    ] = "400MiB",
    gpu: Annotated[
        str | None,
        typer.Option(
            "--gpu", metavar="NAME", help="The card, for the time per step. [RTX 3060 12GB]"
        ),
    ] = None,
    text_tokens: Annotated[
        int | None,
        typer.Option("--text-tokens", metavar="N", help="Tokens of a prompt. [the model's]"),
    ] = None,
    as_commands: Annotated[
        bool, typer.Option("--command", help="Print the commands to type instead.")
    ] = False,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> int:
    """Plan LoRA runs of musubi-tuner: what fits a card, with how much swap, at what pace."""
    shared = common(catalog, None, None, format, json).over(context.obj or Common())
    options = TrainOptions(
        tuple(models or ()),
        vram,
        ram,
        tuple(resolution or SIZES),
        rank,
        batch,
        steps,
        optimizer,
        precision,
        blocks_to_swap,
        headroom,
        gpu,
        text_tokens,
        as_commands,
    )
    return execute(options, shared)


def execute(options: TrainOptions, shared: Common) -> int:
    """Plan and print; exit code 1 when nothing fits."""
    shared.expect_table_or_json("train")
    if options.as_commands and not options.models:
        raise usage_error("--command is about one model", "name a MODEL")
    report = _plan(options, shared)
    _print(report, options, shared.output)
    return EXIT_ANSWER if report.rows else EXIT_NOTHING


def _plan(options: TrainOptions, shared: Common) -> "TrainReport":
    from fitplan.timing.reading import timing_data
    from fitplan.training.pace import find_card
    from fitplan.training.reading import shipped
    from fitplan.training.report import train
    from fitplan.training.search import Wish

    file, catalog = shipped(), shared.catalog()
    sizes = tuple(dict.fromkeys(_size(text) for text in options.sizes))
    wish = Wish(
        _budget(options),
        *sizes[0],
        card=find_card(file, timing_data(), options.gpu),
        precision=options.precision.value,
        blocks_to_swap=options.swap,
        rank=options.rank,
        batch=options.batch,
        optimizer=options.optimizer.value,
        text_tokens=options.text_tokens,
    )
    named = [id for name in options.models for id in catalog.pipeline_ids(name)]
    ids = named or list(catalog.file.pipelines)
    return train(file, catalog, ids, wish, sizes, options.steps, options.gpu is not None)


def _budget(options: TrainOptions) -> "TrainingBudget":
    from fitplan.training.plan import TrainingBudget

    if options.vram is None:
        raise usage_error("how much VRAM is there?", "say --vram SIZE, like --vram 12")
    vram = parse_size(options.vram)
    headroom = 0 if _ZERO.fullmatch(options.headroom) else parse_size(options.headroom)
    if headroom >= vram:
        raise usage_error(
            f"a headroom of {options.headroom} leaves no VRAM to train in",
            "write it like 400MiB: a bare number is GiB",
        )
    return TrainingBudget(
        vram, parse_size(options.ram) if options.ram is not None else None, headroom
    )


def _size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise usage_error(f"{text!r} is no resolution", "write it like 1024 or 768x1152")
    return int(match[1]), int(match[2] or match[1])


def _print(report: "TrainReport", options: TrainOptions, format: Format) -> None:
    if format is Format.JSON:
        from fitplan.render.train_document import train_document

        write_json(train_document(report))
    elif options.as_commands and report.rows:
        from fitplan.render.train_commands import train_commands

        write(train_commands(report))
    else:
        from fitplan.render.train import detail_table, overview_table

        show(detail_table(report) if options.models else overview_table(report), console())
