"""Names in a catalog that lead nowhere, each with its place and the nearest known name."""

from collections.abc import Iterator
from typing import Any

from fitplan.catalog.schema import CatalogFile, Component
from fitplan.errors import unknown_name
from fitplan.quantization import TENSOR_TYPES
from fitplan.weights import Role

Place = tuple[int | str, ...]
BrokenReference = tuple[Place, str, str]
"""Path of keys and indexes to the entry, what is wrong, the cure."""


def broken_references(file: CatalogFile, known: CatalogFile) -> Iterator[BrokenReference]:
    """Names in `file` that neither it nor the rest of `known` has an entry for."""
    yield from _broken_architectures(file)
    yield from _broken_components(file, known)
    yield from _broken_pipelines(file, known)
    yield from _broken_observations(file, known)
    yield from _broken_benchmarks(file, known)


def _missing(place: Place, what: str, name: str, known: Any) -> Iterator[BrokenReference]:
    if name not in known:
        error = unknown_name(what, name, list(known))
        yield place, error.message, error.hint


def _broken_groups(place: Place, groups: dict[Role, dict[str, int]]) -> Iterator[BrokenReference]:
    for role, types in groups.items():
        for name in types:
            yield from _missing((*place, role, name), "tensor type", name, TENSOR_TYPES)


def _broken_architectures(file: CatalogFile) -> Iterator[BrokenReference]:
    for id, architecture in file.architectures.items():
        for recipe_id, recipe in architecture.recipes.items():
            for quant, groups in recipe.quants.items():
                place = ("architectures", id, "recipes", recipe_id, "quants", quant)
                yield from _broken_groups(place, groups)


def _broken_components(file: CatalogFile, known: CatalogFile) -> Iterator[BrokenReference]:
    for id, component in file.components.items():
        place: Place = ("components", id)
        broken = list(
            _missing(
                (*place, "architecture"),
                "architecture",
                component.architecture,
                known.architectures,
            )
        )
        yield from broken
        if not broken:
            yield from _broken_variants(id, component, known)


def _broken_variants(
    id: str, component: Component, known: CatalogFile
) -> Iterator[BrokenReference]:
    recipes = known.architectures[component.architecture].recipes
    seen: set[tuple[str, str]] = set()
    for r, release in enumerate(component.releases):
        for v, variant in enumerate(release.variants):
            place = ("components", id, "releases", r, "variants", v)
            yield from _missing(
                (*place, "source"), "source", variant.source or release.source, known.sources
            )
            if variant.weights is not None:
                yield from _broken_groups((*place, "weights"), variant.weights)
            else:
                name = variant.recipe or release.recipe or ""
                yield from _missing((*place, "recipe"), "recipe", name, recipes)
                if name in recipes:
                    what = f"quantization of recipe {name}"
                    yield from _missing(
                        (*place, "quant"), what, variant.quant, recipes[name].quants
                    )
            if (release.publisher, variant.quant) in seen:
                yield (
                    place,
                    f"{release.publisher}/{variant.quant} stands in {id} twice",
                    "remove one",
                )
            seen.add((release.publisher, variant.quant))


def _broken_pipelines(file: CatalogFile, known: CatalogFile) -> Iterator[BrokenReference]:
    for id, pipeline in file.pipelines.items():
        place = ("pipelines", id)
        parts = {
            "denoiser": [pipeline.denoiser],
            "encoders": pipeline.encoders,
            "vae": [pipeline.vae],
        }
        for key, names in parts.items():
            for name in names:
                yield from _missing((*place, key), "component", name, known.components)
        if pipeline.elo:
            yield from _missing(
                (*place, "elo", "source"), "source", pipeline.elo.source, known.sources
            )


def _broken_observations(file: CatalogFile, known: CatalogFile) -> Iterator[BrokenReference]:
    for i, seen in enumerate(file.observations):
        place = ("observations", i)
        yield from _missing((*place, "source"), "source", seen.source, known.sources)
        yield from _missing((*place, "pipeline"), "pipeline", seen.pipeline, known.pipelines)


def _broken_benchmarks(file: CatalogFile, known: CatalogFile) -> Iterator[BrokenReference]:
    for i, seen in enumerate(file.benchmarks):
        place = ("benchmarks", i)
        yield from _missing((*place, "source"), "source", seen.source, known.sources)
        yield from _missing((*place, "model"), "model", seen.model, known.pipelines)
