"""Which components of the catalog installed files are, and why a file is none of them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fitplan.accounting.weights import (
    NOT_PARAMETERS,
    Container,
    Kind,
    Role,
    WeightFile,
    WeightGroup,
    merged,
)
from fitplan.catalog import Architecture, Catalog, Component, Home, PublishedFile, Source
from fitplan.readers import ModelFile

PROJECTOR = "mmproj"
"""Family of the vision tower that a GGUF text encoder keeps in a file beside it."""

_SOURCE = Source(title="header of the installed file")
_NOT_COMPARED = NOT_PARAMETERS | {Role.OUTPUT_HEAD, Role.VISION}
"""A text encoder is the same with and without its head and its vision tower."""
_PLANNED = frozenset({Kind.DENOISER, Kind.ENCODER, Kind.VAE, Kind.CHECKPOINT})


@dataclass(frozen=True, slots=True)
class Unused:
    """An installed model that is in no pair, and why."""

    model: ModelFile
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Installed models in the catalog's terms."""

    files: Mapping[str, Sequence[PublishedFile]]
    """Component id → its installed files."""
    models: Mapping[str, ModelFile]
    """Path → the model that those files were read from."""
    unused: tuple[Unused, ...]


def match(catalog: Catalog, models: Iterable[tuple[str, ModelFile]]) -> Matched:
    """Installed models (each with its name) as files of the catalog's components."""
    files: dict[str, list[PublishedFile]] = {}
    known: dict[str, ModelFile] = {}
    unused: list[Unused] = []
    for name, model in with_projectors(models):
        found = list(_files(catalog, model, name))
        for file in found:
            files.setdefault(file.component_id, []).append(file)
        if found:
            known[str(model.path)] = model
        else:
            unused.append(Unused(model, name, _reason(catalog, model)))
    return Matched(files, known, tuple(unused))


def _files(catalog: Catalog, model: ModelFile, name: str) -> Iterator[PublishedFile]:
    """The components' files that a model is: of a checkpoint one for each known part."""
    home = _home(model)
    for part in _parts(model):
        called = f"{name} {model.path.name}"
        for id in components_of(catalog, part, called):
            among = _assumed_among(catalog, id, part, called)
            yield replace(as_published(id, part, name), home=home, assumed_among=among)


def _parts(model: ModelFile) -> Iterable[ModelFile]:
    """The parts of a checkpoint, whose bytes add up to the file's; else the model itself."""
    if not model.parts:
        return [model]
    denoiser, *others = model.parts
    rest = sum(part.weights.file_bytes for part in others)
    size = model.weights.file_bytes - rest
    return [replace(denoiser, weights=replace(denoiser.weights, file_bytes=size)), *others]


def _home(model: ModelFile) -> Home | None:
    if model.parts:
        return Home(str(model.path), model.weights.file_bytes)
    return Home(str(model.path.parent), 0) if model.weights.part_of else None


def component_of(catalog: Catalog, model: ModelFile, name: str) -> str | None:
    """The id of the component that `model` is a file of; None when the catalog knows none."""
    return next(iter(components_of(catalog, model, name)), None)


def components_of(catalog: Catalog, model: ModelFile, name: str) -> Sequence[str]:
    """The ids of the components that `model` is a file of, the likeliest first.

    Found by family and elements. A text encoder is one and the same in every model that uses it;
    denoisers and VAEs of equal shapes (Klein 4B and 4B Base) differ, and the name decides.
    """
    components = catalog.file.components
    same_shape = [id for id in components if _fits(catalog, components[id], model)]
    likeliest = sorted(same_shape, key=lambda id: _likeness(catalog, id, model, name), reverse=True)
    return likeliest if model.kind is Kind.ENCODER else likeliest[:1]


def _assumed_among(catalog: Catalog, id: str, model: ModelFile, name: str) -> tuple[str, ...]:
    """Names of the denoisers that a file may be as well: its name lacks words of the one chosen."""
    if model.kind is not Kind.DENOISER or not _likeness(catalog, id, model, name)[2]:
        return ()
    components = catalog.file.components
    same_shape = [other for other in components if _fits(catalog, components[other], model)]
    return tuple(components[other].name for other in same_shape) if len(same_shape) > 1 else ()


def _fits(catalog: Catalog, component: Component, model: ModelFile) -> bool:
    architecture = catalog.file.architectures[component.architecture]
    return (
        component.kind == model.kind.value
        and architecture.family == model.weights.family
        and (
            model.weights.has_parameters(architecture.parameters)
            or _compared(model.weights.groups) in _bodies(architecture)
        )
    )


def _compared(groups: Iterable[WeightGroup]) -> int:
    return sum(group.elements for group in groups if group.role not in _NOT_COMPARED)


def _bodies(architecture: Architecture) -> frozenset[int]:
    """Elements without head and vision tower, as the recipes of an architecture have them."""
    return frozenset(
        sum(sum(types.values()) for role, types in groups.items() if role not in _NOT_COMPARED)
        for recipe in architecture.recipes.values()
        for groups in recipe.quants.values()
    )


def _likeness(
    catalog: Catalog, id: str, model: ModelFile, name: str
) -> tuple[bool, bool, int, int]:
    """The pipeline it lies in, fewest words of the id that the name lacks, most that it has."""
    squashed = re.sub(r"[^a-z0-9]", "", name.casefold())
    words = id.split("-")
    present = sum(re.sub(r"[^a-z0-9]", "", word) in squashed for word in words)
    family = model.weights.part_of or model.weights.bundle
    releases = catalog.file.components[id].releases
    alone = not family and not any(release.part_of for release in releases)
    return family in _families(catalog, id), alone, present - len(words), present


def _families(catalog: Catalog, component_id: str) -> set[str]:
    """Families of the denoisers that a component is used with."""
    file = catalog.file
    denoisers = (
        pipeline.denoiser
        for pipeline in file.pipelines.values()
        if component_id in (*pipeline.encoders, pipeline.vae)
    )
    return {file.architectures[file.components[id].architecture].family for id in denoisers}


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


def with_projectors(
    models: Iterable[tuple[str, ModelFile]],
) -> list[tuple[str, ModelFile]]:
    """GGUF text encoders joined with the vision projector (mmproj) in their folder.

    ComfyUI's GGUF nodes and stable-diffusion.cpp load both; a projector fits a text model of the
    width that it projects to. One that fits nothing in its folder stays a model of its own.
    """
    named = list(models)
    projectors = [model for _, model in named if model.weights.family == PROJECTOR]
    used: set[int] = set()
    joined = []
    for name, model in named:
        beside = _projector(model, projectors)
        used |= {id(beside)} if beside else set()
        joined.append((name, _joined(model, beside) if beside else model))
    return [(name, model) for name, model in joined if id(model) not in used]


def _projector(model: ModelFile, projectors: Sequence[ModelFile]) -> ModelFile | None:
    """The projector beside a text model that has no vision tower; of several the likest name."""
    weights = model.weights
    if weights.container is not Container.GGUF or not weights.family.endswith("-vl"):
        return None
    fitting = [
        other
        for other in projectors
        if other.path.parent == model.path.parent
        and other.weights.hidden_size == weights.hidden_size
    ]
    return max(fitting, key=lambda other: _common(other.path.name, model.path.name), default=None)


def _common(a: str, b: str) -> int:
    """How many letters two names begin with alike."""
    pairs = zip(a.casefold(), b.casefold(), strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))


def _joined(model: ModelFile, projector: ModelFile) -> ModelFile:
    vision = (replace(group, role=Role.VISION) for group in projector.weights.groups)
    weights: WeightFile = replace(
        model.weights,
        groups=merged((*model.weights.groups, *vision)),
        file_bytes=model.weights.file_bytes + projector.weights.file_bytes,
    )
    return replace(model, weights=weights)


def _reason(catalog: Catalog, model: ModelFile) -> str:
    """Why an installed model is a file of no component."""
    if model.kind not in _PLANNED:
        return _ADDITIONS.get(model.weights.family, "not a part of a pair")
    if not model.weights.family:
        return model.nearest or "unknown architecture"
    if model.weights.unknown_packing:
        return model.weights.unknown_packing.reason
    if model.differences:
        return f"{model.architecture}, but {'; '.join(model.differences)}"
    kin = [c.name for c in catalog.file.components.values() if _related(catalog, c, model)]
    if kin:
        return f"{model.architecture}: not the shapes of {' or '.join(kin[:3])}"
    return f"the catalog has no {model.architecture}"


_ADDITIONS = {
    PROJECTOR: "a vision projector without a text model of its width beside it",
}


def _related(catalog: Catalog, component: Component, model: ModelFile) -> bool:
    architecture = catalog.file.architectures[component.architecture]
    return component.kind == model.kind.value and architecture.family == model.weights.family
