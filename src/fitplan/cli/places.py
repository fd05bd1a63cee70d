"""Options that say where installed models lie."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import FitplanError, file_error, usage_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fitplan.accounting.runtime import Runtime
    from fitplan.catalog import Catalog
    from fitplan.machine.places import Found
    from fitplan.planning.candidates import Candidates
    from fitplan.planning.installed import Shortfall
    from fitplan.questions.scan import Scan

_USUAL = ":usual:"
DEFAULT_ROOT = Path(_USUAL)
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
    Path | None,
    typer.Option("--comfyui", metavar="[ROOT]", help="ComfyUI's models. [~/ComfyUI, Desktop]"),
]
ExtraPathsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--extra-model-paths",
        metavar="FILE",
        help="The folders that a ComfyUI extra_model_paths.yaml names; repeatable.",
    ),
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
    extra_model_paths: tuple[Path, ...] = ()

    def scan(self, runtimes: "Sequence[Runtime]") -> "Scan":
        """Read every model there, with a progress bar on a terminal."""
        from fitplan.cli.progress import progress_bar
        from fitplan.questions.scan import scan

        with progress_bar("reading headers") as on_progress:
            return scan(self._find(), runtimes, on_progress)

    def _find(self) -> "Found":
        from fitplan.machine import comfyui, extra_paths, folders, invokeai
        from fitplan.machine.places import Found

        if self == Places():
            return _usual()
        named = (folders.find(path).or_problem(path, folders.EMPTY) for path in self.folders)
        found = sum(named, Found())
        if self.invokeai is not None:
            root = _invokeai_root() if self.invokeai == DEFAULT_ROOT else self.invokeai
            found += invokeai.find(root, os.environ)
        if self.comfyui == DEFAULT_ROOT:
            found += _own_comfyui() or comfyui.find(_home() / "ComfyUI")
        elif self.comfyui is not None:
            found += comfyui.find(self.comfyui)
        found += sum((extra_paths.find(path) for path in self.extra_model_paths), Found())
        return found + _cache() if self.hf_cache else found


def _home() -> Path:
    from fitplan.machine.paths import home

    found = home()
    if found is None:
        raise file_error("there is no home folder", "name the folder that you mean")
    return found


def _invokeai_root() -> Path:
    from fitplan.machine import invokeai

    return invokeai.root_folder(os.environ, None) or _home() / "invokeai"


def _cache_folder() -> Path:
    from fitplan.machine import hf_cache

    return hf_cache.cache_folder(os.environ, None) or hf_cache.cache_in(_home())


def _cache() -> "Found":
    from fitplan.machine import hf_cache

    return hf_cache.find(_cache_folder())


def _own_invokeai() -> "Found | None":
    """The models of this user's InvokeAI; None when there is none."""
    from fitplan.machine import invokeai
    from fitplan.machine.paths import is_folder

    root = _invokeai_root()
    there = is_folder(root) or "INVOKEAI_ROOT" in os.environ
    return invokeai.find(root, os.environ) if there else None


def _own_comfyui() -> "Found | None":
    """The models of this user's ComfyUI and of its Desktop app; None when there is neither."""
    from fitplan.machine import comfyui, extra_paths
    from fitplan.machine.paths import home, is_folder

    folder = home()
    found = [extra_paths.find(path) for path in comfyui.desktop_files(os.environ, folder)]
    if folder and is_folder(folder / "ComfyUI"):
        found.insert(0, comfyui.find(folder / "ComfyUI"))
    return sum(found[1:], found[0]) if found else None


def _own_cache() -> "Found | None":
    """The models of this user's Hugging Face cache; None when there is none."""
    from fitplan.machine.paths import is_folder

    return _cache() if is_folder(_cache_folder()) else None


def _usual() -> "Found":
    """What the usual places hold, those that can't be read as problems; usage error without any."""
    from fitplan.machine.places import Found

    found = [_guarded(find) for find in (_own_invokeai, _own_comfyui, _own_cache)]
    there = [one for one in found if one is not None]
    if not there:
        hint = "name folders, or give --invokeai ROOT, --comfyui ROOT or --hf-cache"
        raise usage_error("no InvokeAI, ComfyUI or Hugging Face cache in the usual places", hint)
    return sum(there, Found())


def _guarded(find: "Callable[[], Found | None]") -> "Found | None":
    """What `find` finds; one place that can't be read hides no other."""
    from fitplan.machine.places import Found, PlaceProblem

    try:
        return find()
    except FitplanError as error:
        path, _, message = error.message.partition(": ")
        return Found(problems=(PlaceProblem(Path(path), message or error.message),))


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


def with_default_roots(arguments: list[str]) -> list[str]:
    """`arguments` with an empty value after each option whose root was left out."""
    following = [*arguments[1:], "-"]
    return [
        f"{given}={_USUAL}" if given in OPTIONAL_ROOTS and next_one.startswith("-") else given
        for given, next_one in zip(arguments, following, strict=False)
    ]
