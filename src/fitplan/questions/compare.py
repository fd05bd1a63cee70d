"""One pair in several runtimes, side by side: what each needs, and what makes it fit."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog, Pipeline
from fitplan.planning.candidates import Called, Candidates, FindRuntime, NotLoadableError
from fitplan.questions.explain import Explanation, explain
from fitplan.units import GIB

_STEP = GIB // 100


@dataclass(frozen=True, slots=True)
class Way:
    """How a user makes a program hold the pair."""

    runtime: Runtime
    """The program in the modes it takes."""
    needed_bytes: int
    write: str
    """The setting or command line."""
    source: str


@dataclass(frozen=True, slots=True)
class Column:
    """The pair in one runtime, in the modes that were asked for."""

    runtime: Runtime
    explanation: Explanation | None
    """None: the runtime can't load it, or no rule tells."""
    reason: str = ""
    """Why it can't, or what no rule tells."""
    refused: bool = False
    """Whether it is known that the runtime can't load it."""
    needed_bytes: int = 0
    """What the fit test asks of the RAM (or, without a size of it, asks at least)."""
    fits: bool | None = None
    """None: the amount of RAM is unknown."""
    way: Way | None = None
    """None: no known mode makes it fit."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pair in all runtimes."""

    pipeline_id: str
    pipeline: Pipeline
    denoiser: str
    encoder: str
    ram: int | None
    columns: tuple[Column, ...]
    named: tuple[Called, ...] = ()
    """The files that the two names mean, in every program the same; () where none loads them."""

    @property
    def fits_somewhere(self) -> bool:
        """Whether some program can hold the pair, in these or other modes."""
        return any(column.way is not None for column in self.columns)


def compare(
    catalog: Catalog,
    pipeline_id: str,
    denoiser: str,
    encoder: str,
    runtimes: Sequence[Runtime],
    find_runtime: FindRuntime,
    ram: int | None,
) -> Comparison:
    """The pair in each of `runtimes`, whose users control `ram` bytes (None: not said).

    Of several publishers' files the cheapest in the first program that loads one is compared in
    all of them. Raises FitplanError (unknown-name) when a name fits no file.
    """
    pipeline = catalog.file.pipelines[pipeline_id]
    inside = [Candidates(catalog, runtime) for runtime in runtimes]
    first, second = (
        _named(inside, id, name)
        for id, name in zip(pipeline.pair, (denoiser, encoder), strict=True)
    )
    pair = (first.full_name if first else denoiser, second.full_name if second else encoder)

    def explained(runtime: Runtime) -> Explanation:
        return explain(Candidates(catalog, runtime), pipeline_id, *pair, find_runtime)

    columns = tuple(_column(runtime, explained, ram) for runtime in runtimes)
    known = tuple(found for found in (first, second) if found)
    return Comparison(pipeline_id, pipeline, denoiser, encoder, ram, columns, known)


def _named(inside: Iterable[Candidates], component_id: str, name: str) -> Called | None:
    """The file that `name` means; None when no program loads it."""
    for candidates in inside:
        with suppress(NotLoadableError):
            return candidates.meant(component_id, name)
    return None


def _column(
    runtime: Runtime, explained: Callable[[Runtime], Explanation], ram: int | None
) -> Column:
    try:
        found = explained(runtime)
    except NotLoadableError as error:
        return Column(runtime, None, error.message, error.refused)
    needed = found.needed_bytes(ram or 0)
    fits = None if ram is None else needed <= ram
    if fits is not False:
        return Column(runtime, found, needed_bytes=needed, fits=fits, way=_way(found, ram))
    way = _cheaper_way(runtime, explained, ram or 0)
    return Column(runtime, found, needed_bytes=needed, fits=fits, way=way)


def _cheaper_way(
    runtime: Runtime, explained: Callable[[Runtime], Explanation], ram: int
) -> Way | None:
    found = (explained(other) for other in runtime.cheaper)
    return next((_way(other, ram) for other in found if other.needed_bytes(ram) <= ram), None)


def _way(found: Explanation, ram: int | None) -> Way:
    """What to write: the limit that just holds the pair, or what the RAM there is asks for."""
    runtime, needed = found.runtime, found.needed_bytes(ram or 0)
    enough = -(-needed // _STEP) * _STEP
    limit = enough if runtime.budget_setting or ram is None else ram
    return Way(runtime, needed, runtime.settings(limit), runtime.source)
