"""`fitplan catalog diff`: what an edit of a catalog changes."""

from typing import Annotated

import typer

from fitplan.cli.catalog_file import refuse_format
from fitplan.cli.options import Common, FormatOption, JsonOption, RuntimeOption, common
from fitplan.cli.output import Format, console, show, write_json

_NAMES = "A catalog file, or REVISION:PATH or git:REVISION in a git checkout."


def command(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help=_NAMES)],
    new: Annotated[str, typer.Argument(help="The same, after the edit.")],
    runtime: RuntimeOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Show entries added, removed and changed, and which models' best pairs change."""
    shared = common(None, runtime, None, format, json).over(context.obj or Common())
    refuse_format("diff", shared)
    execute(old, new, shared)


def execute(old: str, new: str, shared: Common) -> None:
    """Compare two catalogs; one that isn't whole lies over the shipped one."""
    from fitplan.cli import overlays
    from fitplan.questions.edit.diff import review
    from fitplan.questions.edit.revisions import document_called
    from fitplan.questions.edit.standing import catalog_of
    from fitplan.render import catalog_diff

    base = overlays.load(overlays.files_of(shared.catalogs, user_catalog=False))
    before, after = (catalog_of(document_called(name), base) for name in (old, new))
    found = review(before, after, shared.runtime())
    if shared.output is Format.JSON:
        write_json(catalog_diff.diff_document(found, old, new))
        return
    show(catalog_diff.diff_table(found, old, new), console())
