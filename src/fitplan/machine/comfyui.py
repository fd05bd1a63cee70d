"""ComfyUI: its models folder and extra_model_paths.yaml.

Folders and keys as of ComfyUI 0.33.0 (`folder_paths.py`, `utils/extra_config.py`); the GGUF nodes
add .gguf over the same folders.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fitplan.machine import folders
from fitplan.machine.places import Found, Problem

FOLDERS = ("checkpoints", "diffusion_models", "unet", "text_encoders", "clip", "vae")
"""Folders of denoisers, encoders, VAEs and checkpoints; `unet` and `clip` are old names."""

_EXTRA = "extra_model_paths.yaml"
_MAX_BYTES = 2**20


def find(root: Path) -> Found:
    """The models ComfyUI at `root` would list, those of its extra paths included."""
    if not root.is_dir():
        return Found(problems=(Problem(root, "there is no ComfyUI here; name its folder"),))
    found = _in([root / "models" / name for name in FOLDERS])
    extra = root / _EXTRA
    return found + _extra(extra) if extra.is_file() else found


def _in(paths: list[Path]) -> Found:
    found = Found()
    for path in paths:
        if path.is_dir():
            found += folders.find(path, "comfyui")
    return found


def _extra(path: Path) -> Found:
    try:
        data = yaml.safe_load(path.read_bytes()[:_MAX_BYTES])
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        line = str(error).splitlines()[0]
        return Found(problems=(Problem(path, f"can't be read: {line}"),))
    if not isinstance(data, dict):
        return Found()
    found = Found()
    for section in data.values():
        if isinstance(section, dict):
            found += _in(list(_section(section, path.parent)))
    return found


def _section(section: dict[Any, Any], beside: Path) -> Iterator[Path]:
    """The folders of one section: relative to its base_path, that to the file itself."""
    base = beside / _expanded(str(section.get("base_path") or ""))
    for key, value in section.items():
        if key in FOLDERS and isinstance(value, str):
            for line in value.splitlines():
                if line.strip():
                    yield base / _expanded(line.strip())


def _expanded(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()
