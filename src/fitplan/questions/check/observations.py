"""Rules on measurements: usage against the prediction, times against the card."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import isfinite

from fitplan import runtimes
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Benchmark, Observation
from fitplan.catalog.problems import Loc
from fitplan.errors import FitplanError
from fitplan.planning.candidates import Candidates
from fitplan.questions.check.implausible import implausible_benchmarks
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Subject
from fitplan.timing.model import implied_share_of_peak
from fitplan.timing.operations import Size, operations
from fitplan.timing.reading import timing_data
from fitplan.units import GIB

LIMIT = GIB // 50
"""0.02 GiB: the rounding of two printed decimals, and what no file stores."""
IDLE_SHARE = 0.05
"""A resident model that uses less of its card than this was measured or copied wrongly."""


@dataclass(frozen=True, slots=True)
class Residual:
    """One observation beside the prediction for the runtime it was made with."""

    loc: Loc
    seen: Observation
    predicted_bytes: int

    @property
    def residual_bytes(self) -> int:
        """Predicted minus observed."""
        return self.predicted_bytes - round(self.seen.cache_gib * GIB)


def residuals(subject: Subject) -> Iterator[Residual]:
    """Every observation whose files and runtime are known, with what is predicted for it."""
    for i, seen in enumerate(subject.file.observations):
        wanted = seen.cache_gib * GIB
        sizes = _predictions(subject, seen) if isfinite(wanted) else []
        if sizes:
            nearest = min(sizes, key=lambda size: abs(size - wanted))
            yield Residual(("observations", i), seen, nearest)


def _predictions(subject: Subject, seen: Observation) -> list[int]:
    """Cache bytes of each set of files that the observation's names fit."""
    runtime = _runtime(seen.runtime)
    if runtime is None:
        return []
    candidates = Candidates(subject.catalog, runtime)
    others = candidates.others(seen.pipeline)
    if others is None:
        return []
    pair = [
        [choice for choice in candidates.of(id) if choice.file.is_called(name)]
        for id, name in zip(
            subject.known.pipelines[seen.pipeline].pair, (seen.denoiser, seen.encoder), strict=True
        )
    ]
    return [
        sum(choice.residency.cache_bytes for choice in (denoiser, encoder, *others))
        for denoiser, encoder in product(*pair)
    ]


@cache
def _runtime(spec: str) -> Runtime | None:
    try:
        return runtimes.find(spec)
    except FitplanError:
        return None


def strange_observations(subject: Subject) -> Iterator[Hit]:
    """Measured usage that differs from the prediction."""
    for found in residuals(subject):
        if abs(found.residual_bytes) > LIMIT:
            seen, predicted = found.seen, found.predicted_bytes / GIB
            message = (
                f"{seen.cache_gib:.2f} GiB observed, {predicted:.2f} GiB predicted for "
                f"{seen.runtime}: {found.residual_bytes / GIB:+.2f} GiB"
            )
            yield (*found.loc, "cache_gib"), message, "check the figure, the files and the version"


def unknown_cards(subject: Subject) -> Iterator[Hit]:
    """Benchmarks on a card that the table of cards does not have."""
    yield from (hit for hit in _implausible(subject) if hit[0][-1] == "gpu")


def over_peak(subject: Subject) -> Iterator[Hit]:
    """Benchmarks that imply more than their card can compute."""
    yield from (hit for hit in _implausible(subject) if hit[0][-1] != "gpu")


def _implausible(subject: Subject) -> Iterator[Hit]:
    yield from implausible_benchmarks(subject.file, subject.known, timing_data())


def idle_cards(subject: Subject) -> Iterator[Hit]:
    """Benchmarks that imply next to nothing of what their card can compute."""
    for i, timed in enumerate(subject.file.benchmarks):
        share = _share(subject, timed)
        if share is not None and share < IDLE_SHARE:
            message = f"{timed.stated_seconds:g} s is {share:.1%} of what {timed.gpu} can compute"
            yield ("benchmarks", i), message, "check seconds and steps at the source"


def _share(subject: Subject, timed: Benchmark) -> float | None:
    data = timing_data()
    denoiser = subject.known.pipelines[timed.model].denoiser
    dimensions = data.dimensions.get(subject.known.components[denoiser].architecture)
    gpu = next((gpu for gpu in data.gpus if gpu.name == timed.gpu), None)
    if dimensions is None or gpu is None:
        return None
    width, _, height = timed.size.partition("x")
    count = timed.all_forwards * operations(dimensions, Size(int(width), int(height)))
    return implied_share_of_peak(gpu, count, timed.stated_seconds)


RULES = (
    warning("observation", "Measured usage is within 0.02 GiB of it.", strange_observations),
    error("unknown-gpu", "Every card is in the table of cards.", unknown_cards),
    error("benchmark-peak", "No benchmark beats its card's peak.", over_peak),
    warning("benchmark-idle", "No benchmark leaves its card idle.", idle_cards),
)
