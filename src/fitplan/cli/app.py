"""The typer application, and the one place where errors become exit codes."""

import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from fitplan import __version__
from fitplan.cli import (
    check,
    compare,
    explain,
    fit,
    inspect,
    interrupts,
    machine_options,
    need,
    pack,
    plan,
    scan,
    setup,
    streams,
    timing_options,
    train,
    verify,
)
from fitplan.cli.catalog import app as catalog_app
from fitplan.cli.options import (
    CatalogOption,
    FormatOption,
    JsonOption,
    ModeOption,
    PartialLoadingOption,
    RuntimeOption,
    common,
)
from fitplan.cli.output import report_error
from fitplan.cli.overlays import NoUserCatalogOption, with_flag_first
from fitplan.cli.places import (
    ComfyUIOption,
    ExtraPathsOption,
    FileOption,
    FolderOption,
    HfCacheOption,
    InstalledOption,
    InvokeAIOption,
    OwnFiles,
    Places,
    with_default_roots,
)
from fitplan.errors import EXIT_ANSWER, EXIT_INTERRUPTED, FitplanError, usage_error

app = typer.Typer(
    name="fitplan",
    help="Which text-to-image models stay resident in your RAM, and in which quantizations.",
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("explain")(explain.command)
app.command("check")(check.command)
app.command("compare")(compare.command)
app.command("inspect")(inspect.command)
app.command("fit")(fit.command)
app.command("scan")(scan.command)
app.command("train")(train.command)
app.command("verify")(verify.command)
app.command("need")(need.command)
app.command("pack")(pack.command)
app.command("setup")(setup.command)
app.add_typer(catalog_app)


@app.callback(invoke_without_command=True)
def _plan(
    context: typer.Context,
    ram: plan.RamOption = None,
    model: plan.ModelOption = None,
    all_pairs: plan.AllOption = False,
    frontier: plan.FrontierOption = False,
    top: plan.TopOption = None,
    installed: InstalledOption = False,
    file: FileOption = None,
    folder: FolderOption = None,
    invokeai: InvokeAIOption = None,
    comfyui: ComfyUIOption = None,
    hf_cache: HfCacheOption = False,
    extra_model_paths: ExtraPathsOption = None,
    ram_total: machine_options.RamTotalOption = None,
    swap: machine_options.SwapOption = None,
    vram: machine_options.VramOption = None,
    os_name: machine_options.OsOption = None,
    gpu: timing_options.GpuOption = None,
    disk: timing_options.DiskOption = None,
    steps: timing_options.StepsOption = None,
    guidance: timing_options.GuidanceOption = None,
    size: timing_options.SizeOption = None,
    include_misses: timing_options.MissesOption = False,
    sort: timing_options.SortOption = None,
    runtime: RuntimeOption = None,
    mode: ModeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    no_user_catalog: NoUserCatalogOption = False,
    format: FormatOption = None,
    json: JsonOption = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """List the denoiser and text-encoder pairs that stay resident in a RAM budget, best first."""
    shared = common(catalog, runtime, partial_loading, format, json, mode, no_user_catalog)
    if version:
        sys.stdout.write(f"fitplan {__version__}\n")
        raise typer.Exit
    times = timing_options.TimingOptions(gpu, disk, steps, guidance, size, include_misses, sort)
    extra = tuple(extra_model_paths or ())
    places = Places(tuple(folder or ()), invokeai, comfyui, hf_cache, extra)
    own = OwnFiles(installed, tuple(file or ()), places)
    machine = machine_options.MachineOptions(ram_total, swap, vram, os_name)
    models = tuple(model or ())
    options = plan.PlanOptions(ram, models, all_pairs, frontier, top, times, own, machine)
    if context.invoked_subcommand is None:
        raise typer.Exit(plan.execute(options, shared))
    if options != plan.PlanOptions():
        raise usage_error(
            "plan options stand before the name of another command", "put only shared options there"
        )
    context.obj = shared


def main(arguments: list[str] | None = None) -> int:
    """Run fitplan with `arguments` (default: the process's) and return its exit code."""
    given = with_default_roots(sys.argv[1:] if arguments is None else arguments)
    given = with_flag_first(given)
    try:
        result = app(given, prog_name="fitplan", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except Exception as error:
        if interrupts.heard():
            return _interrupted()
        return _failed(error, given)
    if result == EXIT_INTERRUPTED:
        return _interrupted()
    return result if isinstance(result, int) else EXIT_ANSWER


def _interrupted() -> int:
    sys.stderr.write("fitplan: interrupted\n")
    return EXIT_INTERRUPTED


def _failed(error: Exception, given: list[str]) -> int:
    """Report an error of the user's; anything else is a bug, and raised."""
    if isinstance(error, TyperException):
        message = getattr(error, "format_message", lambda: str(error))()
        lowered = f"{message[:1].lower()}{message[1:].rstrip('.')}"
        error = usage_error(lowered, "see fitplan --help")
    if not isinstance(error, FitplanError):
        raise error
    report_error(error, _wants_json(given))
    return error.exit_code


def _wants_json(given: list[str]) -> bool:
    pairs = zip(given, [*given[1:], ""], strict=True)
    return any(a in ("--json", "--format=json") or (a, b) == ("--format", "json") for a, b in pairs)


def run() -> NoReturn:
    """Run fitplan as a process: standard streams may be closed or full, Ctrl-C comes any time."""
    standard = streams.make_patient()
    interrupts.listen()
    code = main()
    interrupts.leave_at_once()
    code = standard.settle(code)
    interrupts.ignore()
    if code == EXIT_INTERRUPTED:
        os._exit(code)  # whatever still runs in other threads isn't waited for
    sys.exit(code)
