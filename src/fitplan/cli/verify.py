"""`fitplan verify`: hold our reading of a header against the reference libraries'."""

from pathlib import Path
from typing import Annotated

import typer

from fitplan.cli.options import Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, write, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING


def command(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="GGUF, safetensors, or a model folder.")
    ],
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Read headers with the gguf and safetensors libraries too, and compare."""
    shared = common(None, None, None, format, json).over(context.obj or Common())
    raise typer.Exit(execute(paths, shared))


def execute(paths: list[Path], shared: Common) -> int:
    """Compare and print; exit code 1 when something differs."""
    from fitplan.questions.verify import verify
    from fitplan.render.verify import verify_document, verify_text

    shared.expect_table_or_json("verify")
    verdicts = [verdict for path in paths for verdict in verify(path)]
    if shared.output is Format.JSON:
        write_json(verify_document(verdicts))
    else:
        write(verify_text(verdicts))
    return EXIT_NOTHING if any(verdict.differences for verdict in verdicts) else EXIT_ANSWER
