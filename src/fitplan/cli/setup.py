"""`fitplan setup`: what a machine's cache limit should be, and writing it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.budget import budget_setting
from fitplan.cli.options import (
    CatalogOption,
    Common,
    FormatOption,
    JsonOption,
    PartialLoadingOption,
    RuntimeOption,
    common,
)
from fitplan.cli.output import Format, console, show, write_json
from fitplan.units import parse_size

if TYPE_CHECKING:
    from fitplan.machine.memory import Ram
    from fitplan.questions.setup import Vram


def command(
    context: typer.Context,
    ram_total: Annotated[
        str | None,
        typer.Option("--ram-total", metavar="SIZE", help="RAM of the machine. [this one's]"),
    ] = None,
    vram: Annotated[
        str | None,
        typer.Option("--vram", metavar="SIZE", help="VRAM of its GPU; 0: no GPU. [this one's]"),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="ROOT", help="Set the limit in the settings file in this folder."
        ),
    ] = None,
    runtime: RuntimeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the cache limit for a machine and why; with --write, set it."""
    shared = common(catalog, runtime, partial_loading, format, json).over(context.obj or Common())
    execute(ram_total, vram, write, shared)


def execute(ram_total: str | None, vram: str | None, root: Path | None, shared: Common) -> None:
    """Work out the limit, write it where asked to, and print both."""
    from fitplan.machine import memory
    from fitplan.machine.settings import write_setting
    from fitplan.questions.setup import advise
    from fitplan.render.setup import setup_document, setup_table

    shared.expect_table_or_json("setup")
    runtime = shared.runtime()
    setting = budget_setting(runtime, "setup")
    installed = _ram(ram_total)
    swap = memory.swap() if ram_total is None else None
    advice = advise(
        shared.candidates(),
        setting,
        installed,
        _vram(vram, this_machine=ram_total is None),
        swap,
    )
    change = None
    if root is not None:
        change = write_setting(root / setting.file, setting.key, setting.value(advice.limit_bytes))
    if shared.output is Format.JSON:
        write_json(setup_document(advice, runtime, change))
        return
    show(setup_table(advice, runtime, change), console())


def _ram(given: str | None) -> "Ram":
    from fitplan.machine import memory

    return memory.ram() if given is None else memory.Ram(parse_size(given), "option")


def _vram(given: str | None, *, this_machine: bool) -> "Vram":
    """VRAM from the option, else of this machine's first card; `0` and `none` say: no card."""
    from fitplan.machine import memory
    from fitplan.questions.setup import Vram

    if given is not None:
        none = given.strip().lower() in ("0", "none")
        return Vram(None if none else parse_size(given), "option")
    cards = memory.gpus() if this_machine else ()
    return Vram(cards[0].vram_bytes, cards[0].name) if cards else Vram(None, "unknown")
