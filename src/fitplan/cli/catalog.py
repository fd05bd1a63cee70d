"""`fitplan catalog`: look at a catalog, add to it, compare and format it."""

import typer

from fitplan.cli import catalog_add, catalog_browse, catalog_diff, catalog_format, catalog_observe

app = typer.Typer(
    name="catalog",
    help="Look at the catalog, add files and measurements to it, compare and format it.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(catalog_browse.list_command)
app.command("show")(catalog_browse.show_command)
app.command("add")(catalog_add.command)
app.command("observe")(catalog_observe.command)
app.command("diff")(catalog_diff.command)
app.command("format")(catalog_format.command)
