"""Clocks and plans of the shipped catalog, for tests of times."""

from fitplan import runtimes
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Benchmark, Catalog
from fitplan.planning.candidates import Candidates
from fitplan.planning.clock import Clock
from fitplan.planning.pairs import Choice, Plan
from fitplan.timing.answers import Question
from fitplan.timing.gpus import find_gpu
from fitplan.timing.operations import Size
from fitplan.timing.reading import timing_data

TIMING = timing_data()
SQUARE = Size(1024, 1024)


def clock_for(
    catalog: Catalog, gpu: str = "RTX 3060", runtime: str = "invokeai@6.12", disk: int | None = None
) -> Clock:
    """A clock for one card at 1024x1024."""
    question = Question(find_gpu(TIMING, gpu), SQUARE, disk=disk)
    return Clock(question, catalog, runtimes.find(runtime), TIMING)


def pair(catalog: Catalog, runtime: Runtime, id: str, denoiser: str, encoder: str) -> Plan:
    """The plan of the first files that are called so."""
    candidates = Candidates(catalog, runtime)

    def called(component: str, name: str) -> Choice:
        choices = candidates.of(component)
        return next(c for c in choices if not name or c.file.is_called(name))

    first, second, *rest = catalog.file.pipelines[id].parts
    others = [called(component, "") for component in rest]
    return candidates.plan(id, called(first, denoiser), called(second, encoder), others)


def plan_of(catalog: Catalog, runtime: Runtime, seen: Benchmark) -> Plan:
    """The plan that a benchmark timed."""
    return pair(catalog, runtime, seen.model, seen.variants.denoiser, seen.variants.encoder or "")
