"""The Hugging Face cache: models in the snapshots of repositories, blobs shared by links."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fitplan.machine import folders
from fitplan.machine.places import Found, Problem


def cache_folder(environment: Mapping[str, str], home: Path) -> Path:
    """huggingface_hub's cache: HF_HUB_CACHE, else HF_HOME/hub, else under the home folder."""
    if named := environment.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    base = environment.get("HF_HOME") or os.path.join(  # noqa: PTH118
        environment.get("XDG_CACHE_HOME") or home / ".cache", "huggingface"
    )
    return Path(base).expanduser() / "hub"


def find(cache: Path) -> Found:
    """The models of every snapshot, each called after its repository."""
    if not cache.is_dir():
        return Found(problems=(Problem(cache, "there is no Hugging Face cache here"),))
    found = Found()
    for repository in sorted(cache.glob("models--*")):
        below = folders.find(repository / "snapshots", "hf-cache")
        name = repository.name.removeprefix("models--").replace("--", "/")
        named = tuple(replace(place, name=f"{name}/{place.path.name}") for place in below.places)
        found += Found(named, below.problems)
    return found
