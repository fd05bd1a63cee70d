"""What a file's entries are called, read from its bare data: also those that can't be used."""

from collections.abc import Iterable, Mapping
from typing import Any

from fitplan.catalog.references import KnownNames


def stated_names(data: Any) -> KnownNames:
    """The names of all entries of a file's data, whatever else is wrong with them."""
    architectures = {
        id: {name: set(_keys(_at(recipe, "quants"))) for name, recipe in recipes.items()}
        for id, architecture in _dict(_at(data, "architectures")).items()
        for recipes in [_dict(_at(architecture, "recipes"))]
    }
    sources, components, pipelines = (
        set(_keys(_at(data, key))) for key in ("sources", "components", "pipelines")
    )
    return KnownNames(sources, components, pipelines, architectures)


def united(all_names: Iterable[KnownNames]) -> KnownNames:
    """The names of several files laid over each other: later architectures replace earlier."""
    sources: set[str] = set()
    components: set[str] = set()
    pipelines: set[str] = set()
    architectures: dict[str, Any] = {}
    for names in all_names:
        sources |= set(names.sources)
        components |= set(names.components)
        pipelines |= set(names.pipelines)
        architectures |= names.architectures
    return KnownNames(sources, components, pipelines, architectures)


def _at(value: Any, key: str) -> Any:
    return _dict(value).get(key)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _keys(value: Any) -> list[str]:
    return [key for key in _dict(value) if isinstance(key, str)]
