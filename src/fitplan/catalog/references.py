"""Names in a catalog that lead nowhere, each with its place and the nearest known name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Role
from fitplan.catalog.problems import Loc, Problem
from fitplan.catalog.schema import CatalogFile, Component, Release, Variant
from fitplan.errors import unknown_name

Recipes = Mapping[str, Collection[str]]
"""Recipe id → quantization names."""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Everything that an entry can refer to."""

    sources: Collection[str] = ()
    components: Collection[str] = ()
    pipelines: Collection[str] = ()
    architectures: Mapping[str, Recipes] = field(default_factory=dict)


def names_of(file: CatalogFile) -> KnownNames:
    """What the entries of `file` are called."""
    recipes = {
        id: {name: recipe.quants for name, recipe in architecture.recipes.items()}
        for id, architecture in file.architectures.items()
    }
    return KnownNames(file.sources, file.components, file.pipelines, recipes)


def broken_references(file: CatalogFile, known: KnownNames) -> Iterator[Problem]:
    """Names in `file` that are missing from `known`."""
    yield from _broken_architectures(file)
    yield from _broken_components(file, known)
    yield from _broken_pipelines(file, known)
    yield from _broken_observations(file, known)
    yield from _broken_benchmarks(file, known)


def _missing(loc: Loc, what: str, name: str, known: Collection[str]) -> Iterator[Problem]:
    if name not in known:
        rule = f"unknown-{what.split(' of ')[0].replace(' ', '-')}"
        message = f"no {what} is called {name!r}"
        yield Problem(rule, loc, message, lambda: unknown_name(what, name, list(known)).hint)


def _broken_groups(loc: Loc, groups: dict[Role, dict[str, int]]) -> Iterator[Problem]:
    for role, types in groups.items():
        for name in types:
            yield from _missing((*loc, role, name), "tensor type", name, TENSOR_TYPES)


def _broken_architectures(file: CatalogFile) -> Iterator[Problem]:
    for id, architecture in file.architectures.items():
        for recipe_id, recipe in architecture.recipes.items():
            for quant, groups in recipe.quants.items():
                loc = ("architectures", id, "recipes", recipe_id, "quants", quant)
                yield from _broken_groups(loc, groups)


def _broken_components(file: CatalogFile, known: KnownNames) -> Iterator[Problem]:
    for id, component in file.components.items():
        name = component.architecture
        loc = ("components", id, "architecture")
        yield from _missing(loc, "architecture", name, known.architectures)
        if name in known.architectures:
            yield from _broken_variants(id, component, known)


def _broken_variants(id: str, component: Component, known: KnownNames) -> Iterator[Problem]:
    recipes = known.architectures[component.architecture]
    seen: set[tuple[str, str]] = set()
    for r, release in enumerate(component.releases):
        for v, variant in enumerate(release.variants):
            loc = ("components", id, "releases", r, "variants", v)
            source = variant.source or release.source
            yield from _missing((*loc, "source"), "source", source, known.sources)
            yield from _broken_weights(loc, release, variant, recipes)
            name = (release.publisher, variant.quant)
            if name in seen:
                message = f"{release.publisher}/{variant.quant} is listed in {id} twice"
                yield Problem("duplicate-file", loc, message, "remove one")
            seen.add(name)


def _broken_weights(
    loc: Loc, release: Release, variant: Variant, recipes: Recipes
) -> Iterator[Problem]:
    if variant.weights is not None:
        yield from _broken_groups((*loc, "weights"), variant.weights)
        return
    name = variant.recipe or release.recipe or ""
    yield from _missing((*loc, "recipe"), "recipe", name, recipes)
    if name in recipes:
        what = f"quantization of recipe {name}"
        yield from _missing((*loc, "quant"), what, variant.quant, recipes[name])


def _broken_pipelines(file: CatalogFile, known: KnownNames) -> Iterator[Problem]:
    for id, pipeline in file.pipelines.items():
        loc = ("pipelines", id)
        parts = {
            "denoiser": [pipeline.denoiser],
            "encoders": pipeline.encoders,
            "vae": [pipeline.vae],
        }
        for key, names in parts.items():
            for name in names:
                yield from _missing((*loc, key), "component", name, known.components)
        if pipeline.elo:
            source = pipeline.elo.source
            yield from _missing((*loc, "elo", "source"), "source", source, known.sources)


def _broken_observations(file: CatalogFile, known: KnownNames) -> Iterator[Problem]:
    for i, seen in enumerate(file.observations):
        loc = ("observations", i)
        yield from _missing((*loc, "source"), "source", seen.source, known.sources)
        yield from _missing((*loc, "pipeline"), "pipeline", seen.pipeline, known.pipelines)


def _broken_benchmarks(file: CatalogFile, known: KnownNames) -> Iterator[Problem]:
    for i, seen in enumerate(file.benchmarks):
        loc = ("benchmarks", i)
        yield from _missing((*loc, "source"), "source", seen.source, known.sources)
        yield from _missing((*loc, "model"), "model", seen.model, known.pipelines)
