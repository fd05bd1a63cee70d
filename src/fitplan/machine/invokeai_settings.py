"""InvokeAI's settings: invokeai.yaml, and the environment variables that count before it.

As InvokeAI 6.14 reads them (`config_default.py`): INVOKEAI_ and the setting's name in any case,
unless empty; folders relative to the root, with `~` a name like any other.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fitplan.errors import FitplanError
from fitplan.machine import safe_yaml
from fitplan.machine.paths import home
from fitplan.machine.places import PlaceProblem
from fitplan.machine.small_file import read_small

FILE = "invokeai.yaml"
PREFIX = "invokeai_"
_MAX_BYTES = 2**20
_OLD = "InvokeAI"
"""Version 3 kept all settings below this key, by category."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the InvokeAI at `root`."""

    root: Path
    values: Mapping[str, Any]
    """From the file; what YAML makes of them."""
    variables: Mapping[str, str]
    """From the environment, by name in lower case."""
    problems: tuple[PlaceProblem, ...] = ()

    def text(self, key: str) -> str | None:
        """A setting that is text; None when it isn't set, or is something else."""
        value = self.variables.get(f"{PREFIX}{key}") or self.values.get(key)
        return value if isinstance(value, str) and value else None

    def folder(self, key: str, default: str) -> Path:
        """A folder's setting. InvokeAI takes `~` for a name; where that isn't there, it is home."""
        written = self.text(key) or default
        path = self.root / written
        if written.startswith("~") and not os.path.lexists(path):
            return _expanded(written) or path
        return path


def _expanded(text: str) -> Path | None:
    path = os.path.expanduser(text)  # noqa: PTH111
    return Path(path) if home() is not None and os.path.isdir(path) else None  # noqa: PTH112


def read_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Its settings; a file that can't be read is a problem, and none at all is not."""
    variables = {name.casefold(): value for name, value in environment.items()}
    path = root / FILE
    if not os.path.lexists(path):
        return Settings(root, {}, variables)
    try:
        data = safe_yaml.load(read_small(path, _MAX_BYTES, "").decode("utf-8-sig"))
    except FitplanError as error:
        return _without(root, variables, error.message.removeprefix(f"{path}: "))
    except UnicodeDecodeError:
        return _without(root, variables, "not UTF-8 text")
    except yaml.YAMLError as error:
        place, message = safe_yaml.explain(error)
        where = f"line {place[0]}: " if place else ""
        return _without(root, variables, f"{where}invalid YAML: {message}")
    if not isinstance(data, dict):
        return _without(root, variables, "not a list of settings")
    return Settings(root, _flat(data), variables, _untold(path, data))


def _without(root: Path, variables: Mapping[str, str], message: str) -> Settings:
    problem = PlaceProblem(root / FILE, f"{message}; its settings are not used")
    return Settings(root, {}, variables, (problem,))


def _flat(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Settings by name, those of version 3 lifted out of their categories."""
    old = data.get(_OLD)
    categories = old.values() if isinstance(old, dict) else ()
    lifted = {k: v for group in categories if isinstance(group, dict) for k, v in group.items()}
    return {str(key): value for key, value in {**lifted, **data}.items() if isinstance(key, str)}


def _untold(path: Path, data: Mapping[Any, Any]) -> tuple[PlaceProblem, ...]:
    """Folders that are set to something that is not a folder's name."""
    wrong = [
        key
        for key in ("models_dir", "db_dir")
        if data.get(key) is not None and not isinstance(data.get(key), str)
    ]
    return tuple(
        PlaceProblem(path, f"{key} is not text; the usual folder is used") for key in wrong
    )
