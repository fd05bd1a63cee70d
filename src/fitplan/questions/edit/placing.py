"""Where an entry goes in a catalog's text: into the release it belongs to, else behind its like."""

from typing import Any

from fitplan.catalog import text as editing
from fitplan.questions.edit.entry import Entry

EMPTY = "version: 1\n"
"""A catalog that says nothing."""


def with_entry(text: str, entry: Entry) -> str:
    """`text`, a valid catalog, with `entry` in it; all its own lines stay as they are.

    Raises FitplanError (usage) when it is written in a way nothing can be put into.
    """
    text = with_source(text, entry.source, entry.new_source)
    if entry.architecture is not None:
        id = entry.component["architecture"]
        after = _last_like(text, "architectures", "family", entry.architecture["family"])
        text = editing.with_entry(text, "architectures", id, entry.architecture, after)
    if entry.component_id in editing.names(text, "components"):
        return _with_variant(text, entry)
    return _with_component(text, entry)


def with_source(text: str, id: str, source: dict[str, Any] | None) -> str:
    """`text` with a source, unless it is None or there already."""
    if source is None or id in editing.names(text, "sources"):
        return text
    return editing.with_entry(text, "sources", id, source)


def with_observation(text: str, observation: dict[str, Any]) -> str:
    """`text` with one more observation at the end of them."""
    path: editing.Path = ("observations",)
    return editing.with_item(text, path, editing.length(text, path), observation)


def _last_like(text: str, section: str, key: str, value: str) -> str | None:
    """The last entry of a section that has `value` under `key`."""
    ids = editing.names(text, section)
    found = [id for id in ids if editing.value(text, (section, id, key)) == value]
    return found[-1] if found else None


def _with_component(text: str, entry: Entry) -> str:
    """A component this file doesn't have yet: behind the last of its shapes, family or kind."""
    architecture, kind = entry.component["architecture"], entry.component["kind"]
    after = _last_like(text, "components", "architecture", architecture)
    after = after or _last_of_family(text, architecture, kind)
    after = after or _last_like(text, "components", "kind", kind)
    data = {**entry.component, "releases": [_release(entry)]}
    return editing.with_entry(text, "components", entry.component_id, data, after)


def _last_of_family(text: str, architecture: str, kind: str) -> str | None:
    own = editing.value(text, ("architectures", architecture, "family"))
    like = [
        id
        for id in editing.names(text, "components")
        if own and editing.value(text, ("components", id, "kind")) == kind
        if _family_of(text, id) == own
    ]
    return like[-1] if like else None


def _family_of(text: str, component: str) -> str | None:
    shapes = editing.value(text, ("components", component, "architecture"))
    found: str | None = editing.value(text, ("architectures", shapes, "family"))
    return found


def _with_variant(text: str, entry: Entry) -> str:
    path: editing.Path = ("components", entry.component_id, "releases")
    releases: list[dict[str, Any]] = editing.value(text, path)
    fitting = [number for number, release in enumerate(releases) if _takes(release, entry)]
    if not fitting:
        return editing.with_item(text, path, len(releases), _release(entry))
    number = min(fitting, key=lambda number: _strangeness(releases[number], entry))
    variants = releases[number]["variants"]
    smaller = (i for i, variant in enumerate(variants) if variant["bytes"] < entry.bytes)
    position = next(smaller, len(variants))
    variant = _variant_in(entry, releases[number])
    return editing.with_item(text, (*path, number, "variants"), position, variant)


def _takes(release: dict[str, Any], entry: Entry) -> bool:
    """Whether `entry` is one more file of this release."""
    said = (release["publisher"], release["format"], release.get("part_of") or "")
    same = said == (entry.publisher, entry.container.value, entry.part_of)
    return same and (entry.url is None or release.get("url") in (None, entry.url))


def _strangeness(release: dict[str, Any], entry: Entry) -> tuple[bool, bool, bool]:
    return (
        release.get("url") != entry.url,
        release.get("file") != entry.name.pattern(entry.quant),
        release.get("recipe") not in entry.recipes,
    )


def _release(entry: Entry) -> dict[str, Any]:
    """A new release, with the file that makes it."""
    release: dict[str, Any] = {"publisher": entry.publisher}
    if entry.url is not None:
        release["url"] = entry.url
    release["format"] = entry.container.value
    if entry.part_of:
        release["part_of"] = entry.part_of
    pattern = entry.name.pattern(entry.quant)
    if pattern is not None:
        release["file"] = pattern
    if entry.recipes:
        release["recipe"] = entry.recipes[0]
    release |= {"source": entry.source, "confidence": entry.confidence}
    return {**release, "variants": [_variant_in(entry, release)]}


def _variant_in(entry: Entry, release: dict[str, Any]) -> dict[str, Any]:
    """What the release doesn't say of the file already."""
    variant: dict[str, Any] = {"quant": entry.quant, "bytes": entry.bytes}
    if (release.get("file") or "").replace("{quant}", entry.quant) != entry.name.text:
        variant["file"] = entry.name.text
    if not entry.recipes:
        variant["weights"] = entry.weights
    elif release.get("recipe") not in entry.recipes:
        variant["recipe"] = entry.recipes[0]
    if not entry.error_is_known:
        variant["rel_error"] = "unknown"
    if release["source"] != entry.source:
        variant["source"] = entry.source
    if release["confidence"] != entry.confidence:
        variant["confidence"] = entry.confidence
    return variant
