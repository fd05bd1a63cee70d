"""`fitplan fit`: which file of a repository on the hub to download."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.budget import RamOption, limits
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
from fitplan.cli.places import (
    ComfyUIOption,
    ExtraPathsOption,
    FolderOption,
    HfCacheOption,
    InstalledOption,
    InvokeAIOption,
    Places,
)
from fitplan.cli.remote import NoCacheOption, RefreshOption, RemoteOptions, read
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING, EXIT_UNREADABLE, usage_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitplan.catalog import Catalog, PublishedFile
    from fitplan.questions.fit import FitQuestion
    from fitplan.render.fit import FitReport

EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder", metavar="ID", help="Keep this text encoder: QUANT, PUBLISHER/QUANT or its id."
    ),
]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """The command's own options, as given."""

    ram: str | None = None
    encoder: str | None = None
    installed: bool = False
    places: Places = field(default_factory=Places)
    remote: RemoteOptions = field(default_factory=RemoteOptions)


def command(
    context: typer.Context,
    repository: Annotated[
        str,
        typer.Argument(
            metavar="hf:OWNER/REPO[@REVISION][:FILE]",
            help="A repository on the Hugging Face hub, or a pasted address.",
        ),
    ],
    ram: RamOption = None,
    encoder: EncoderOption = None,
    installed: InstalledOption = False,
    folder: FolderOption = None,
    invokeai: InvokeAIOption = None,
    comfyui: ComfyUIOption = None,
    hf_cache: HfCacheOption = False,
    extra_model_paths: ExtraPathsOption = None,
    no_cache: NoCacheOption = False,
    refresh: RefreshOption = False,
    runtime: RuntimeOption = None,
    mode: ModeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Say which file of a repository on the hub to download, reading headers alone."""
    given = common(catalog, runtime, partial_loading, format, json, mode)
    extra = tuple(extra_model_paths or ())
    places = Places(tuple(folder or ()), invokeai, comfyui, hf_cache, extra)
    remote = RemoteOptions(no_cache, refresh)
    options = FitOptions(ram, encoder, installed, places, remote)
    raise typer.Exit(execute(repository, options, given.over(context.obj or Common())))


def execute(text: str, options: FitOptions, shared: Common) -> int:
    """Read the repository, rank its files and print; exit code 1 when none makes a pair."""
    from fitplan.hub.address import is_remote, parse
    from fitplan.hub.models import RemoteModel, RemoteProblem
    from fitplan.planning.report import Budget
    from fitplan.questions.fit import choose
    from fitplan.render.fit import FitReport

    shared.expect_table_or_json("fit")
    if not is_remote(text):
        raise usage_error(f"{text!r} is no address on the hub", "write hf:OWNER/REPO")
    limit, source = limits(options.ram, None)
    question = _question(options, shared, limit.cache_bytes)
    reader = options.remote.reader()
    found = read(reader, parse(text, reader.hub.endpoint))
    models = [item for item in found if isinstance(item, RemoteModel)]
    report = FitReport(
        repository=found[0].repository,
        choices=choose(question, models),
        problems=tuple(item for item in found if isinstance(item, RemoteProblem)),
        budget=Budget(limit.cache_bytes, "option" if source == "option" else "machine"),
        runtime=question.runtime,
        files=len(models),
    )
    _print(report, shared.output)
    if report.choices.pairs:
        return EXIT_ANSWER
    return EXIT_UNREADABLE if report.problems else EXIT_NOTHING


def _question(options: FitOptions, shared: Common, budget: int) -> "FitQuestion":
    from fitplan.questions.fit import FitQuestion

    catalog = shared.catalog()
    partners = _partners(options, catalog)
    return FitQuestion(catalog, shared.runtime(), budget, partners, options.encoder or "")


def _partners(
    options: FitOptions, catalog: "Catalog"
) -> "Mapping[str, Sequence[PublishedFile]] | None":
    """What is installed, by component; None when the catalog's files will do."""
    if not options.installed and options.places == Places():
        return None
    from fitplan.planning.matching import match

    found = options.places.scan([]).models
    return match(catalog, ((item.name, item.inspected.model) for item in found)).files


def _print(report: "FitReport", format: Format) -> None:
    from fitplan.render.fit import fit_document, fit_table

    if format is Format.JSON:
        write_json(fit_document(report))
    else:
        on = console()
        show(fit_table(report, on.width), on)
