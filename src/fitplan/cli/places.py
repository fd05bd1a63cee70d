"""Options that say where installed models lie."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitplan.accounting.runtime import Runtime
    from fitplan.catalog import Catalog
    from fitplan.machine.places import Found
    from fitplan.planning.candidates import Candidates
    from fitplan.planning.installed import Shortfall
    from fitplan.questions.scan import Scan

DEFAULT_ROOT = Path()
"""Stands for "where that program usually is"."""

OPTIONAL_ROOTS = ("--invokeai", "--comfyui")
"""Options whose value may be left out."""

InvokeAIOption = Annotated[
    Path | None,
    typer.Option(
        "--invokeai", metavar="[ROOT]", help="InvokeAI's models. [$INVOKEAI_ROOT or ~/invokeai]"
    ),
]
ComfyUIOption = Annotated[
    Path | None, typer.Option("--comfyui", metavar="[ROOT]", help="ComfyUI's models. [~/ComfyUI]")
]
InstalledOption = Annotated[
    bool,
    typer.Option(
        "--installed", help="Plan with the files on this machine only, by their own headers."
    ),
]
FileOption = Annotated[
    list[Path] | None,
    typer.Option("--file", metavar="PATH", help="Plan with this file too; repeatable."),
]
FolderOption = Annotated[
    list[Path] | None,
    typer.Option("--folder", metavar="PATH", help="With --installed: look here; repeatable."),
]
HfCacheOption = Annotated[bool, typer.Option("--hf-cache", help="The Hugging Face cache.")]


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look for models."""

    folders: tuple[Path, ...] = ()
    invokeai: Path | None = None
    comfyui: Path | None = None
    hf_cache: bool = False

    def scan(self, runtimes: "Sequence[Runtime]") -> "Scan":
        """Read every model there, with a progress bar on a terminal."""
        from fitplan.cli.progress import progress_bar
        from fitplan.questions.scan import scan

        with progress_bar("reading headers") as on_progress:
            return scan(self._find(), runtimes, on_progress)

    def _find(self) -> "Found":
        from fitplan.machine import comfyui, folders, hf_cache, invokeai
        from fitplan.machine.places import Found

        home = Path("~").expanduser()
        named = self if self != Places() else _usual(home)
        found = sum((folders.find(path) for path in named.folders), Found())
        if named.invokeai is not None:
            usual = invokeai.root_folder(os.environ, home)
            found += invokeai.find(usual if named.invokeai == DEFAULT_ROOT else named.invokeai)
        if named.comfyui is not None:
            found += comfyui.find(
                home / "ComfyUI" if named.comfyui == DEFAULT_ROOT else named.comfyui
            )
        if named.hf_cache:
            found += hf_cache.find(hf_cache.cache_folder(os.environ, home))
        return found


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """The user's own files to plan with: those of a scan only, or some beside the catalog's."""

    installed: bool = False
    files: tuple[Path, ...] = ()
    places: Places = Places()

    def candidates(self, shipped: "Candidates") -> "tuple[Candidates, Shortfall]":
        """The files to plan with, and what keeps those of this machine from being planned."""
        from fitplan.planning.candidates import Candidates
        from fitplan.planning.installed import Shortfall

        chosen, shortfall = shipped, Shortfall()
        if self.installed or self.places != Places():
            chosen, shortfall = _only_installed(shipped, self.places)
        if self.files:
            chosen = Candidates(_with_files(chosen.catalog, self.files), chosen.runtime)
        return chosen, shortfall


def _only_installed(shipped: "Candidates", places: Places) -> "tuple[Candidates, Shortfall]":
    from fitplan.planning.candidates import Candidates
    from fitplan.planning.installed import shortfall
    from fitplan.planning.matching import match

    found = places.scan([])
    models = ((item.name, item.inspected.model) for item in found.models)
    matched = match(shipped.catalog, models)
    here = Candidates(shipped.catalog.with_only(matched.files), shipped.runtime)
    return here, shortfall(here, matched, found.problems)


def _with_files(catalog: "Catalog", paths: tuple[Path, ...]) -> "Catalog":
    from fitplan import readers
    from fitplan.planning.matching import match

    models = [(path.name, model) for path in paths for model in readers.read(path)]
    for name, model in models:
        if strange := model.weights.unknown_packing:
            hint = "what no known quantization explains has no size and no error to plan with"
            raise usage_error(f"{name} ({model.described}): {strange.reason}", hint)
    matched = match(catalog, models)
    for unused in matched.unused:
        what = f"{unused.name} ({unused.model.described})"
        hint = "fitplan inspect shows what it is; a catalog of your own can name it"
        raise usage_error(f"{what} belongs to no model known: {unused.reason}", hint)
    return catalog.with_also(matched.files)


def _usual(home: Path) -> Places:
    """Every usual place that exists; usage error when none does."""
    from fitplan.machine import hf_cache, invokeai

    has_invokeai = invokeai.root_folder(os.environ, home).is_dir()
    has_comfyui = (home / "ComfyUI").is_dir()
    has_cache = hf_cache.cache_folder(os.environ, home).is_dir()
    if not (has_invokeai or has_comfyui or has_cache):
        hint = "name folders, or give --invokeai ROOT, --comfyui ROOT or --hf-cache"
        raise usage_error("no InvokeAI, ComfyUI or Hugging Face cache in the usual places", hint)
    return Places(
        invokeai=DEFAULT_ROOT if has_invokeai else None,
        comfyui=DEFAULT_ROOT if has_comfyui else None,
        hf_cache=has_cache,
    )


def with_default_roots(arguments: list[str]) -> list[str]:
    """`arguments` with an empty value after each option whose root was left out."""
    following = [*arguments[1:], "-"]
    return [
        f"{given}=." if given in OPTIONAL_ROOTS and next_one.startswith("-") else given
        for given, next_one in zip(arguments, following, strict=False)
    ]
