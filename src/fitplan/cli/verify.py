"""`fitplan verify`: hold our reading of a header against the reference libraries'."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.options import Common, FormatOption, JsonOption, common
from fitplan.cli.output import Format, write, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING

if TYPE_CHECKING:
    from fitplan.questions.verify import Verdict


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

    shared.expect_table_or_json("verify")
    verdicts = [verdict for path in paths for verdict in verify(path)]
    if shared.output is Format.JSON:
        write_json({"schema": "fitplan.verify/1", "files": [_entry(v) for v in verdicts]})
    else:
        write("\n".join(_line(verdict) for verdict in verdicts))
    return EXIT_NOTHING if any(verdict.differences for verdict in verdicts) else EXIT_ANSWER


def _entry(verdict: "Verdict") -> dict[str, object]:
    return {
        "path": str(verdict.path),
        "library": verdict.library,
        "tensors": verdict.tensors,
        "differences": list(verdict.differences),
    }


def _line(verdict: "Verdict") -> str:
    from fitplan.render.text import printable

    path, count = printable(str(verdict.path)), len(verdict.differences)
    if not verdict.differences:
        return f"{path}: {verdict.library} reads the same {verdict.tensors} tensors"
    listed = "".join(f"\n  {printable(difference)}" for difference in verdict.differences[:20])
    return f"{path}: {count} differences from {verdict.library}{listed}"
