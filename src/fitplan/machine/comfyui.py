"""ComfyUI: its models folder, its extra_model_paths.yaml, and the file of its Desktop app.

Folders and keys as of ComfyUI 0.33.0 (`folder_paths.py`); the GGUF nodes add .gguf over the same
folders. ComfyUI itself reads no environment variable that moves them.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fitplan.machine import extra_paths
from fitplan.machine.extra_paths import KINDS
from fitplan.machine.paths import is_folder, trouble
from fitplan.machine.places import Found, PlaceProblem

EXTRA = "extra_model_paths.yaml"
DESKTOP = "extra_models_config.yaml"
_MISNAMED = ("extra_model_paths.yml", f"{EXTRA}.txt", f"{EXTRA}.yaml")


def find(root: Path, extra: Sequence[Path] = ()) -> Found:
    """The models ComfyUI at `root` would list, those of its extra paths and of `extra` included."""
    if (reason := trouble(root)) is not None:
        found = Found(problems=(PlaceProblem(root, f"no ComfyUI here: {reason}; name its folder"),))
    elif not is_folder(root):
        found = Found(problems=(PlaceProblem(root, "not a folder; name ComfyUI's folder"),))
    else:
        found = _root(_inner(root))
    return found + sum((extra_paths.find(path) for path in extra), Found())


def _inner(root: Path) -> Path:
    """The folder with ComfyUI itself: the portable version has it one folder further down."""
    below = root / "ComfyUI"
    return below if is_folder(below / "models") and not is_folder(root / "models") else root


def _root(root: Path) -> Found:
    found = extra_paths.models_folder(root / "models")
    for name in (EXTRA, DESKTOP):
        if os.path.lexists(root / name):
            found += extra_paths.find(root / name)
    if not os.path.lexists(root / EXTRA):
        found += Found(
            problems=tuple(
                PlaceProblem(root / name, f"ComfyUI reads {EXTRA} only; rename it")
                for name in _MISNAMED
                if os.path.lexists(root / name)
            )
        )
    kinds = ", ".join(KINDS)
    return found.or_problem(root, f"no model files in models/ ({kinds}) and no {EXTRA}")


def desktop_files(environment: Mapping[str, str], home: Path | None) -> tuple[Path, ...]:
    """The settings of ComfyUI Desktop on this machine, where its app keeps them on each system."""
    named = [environment.get(name) for name in ("APPDATA", "XDG_CONFIG_HOME")]
    below = [home / "Library" / "Application Support", home / ".config"] if home else []
    folders = [*(Path(folder) for folder in named if folder), *below]
    files = dict.fromkeys(folder / "ComfyUI" / DESKTOP for folder in folders)
    return tuple(path for path in files if os.path.lexists(path))
