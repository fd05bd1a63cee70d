"""The Hugging Face cache: models in the snapshots of repositories, blobs shared by links."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fitplan.machine import folders
from fitplan.machine.paths import expanded, trouble
from fitplan.machine.places import Found, Place, PlaceProblem

_VARIABLES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
_REVISION = 8
"""Digits of a commit that tell two snapshots apart."""


def cache_folder(environment: Mapping[str, str], home: Path | None) -> Path | None:
    """huggingface_hub's cache: HF_HUB_CACHE, its old name, HF_HOME/hub, else in the home folder.

    None: there is no home folder. Raises FitplanError (file) for `~user` without a home.
    """
    for variable in _VARIABLES:
        if named := environment.get(variable):
            return _named(variable, named)
    if named := environment.get("HF_HOME"):
        return _named("HF_HOME", named) / "hub"
    if named := environment.get("XDG_CACHE_HOME"):
        return _named("XDG_CACHE_HOME", named) / "huggingface" / "hub"
    return cache_in(home) if home else None


def cache_in(home: Path) -> Path:
    """The cache when no variable names one."""
    return home / ".cache" / "huggingface" / "hub"


def _named(variable: str, text: str) -> Path:
    return expanded(os.path.expandvars(text), variable)


def find(cache: Path) -> Found:
    """The models of every snapshot, each called after its repository and its place in there."""
    try:
        repositories = sorted(path for path in cache.iterdir() if path.match("models--*"))
    except (OSError, ValueError):
        reason = trouble(cache) or "can't be opened"
        return Found(problems=(PlaceProblem(cache, f"no Hugging Face cache here: {reason}"),))
    return sum((_repository(path) for path in repositories), Found())


def _repository(folder: Path) -> Found:
    snapshots = folder / "snapshots"
    if trouble(snapshots) is not None:
        return Found(problems=(PlaceProblem(folder, "no snapshot: the download is not complete"),))
    below = folders.find(snapshots, "hf-cache")
    name = folder.name.removeprefix("models--").replace("--", "/")
    return replace(below, places=_with_names(name, snapshots, below.places))


def _with_names(repository: str, snapshots: Path, places: tuple[Place, ...]) -> tuple[Place, ...]:
    """`places` called OWNER/REPO/PATH, with the revision where files of a name differ."""
    inside = [place.path.relative_to(snapshots).parts for place in places]
    versions: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for place, parts in zip(places, inside, strict=True):
        versions[parts[1:]].add(os.path.realpath(place.path))
    return tuple(
        replace(place, name=_name(repository, parts, many=len(versions[parts[1:]]) > 1))
        for place, parts in zip(places, inside, strict=True)
    )


def _name(repository: str, parts: tuple[str, ...], *, many: bool) -> str:
    revision = f"@{parts[0][:_REVISION]}" if many and parts else ""
    return "/".join((f"{repository}{revision}", *parts[1:]))
