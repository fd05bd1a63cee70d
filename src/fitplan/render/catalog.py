"""What a catalog holds: rich tables and JSON documents."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from fitplan.catalog import Catalog
from fitplan.catalog.overlays import UsedFile
from fitplan.render.documents.catalog import CatalogListDocument
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable


def list_table(catalog: Catalog, used: Sequence[UsedFile]) -> RenderableType:
    """Models with their parts, and components with the number of their files."""
    file = catalog.file
    models = bare_table()
    for heading in ("Model", "Id", "Denoiser + text encoder + VAE"):
        models.add_column(heading)
    for id, pipeline in file.pipelines.items():
        parts = " + ".join((pipeline.denoiser, *pipeline.encoders, pipeline.vae))
        models.add_row(Text(printable(pipeline.name), style="bold"), id, printable(parts))
    components = bare_table()
    for heading in ("Component", "Id", "Kind", "Files", "Publishers", "Models"):
        right = heading in ("Files", "Publishers", "Models")
        components.add_column(heading, justify="right" if right else "left")
    for id in file.components:
        components.add_row(*_component_cells(catalog, id))
    total = sum(len(catalog.files(id)) for id in file.components)
    counts = (
        f"{len(file.pipelines)} models, {len(file.components)} components, {total} files, "
        f"{len(file.observations)} observations, {len(file.benchmarks)} benchmarks, "
        f"{len(file.sources)} sources"
    )
    return Group(models, Text(""), components, Text(""), Text(counts), *_overlays(used))


def _component_cells(catalog: Catalog, id: str) -> Iterator[RenderableType]:
    component, files = catalog.file.components[id], catalog.files(id)
    yield Text(printable(component.name), style="bold")
    yield from (id, component.kind, str(len(files)), str(len({f.publisher for f in files})))
    yield str(len(_users(catalog, id)))


def _users(catalog: Catalog, id: str) -> list[str]:
    """Models that a component is part of."""
    pipelines = catalog.file.pipelines.items()
    return [key for key, p in pipelines if id in (p.denoiser, *p.encoders, p.vae)]


def _overlays(used: Sequence[UsedFile]) -> Iterator[Text]:
    if len(used) > 1:
        shown = ", ".join(file.shown for file in used[1:])
        yield Text(f"Catalog: shipped, with {printable(shown)} over it.", style="dim")


def list_document(catalog: Catalog, used: Sequence[UsedFile]) -> CatalogListDocument:
    """`fitplan.catalog-list/1`."""
    file = catalog.file
    return {
        "schema": "fitplan.catalog-list/1",
        "catalogs": [{"file": each.shown, "from": each.origin} for each in used],
        "models": [
            {
                "id": id,
                "name": pipeline.name,
                "denoiser": pipeline.denoiser,
                "encoders": pipeline.encoders,
                "vae": pipeline.vae,
            }
            for id, pipeline in file.pipelines.items()
        ],
        "components": [
            {
                "id": id,
                "name": component.name,
                "kind": component.kind,
                "architecture": component.architecture,
                "files": len(catalog.files(id)),
                "publishers": sorted({f.publisher for f in catalog.files(id)}),
                "models": _users(catalog, id),
            }
            for id, component in file.components.items()
        ],
        "counts": {
            name: len(getattr(file, name)) for name in ("sources", "observations", "benchmarks")
        },
    }
