"""What a file on disk holds and what it becomes in a runtime."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fitplan import readers
from fitplan.accounting.residency import Outcome
from fitplan.accounting.runtime import Runtime
from fitplan.errors import FitplanError
from fitplan.readers import ModelFile


@dataclass(frozen=True, slots=True)
class InRuntime:
    """What one runtime makes of a file."""

    runtime: Runtime
    residency: Outcome


@dataclass(frozen=True, slots=True)
class Inspected:
    """One model that was read."""

    model: ModelFile
    in_runtimes: tuple[InRuntime, ...]

    @property
    def parameters(self) -> int | None:
        """Elements of the model itself; None when unknown."""
        return self.model.weights.parameters

    @property
    def bits_per_weight(self) -> float | None:
        """Bits of all tensors per parameter; None when there is none, or unknown."""
        parameters = self.parameters
        return self.model.tensor_bytes * 8 / parameters if parameters else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know about the file."""
        unknown = ("unknown architecture: no rules tell what a program makes of it",)
        return (*self.model.warnings, *(() if self.model.weights.family else unknown))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A path that could not be read, and why."""

    path: Path
    error: FitplanError


Inspection = Inspected | Unreadable


def inspect(paths: Iterable[Path], runtimes: Sequence[Runtime]) -> list[Inspection]:
    """Read every path by its headers; what can't be read doesn't stop the others."""
    found: list[Inspection] = []
    for path in paths:
        found += inspect_path(path, runtimes)
    return found


def inspect_path(path: Path, runtimes: Sequence[Runtime]) -> list[Inspection]:
    """The models at one path, or why it can't be read."""
    try:
        parts = readers.read_parts(path)
    except FitplanError as error:
        return [Unreadable(path, error)]
    return [
        Unreadable(path, part)
        if isinstance(part, FitplanError)
        else Inspected(part, tuple(_in_runtimes(part, runtimes)))
        for part in parts
    ]


def _in_runtimes(model: ModelFile, runtimes: Sequence[Runtime]) -> Iterable[InRuntime]:
    return (InRuntime(runtime, runtime.residency(model.weights)) for runtime in runtimes)
