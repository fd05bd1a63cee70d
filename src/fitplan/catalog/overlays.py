"""Which files make up the catalog: the shipped one, and what the user lays over it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fitplan.machine.paths import expanded

VARIABLE = "FITPLAN_CATALOG"
"""Names catalog files, separated as in PATH."""

Origin = Literal["shipped", "user", "environment", "option"]


@dataclass(frozen=True, slots=True)
class UsedFile:
    """One file of the catalog, and who named it."""

    path: Path
    origin: Origin

    @property
    def shown(self) -> str:
        """How to name it to people; the shipped one is installed with fitplan."""
        return self.path.name if self.origin == "shipped" else str(self.path)


def user_file() -> Path | None:
    """`models.yaml` in the user's configuration folder; None when there is none to read."""
    import platformdirs

    try:
        path = platformdirs.user_config_path("fitplan", appauthor=False) / "models.yaml"
        return path if os.path.lexists(path) else None
    except (OSError, RuntimeError, KeyError, ValueError):
        return None


def overlays(environment: Mapping[str, str], given: Sequence[Path]) -> tuple[UsedFile, ...]:
    """The files to lay over the shipped catalog, in that order: later ones win.

    The user's own first, then those that the environment names, then those of the command.
    Raises FitplanError (file) for `~user` without a home folder.
    """
    own = user_file()
    named = (part for part in environment.get(VARIABLE, "").split(os.pathsep) if part.strip())
    return (
        *([UsedFile(own, "user")] if own is not None else []),
        *(UsedFile(expanded(part, VARIABLE), "environment") for part in named),
        *(UsedFile(path, "option") for path in given),
    )
