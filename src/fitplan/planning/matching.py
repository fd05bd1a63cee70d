"""Which component of the catalog an installed file is, so that it can be planned with."""

import re
from collections.abc import Iterable, Mapping, Sequence

from fitplan.catalog import Catalog, Component, PublishedFile, Source
from fitplan.machine.places import Missing
from fitplan.readers import ModelFile

_SOURCE = Source(title="header of the installed file")


def component_of(catalog: Catalog, model: ModelFile, name: str) -> str | None:
    """The id of the component that `model` is a file of; None when the catalog knows none.

    Told by family and elements; models of the same shapes (Klein 4B and 4B Base) by name.
    """
    same_shape = [
        id
        for id, component in catalog.file.components.items()
        if component.kind == model.kind.value and _fits(catalog, component, model)
    ]
    return max(same_shape, key=lambda id: _likeness(id, name), default=None)


def _fits(catalog: Catalog, component: Component, model: ModelFile) -> bool:
    architecture = catalog.file.architectures[component.architecture]
    if architecture.family != model.weights.family:
        return False
    homes = {release.part_of for release in component.releases if release.part_of}
    if homes and model.weights.part_of not in homes:
        return False
    return model.weights.has_parameters(architecture.parameters)


def _likeness(id: str, name: str) -> tuple[int, int]:
    """Fewest words of the id that the name lacks, then most that it has."""
    squashed = re.sub(r"[^a-z0-9]", "", name.casefold())
    words = id.split("-")
    present = sum(word in squashed for word in words)
    return present - len(words), present


def as_published(component_id: str, model: ModelFile, name: str) -> PublishedFile:
    """An installed file in the terms of the catalog, exact from its own header."""
    return PublishedFile(
        component_id=component_id,
        publisher=name,
        weights=model.weights,
        basis="header",
        rel_error=model.weights.rel_error,
        cache_error_bytes=0,
        confidence="high",
        file=str(model.path),
        url=None,
        source=_SOURCE,
        note=None,
    )


def match(
    catalog: Catalog, models: Iterable[tuple[str, ModelFile]]
) -> dict[str, list[PublishedFile]]:
    """Component id → installed files of it; models that the catalog doesn't know are left out."""
    found: dict[str, list[PublishedFile]] = {}
    for name, model in models:
        id = component_of(catalog, model, f"{name} {model.path.name}")
        if id is not None:
            found.setdefault(id, []).append(as_published(id, model, name))
    return found


def missing(catalog: Catalog, files: Mapping[str, Sequence[PublishedFile]]) -> tuple[Missing, ...]:
    """The pipelines whose denoiser is there but something else isn't."""
    found = []
    for id, pipeline in catalog.file.pipelines.items():
        parts = (*pipeline.encoders, pipeline.vae)
        lacking = tuple(catalog.file.components[part].name for part in parts if not files.get(part))
        if files.get(pipeline.denoiser) and lacking:
            found.append(Missing(id, pipeline.name, lacking))
    return tuple(found)
