"""The catalog that the shared options ask for, and which files made it."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import FitplanError

if TYPE_CHECKING:
    from fitplan.catalog import Catalog
    from fitplan.catalog.overlays import UsedFile

FLAG = "--no-user-catalog"
NoUserCatalogOption = Annotated[
    bool,
    typer.Option(
        FLAG,
        help="Leave out models.yaml in your configuration folder and FITPLAN_CATALOG: the same "
        "answer on every machine. Accepted anywhere in the line.",
    ),
]


def with_flag_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--no-user-catalog` before the command's name, wherever it stood."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if FLAG not in arguments[:end]:
        return list(arguments)
    return [FLAG, *(a for a in arguments[:end] if a != FLAG), *arguments[end:]]


def files_of(given: Sequence[Path], user_catalog: bool) -> "tuple[UsedFile, ...]":
    """The shipped catalog, and the files to lay over it, in that order."""
    from fitplan.catalog import reading
    from fitplan.catalog.overlays import UsedFile, overlays

    shipped = UsedFile(reading.shipped_path(), "shipped")
    if user_catalog:
        return (shipped, *overlays(os.environ, given))
    return (shipped, *(UsedFile(path, "option") for path in given))


def load(files: "Iterable[UsedFile]") -> "Catalog":
    """The files as one catalog; an error in one that the command doesn't name says who did."""
    from fitplan.catalog import reading

    listed = list(files)
    try:
        return reading.load(*(file.path for file in listed))
    except FitplanError as error:
        named = next((f for f in listed if error.message.startswith(f"{f.path}:")), None)
        if named is None or named.origin in ("shipped", "option"):
            raise
        who = {"user": "it is your own catalog", "environment": "FITPLAN_CATALOG names it"}
        hint = f"{error.hint}; {who[named.origin]}: {FLAG} leaves it out".removeprefix("; ")
        raise FitplanError(error.kind, error.message, hint) from None
