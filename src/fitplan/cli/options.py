"""Options that several commands share, and what they mean."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.output import Format
from fitplan.errors import usage_error

if TYPE_CHECKING:
    from fitplan.accounting.runtime import Runtime
    from fitplan.catalog import Catalog
    from fitplan.catalog.overlays import UsedFile
    from fitplan.planning.candidates import Candidates

CatalogOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog",
        metavar="FILE",
        help="Catalog file that extends or overrides the shipped one by id; repeatable. "
        "--no-user-catalog leaves out your own.",
    ),
]
RuntimeOption = Annotated[
    str | None,
    typer.Option(
        "--runtime",
        metavar="NAME[@VERSION]",
        help="Program that loads the files: invokeai, comfyui, sd.cpp or diffusers; without a "
        "version, its newest known rules. [invokeai]",
    ),
]
ModeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mode",
        metavar="WORD",
        help="How the program runs; repeatable. comfyui: dynamic, legacy. sd.cpp: resident, disk, "
        "mmap, diffusion-fa, vae-tiling, size=1024|512|256. diffusers: bfloat16, float16, float32, "
        "dtype=none, int8, nf4, offload=model. [the first of each]",
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
    modes: tuple[str, ...] = ()
    """How the runtime runs, in its own words."""
    user_catalog: bool = True
    """Whether the user's own catalog files count, those that no option names."""

    def over(self, outer: "Common") -> "Common":
        """These options, and `outer`'s where these say nothing."""
        loading = outer.partial_loading if self.partial_loading is None else self.partial_loading
        return Common(
            (*outer.catalogs, *self.catalogs),
            self.runtime_spec or outer.runtime_spec,
            loading,
            self.format or outer.format,
            (*outer.modes, *self.modes),
            outer.user_catalog and self.user_catalog,
        )

    def expect_table_or_json(self, command: str) -> None:
        """Usage error for a format that `command` doesn't have."""
        if self.output not in (Format.TABLE, Format.JSON):
            raise usage_error(f"{command} has no format {self.output}", "use table or json")

    @property
    def output(self) -> Format:
        """The format to answer in."""
        return self.format or Format.TABLE

    def catalog(self) -> "Catalog":
        """The shipped catalog with the user's files laid over it."""
        from fitplan.cli import overlays

        return overlays.load(self.catalog_files())

    def catalog_files(self) -> "tuple[UsedFile, ...]":
        """The files that make up the catalog, in the order in which later ones win."""
        from fitplan.cli import overlays

        return overlays.files_of(self.catalogs, self.user_catalog)

    def runtime(self, spec: str | None = None) -> "Runtime":
        """The runtime asked for; or, for an observation, the one that `spec` names."""
        from fitplan import runtimes

        wanted = spec or self.runtime_spec or runtimes.DEFAULT
        modes = () if spec else self.modes
        return runtimes.find(wanted, modes, partial_loading=self.partial_loading is not False)

    def candidates(self) -> "Candidates":
        """The catalog as the runtime asked for loads it."""
        from fitplan.planning.candidates import Candidates

        return Candidates(self.catalog(), self.runtime())

    def runtimes(self) -> "tuple[Runtime, ...]":
        """The runtime asked for, and every other program in its default modes."""
        from fitplan import runtimes

        asked = self.runtime()
        return (asked, *(other for other in runtimes.newest() if other.name != asked.name))


def common(
    catalogs: list[Path] | None,
    runtime: str | None,
    partial_loading: bool | None,
    format: Format | None,
    json: bool,
    mode: list[str] | None = None,
    no_user_catalog: bool = False,
) -> Common:
    """Shared options from their raw values; `--json` wins over `--format`."""
    chosen = Format.JSON if json else format
    modes = tuple(mode or ())
    given = tuple(catalogs or ())
    return Common(given, runtime, partial_loading, chosen, modes, not no_user_catalog)
