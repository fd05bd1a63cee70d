"""Which programs can run a model of the catalog."""

from collections.abc import Iterable

from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog


def running(catalog: Catalog, pipeline_id: str, runtimes: Iterable[Runtime]) -> list[str]:
    """Those of `runtimes`, as `name@version`, that load at least one file of every part."""
    pipeline = catalog.file.pipelines[pipeline_id]
    parts = (pipeline.denoiser, *pipeline.encoders, pipeline.vae)
    return [r.spec for r in runtimes if all(_loads(r, catalog, part) for part in parts)]


def _loads(runtime: Runtime, catalog: Catalog, component_id: str) -> bool:
    files = catalog.files(component_id)
    return any(isinstance(runtime.residency(file.weights), Residency) for file in files)
