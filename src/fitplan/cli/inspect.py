"""`fitplan inspect`: what files hold and what they become, on this machine or on the hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from fitplan.cli.remote import NoCacheOption, RefreshOption, RemoteOptions, is_remote, read
from fitplan.errors import EXIT_ANSWER, EXIT_UNREADABLE, FitplanError, usage_error
from fitplan.units import parse_size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from fitplan.hub.address import Address
    from fitplan.hub.models import Reader
    from fitplan.questions.fit import FitQuestion
    from fitplan.questions.inspect import Inspection
    from fitplan.questions.inspect_remote import RemoteRow
    from fitplan.render.documents.inspect import InspectDocument

RamOption = Annotated[
    str | None,
    typer.Option(
        "--ram",
        metavar="SIZE",
        help="With hf: addresses: say what each file fits beside in 14 (GiB), 14GiB, 15GB.",
    ),
]


def command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="GGUF, safetensors, a model folder, hf:OWNER/REPO[@REVISION][:FILE-OR-GLOB], "
            "or an address on huggingface.co.",
        ),
    ],
    ram: RamOption = None,
    no_cache: NoCacheOption = False,
    refresh: RefreshOption = False,
    runtime: RuntimeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Show what model files hold and what they become, by their headers alone."""
    shared = common(catalog, runtime, partial_loading, format, json).over(context.obj or Common())
    raise typer.Exit(execute(paths, shared, ram, RemoteOptions(no_cache, refresh)))


def execute(paths: list[str], shared: Common, ram: str | None, options: RemoteOptions) -> int:
    """Inspect and print; exit code 3 when some path can't be read."""
    from fitplan.questions.inspect import inspect

    shared.expect_table_or_json("inspect")
    if any(map(is_remote, paths)):
        return _with_remote(paths, shared, ram, options)
    if ram is not None:
        raise usage_error("--ram is for files on the hub", "write hf:OWNER/REPO")
    found = inspect(map(Path, paths), shared.runtimes())
    _print_local(found, shared.output)
    return _exit_code(found)


def _print_local(found: "list[Inspection]", format: Format) -> None:
    from fitplan.render.inspect import inspect_document, inspect_table

    if format is Format.JSON:
        write_json(inspect_document(found))
    else:
        show(inspect_table(found), console())


def _exit_code(found: "list[Inspection]") -> int:
    from fitplan.questions.inspect import Unreadable

    return EXIT_UNREADABLE if any(isinstance(x, Unreadable) for x in found) else EXIT_ANSWER


def _with_remote(paths: list[str], shared: Common, ram: str | None, options: RemoteOptions) -> int:
    """Inspect paths of which some are on the hub; each stands for itself."""
    question = None if ram is None else _question(shared, parse_size(ram))
    reader = options.reader()
    addresses = _addresses(paths, reader.hub.endpoint)
    groups = [_group(path, addresses.get(path), reader, shared, question) for path in paths]
    _print_groups(groups, shared, question)
    return _exit_code([item for group in groups for item in _inspections(group)])


def _question(shared: Common, budget: int) -> "FitQuestion":
    from fitplan.questions.fit import FitQuestion

    return FitQuestion(shared.catalog(), shared.runtime(), budget)


def _addresses(paths: list[str], endpoint: str) -> "dict[str, Address]":
    """The paths that are on the hub; all are understood before any is read."""
    from fitplan.hub.address import parse

    return {path: parse(path, endpoint) for path in paths if is_remote(path)}


def _group(
    path: str,
    address: "Address | None",
    reader: "Reader",
    shared: Common,
    question: "FitQuestion | None",
) -> "list[Inspection | RemoteRow]":
    """What one path of the command line names."""
    from fitplan.questions.inspect import Unreadable, inspect_path
    from fitplan.questions.inspect_remote import rows

    if address is None:
        return [*inspect_path(Path(path), shared.runtimes())]
    try:
        return [*rows(read(reader, address), shared.runtimes(), question)]
    except FitplanError as error:
        return [Unreadable(Path(str(address)), error)]


def _inspections(group: "list[Inspection | RemoteRow]") -> "list[Inspection]":
    from fitplan.questions.inspect_remote import RemoteRow

    return [item.inspected if isinstance(item, RemoteRow) else item for item in group]


def _print_groups(
    groups: "list[list[Inspection | RemoteRow]]", shared: Common, question: "FitQuestion | None"
) -> None:
    if shared.output is Format.JSON:
        write_json(_document(groups))
        return
    from rich.console import Group
    from rich.text import Text

    on = console()
    blocks: list[RenderableType] = []
    for group in groups:
        blocks += [Text("")] if blocks else []
        blocks.append(_table(group, shared, question, on.width))
    show(Group(*blocks), on)


def _table(
    group: "list[Inspection | RemoteRow]",
    shared: Common,
    question: "FitQuestion | None",
    width: int,
) -> "RenderableType":
    from fitplan.questions.inspect_remote import RemoteRow
    from fitplan.render.inspect import inspect_table
    from fitplan.render.remote import remote_table

    rows = [item for item in group if isinstance(item, RemoteRow)]
    if not rows:
        return inspect_table(_inspections(group))
    budget = question.budget_bytes if question else None
    return remote_table(rows, shared.runtime(), budget, width)


def _document(groups: "list[list[Inspection | RemoteRow]]") -> "InspectDocument":
    from fitplan.questions.inspect_remote import RemoteRow
    from fitplan.render.inspect import inspect_document, inspection_entry
    from fitplan.render.remote import remote_entry

    files = [
        remote_entry(item) if isinstance(item, RemoteRow) else inspection_entry(item)
        for group in groups
        for item in group
    ]
    return {**inspect_document([]), "files": files}
