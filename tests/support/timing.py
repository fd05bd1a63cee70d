"""Clocks and plans of the shipped catalog, for tests of times."""

from fitplan import runtimes
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Benchmark, Catalog
from fitplan.planning.clock import Clock
from fitplan.planning.planner import Choice, Plan, choices_of, make_plan
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
    pipeline = catalog.file.pipelines[id]

    def called(component: str, name: str) -> Choice:
        choices = choices_of(catalog, component, lambda file: runtime.residency(file.weights))
        return next(c for c in choices if not name or c.file.is_called(name))

    rest = tuple(called(component, "") for component in (*pipeline.encoders[1:], pipeline.vae))
    first = called(pipeline.denoiser, denoiser)
    return make_plan(
        catalog, id, first, called(pipeline.encoders[0], encoder), rest, frontier=False
    )


def plan_of(catalog: Catalog, runtime: Runtime, seen: Benchmark) -> Plan:
    """The plan that a benchmark timed."""
    return pair(catalog, runtime, seen.model, seen.variants.denoiser, seen.variants.encoder or "")
