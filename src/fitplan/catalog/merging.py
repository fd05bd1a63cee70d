"""Lay one catalog's entries over another's, so that whatever resolved before still does."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitplan.catalog.schema import Architecture, Component, Recipe, Release


def architectures(
    base: "Mapping[str, Architecture]", over: "Mapping[str, Architecture]"
) -> "dict[str, Architecture]":
    """`base` with the facts of `over`; recipes that only `base` has stay."""
    joined = {id: _architecture(base[id], over[id]) for id in base.keys() & over.keys()}
    return {**base, **over, **joined}


def components(
    base: "Mapping[str, Component]", over: "Mapping[str, Component]"
) -> "dict[str, Component]":
    """`base` with the files of `over`, which replace those of the same publisher and quantization.

    Those of `over` come first, so that a place in its text is the same place in the result.
    A component that `over` gives another architecture is replaced whole: the recipes of its old
    files aren't those of the new one.
    """
    joined = {
        id: _component(base[id], over[id])
        for id in base.keys() & over.keys()
        if base[id].architecture == over[id].architecture
    }
    return {**base, **over, **joined}


def _architecture(base: "Architecture", over: "Architecture") -> "Architecture":
    shared = base.recipes.keys() & over.recipes.keys()
    joined = {id: _recipe(base.recipes[id], over.recipes[id]) for id in shared}
    return over.model_copy(update={"recipes": {**base.recipes, **over.recipes, **joined}})


def _recipe(base: "Recipe", over: "Recipe") -> "Recipe":
    return over.model_copy(update={"quants": {**base.quants, **over.quants}})


def _component(base: "Component", over: "Component") -> "Component":
    replaced = {(r.publisher, variant.quant) for r in over.releases for variant in r.variants}
    kept = _without(base, replaced)
    return over.model_copy(update={"releases": [*over.releases, *kept]})


def _without(component: "Component", replaced: set[tuple[str, str]]) -> "Iterator[Release]":
    for release in component.releases:
        left = [v for v in release.variants if (release.publisher, v.quant) not in replaced]
        if left:
            yield release.model_copy(update={"variants": left})
