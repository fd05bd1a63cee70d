"""Every model at the places that a scan found, each counted once."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fitplan.accounting.file_names import container_named
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.weights import Container
from fitplan.machine.paths import is_folder
from fitplan.machine.places import Found, Place, PlaceProblem
from fitplan.questions.inspect import Inspected, Unreadable, inspect_path

OnProgress = Callable[[int, int], None]
"""Called with the number of places done and their total."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One model on this machine."""

    place: Place
    inspected: Inspected

    @property
    def name(self) -> str:
        """What the program calls it and which part, or its file's name.

        A folder's name has that of its parent.
        """
        path = self.inspected.model.path
        if self.place.name:
            part = (
                path.relative_to(self.place.path) if path.is_relative_to(self.place.path) else "."
            )
            return (PurePosixPath(self.place.name) / part).as_posix()
        folder = self.inspected.model.weights.container is Container.FOLDER
        return f"{path.parent.name}/{path.name}" if folder else path.name


@dataclass(frozen=True, slots=True)
class Scan:
    """All models found, what could not be read, and how many places were the same files again."""

    models: tuple[Installed, ...]
    problems: tuple[PlaceProblem, ...]
    repeated: int
    external: int = 0
    """Models that a program lists and that run elsewhere: they have no file."""

    @property
    def file_bytes(self) -> int:
        """Bytes on disk of all models."""
        return sum(installed.inspected.model.weights.file_bytes for installed in self.models)


def scan(found: Found, runtimes: Sequence[Runtime], on_progress: OnProgress) -> Scan:
    """Read the headers at every place; other names of files already seen are passed over."""
    models: list[Installed] = []
    problems = list(found.problems)
    seen: set[tuple[int, int]] = set()
    repeated = 0
    for number, place in enumerate(found.places, 1):
        files = set(_identities(place.path))
        if files and files <= seen:
            repeated += 1
        else:
            seen |= files
            _read(place, runtimes, models, problems)
        on_progress(number, len(found.places))
    return Scan(tuple(models), tuple(problems), repeated, found.external)


def _read(
    place: Place, runtimes: Sequence[Runtime], models: list[Installed], problems: list[PlaceProblem]
) -> None:
    for item in inspect_path(place.path, runtimes):
        if isinstance(item, Unreadable):
            problems.append(PlaceProblem(item.path, item.error.message))
        else:
            models.append(Installed(place, item))


def _identities(path: Path) -> Iterator[tuple[int, int]]:
    """Device and inode of the weight files at `path`: what makes two names one file."""
    for file in _weight_files(path):
        try:
            state = file.stat()
        except OSError:
            continue
        yield state.st_dev, state.st_ino


def _weight_files(path: Path) -> Iterable[Path]:
    if not is_folder(path):
        return [path]
    try:
        below = [path, *(Path(entry) for entry in os.scandir(path) if entry.is_dir())]
        return [
            file
            for folder in below
            for file in folder.iterdir()
            if container_named(file.name) is Container.SAFETENSORS
        ]
    except OSError:
        return []
