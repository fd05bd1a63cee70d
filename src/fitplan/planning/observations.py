"""Hold predictions against what people measured."""

from dataclasses import dataclass
from datetime import date

from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog, Observation, PublishedFile, Source
from fitplan.planning.candidates import FindRuntime
from fitplan.planning.pairs import Plan


@dataclass(frozen=True, slots=True)
class Observed:
    """A measured usage beside the prediction for the runtime it was measured in."""

    cache_gib: float
    """What the runtime reported, GiB."""
    predicted_bytes: int
    """What fitplan predicts for that runtime and version."""
    runtime: str
    source: Source
    date: date


def observed(plan: Plan, catalog: Catalog, find_runtime: FindRuntime) -> Observed | None:
    """The first observation of this pair in the catalog, or None."""
    for seen in catalog.file.observations:
        if _is_of(seen, plan):
            predicted = _predict([c.file for c in plan.choices], find_runtime(seen.runtime))
            source = catalog.file.sources[seen.source]
            return Observed(seen.cache_gib, predicted, seen.runtime, source, seen.date)
    return None


def _is_of(seen: Observation, plan: Plan) -> bool:
    return (
        seen.pipeline == plan.pipeline_id
        and plan.denoiser.file.is_called(seen.denoiser)
        and plan.encoder.file.is_called(seen.encoder)
    )


def _predict(files: list[PublishedFile], runtime: Runtime) -> int:
    found = (runtime.residency(file.weights) for file in files)
    return sum(residency.cache_bytes for residency in found if isinstance(residency, Residency))
