"""Options that several commands share, and what they mean."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.output import Format

if TYPE_CHECKING:
    from fitplan.catalog import Catalog
    from fitplan.residency import Runtime

CatalogOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog",
        metavar="FILE",
        help="Catalog file that extends or overrides the shipped one by id; repeatable.",
    ),
]
RuntimeOption = Annotated[
    str | None,
    typer.Option(
        "--runtime",
        metavar="NAME[@VERSION]",
        help="Program that loads the files; without a version, its newest known rules. [invokeai]",
    ),
]
PartialLoadingOption = Annotated[
    bool | None,
    typer.Option(
        "--partial-loading/--no-partial-loading",
        help="InvokeAI's enable_partial_loading: decides how its cache counts. [on]",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="How to write the answer. [table]", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]


@dataclass(frozen=True, slots=True)
class Common:
    """The shared options as given before or after a command's name."""

    catalogs: tuple[Path, ...] = ()
    runtime_spec: str | None = None
    partial_loading: bool | None = None
    format: Format | None = None

    def over(self, outer: "Common") -> "Common":
        """These options, and `outer`'s where these say nothing."""
        loading = outer.partial_loading if self.partial_loading is None else self.partial_loading
        return Common(
            (*outer.catalogs, *self.catalogs),
            self.runtime_spec or outer.runtime_spec,
            loading,
            self.format or outer.format,
        )

    @property
    def output(self) -> Format:
        """The format to answer in."""
        return self.format or Format.TABLE

    def catalog(self) -> "Catalog":
        """The shipped catalog with the user's files laid over it."""
        from fitplan.catalog import reading

        return reading.load(reading.shipped_path(), *self.catalogs)

    def runtime(self, spec: str | None = None) -> "Runtime":
        """The runtime asked for; or, for an observation, the one that `spec` names."""
        from fitplan import runtimes

        wanted = spec or self.runtime_spec or runtimes.DEFAULT
        return runtimes.find(wanted, partial_loading=self.partial_loading is not False)


def common(
    catalogs: list[Path] | None,
    runtime: str | None,
    partial_loading: bool | None,
    format: Format | None,
    json: bool,
) -> Common:
    """Shared options from their raw values; `--json` wins over `--format`."""
    chosen = Format.JSON if json else format
    return Common(tuple(catalogs or ()), runtime, partial_loading, chosen)
