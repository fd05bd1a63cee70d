"""What a catalog says of one file, made from the file's header and what is known of its origin."""

import re
from dataclasses import dataclass
from typing import Any

from fitplan.accounting.weights import Container, Kind, WeightGroup
from fitplan.catalog.lookup import Catalog
from fitplan.catalog.schema import Architecture, Component
from fitplan.errors import FitplanError, usage_error
from fitplan.questions.edit.file_name import FileName, file_name, free_id
from fitplan.questions.edit.origin import Origin
from fitplan.readers import ModelFile

Groups = dict[str, dict[str, int]]
"""Role → tensor type → elements."""

_PARTS = frozenset({Kind.DENOISER, Kind.ENCODER, Kind.VAE, Kind.CHECKPOINT})
"""What a catalog holds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in the words of a catalog."""

    component_id: str
    component: dict[str, Any]
    """Kind, name and architecture of the component."""
    known_component: bool
    architecture: dict[str, Any] | None
    """The shapes, when no catalog has them; under the name that `component` gives them."""
    publisher: str
    container: Container
    url: str | None
    name: FileName
    quant: str
    bytes: int
    error_is_known: bool
    """Whether its types tell the weight error; an entry says so when they don't."""
    weights: Groups
    recipes: tuple[str, ...]
    """Recipes of the architecture that say the same as `weights`."""
    source: str
    new_source: dict[str, Any] | None
    part_of: str = ""
    """Family of the pipeline with whose folder it is loaded, where its component says so."""
    confidence: str = "high"
    """A file's own header leaves no doubt."""
    alike: tuple[str, ...] = ()
    """Components of the same shapes, when the file's name alone decided between them."""

    @property
    def id(self) -> str:
        """`component/publisher/QUANT`."""
        return f"{self.component_id}/{self.publisher}/{self.quant}"


def make_entry(
    catalog: Catalog, model: ModelFile, recognised: str | None, wanted: str | None, origin: Origin
) -> Entry:
    """The entry for `model`, which is a file of the component `recognised` (None: of none known).

    `wanted`: the component it shall stand under, known or new. Raises FitplanError (usage) when a
    catalog can't say what the file is, when it is not a file of `wanted`, or has an entry already.
    """
    _refuse_unfit(model)
    _refuse_id(wanted)
    name = file_name(model)
    known = catalog.file.components
    id = wanted or recognised or free_id(name.slug, known)
    shapes = _shapes_of(catalog, model, id)
    component = _component(catalog, model, id, shapes)
    quant = name.quant_for(model.weights.quant)
    weights = groups_of(model.weights.groups)
    entry = Entry(
        component_id=id,
        component=component,
        known_component=id in known,
        architecture=_architecture(model) if shapes is None else None,
        publisher=origin.publisher,
        container=model.weights.container,
        url=origin.url,
        name=name,
        quant=quant,
        bytes=model.weights.file_bytes,
        error_is_known=model.weights.rel_error is not None,
        weights=weights,
        recipes=_recipes(catalog.file.architectures.get(shapes or ""), quant, weights),
        source=origin.source,
        new_source=origin.new_source,
        part_of=model.weights.part_of if _is_kept_in_folders(known.get(id)) else "",
        alike=() if wanted else _alike(catalog, id),
    )
    _refuse_known(catalog, entry)
    return entry


def _is_kept_in_folders(component: Component | None) -> bool:
    """Whether a component's files are those of pipelines' folders."""
    return component is not None and any(release.part_of for release in component.releases)


def groups_of(groups: tuple[WeightGroup, ...]) -> Groups:
    """Weight groups as a catalog writes them; those without elements are left out."""
    found: Groups = {}
    for group in groups:
        if group.elements:
            found.setdefault(group.role.value, {})[group.type] = group.elements
    return found


def _refuse_unfit(model: ModelFile) -> None:
    holds = "a catalog holds denoisers, text encoders, VAEs and checkpoints"
    match model.kind:
        case _ if not model.weights.family:
            what = "the architecture is unknown, so its residency would be a guess"
            cure = f"fitplan inspect {model.path} shows what it holds"
        case _ if model.weights.unknown_packing:
            reason = model.weights.unknown_packing.reason
            what = f"its quantization and parameters are unknown ({reason})"
            cure = "a catalog needs the true number of parameters"
        case kind if kind not in _PARTS:
            what, cure = f"{model.architecture} is none of a model's own parts", holds
        case _ if not model.weights.quant:
            what, cure = "it holds no weights", "name a file with weights"
        case _:
            return
    raise usage_error(f"{model.path} can't be added: {what}", cure)


def _refuse_id(wanted: str | None) -> None:
    if wanted is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.\-]*", wanted):
        hint = "an id has lower-case letters, digits, dots and hyphens"
        raise usage_error(f"{wanted!r} is not an id for a component", hint)


def _has_shapes(architecture: Architecture, model: ModelFile) -> bool:
    same_family = architecture.family == model.weights.family
    return same_family and model.weights.has_parameters(architecture.parameters)


def _shapes_of(catalog: Catalog, model: ModelFile, id: str) -> str | None:
    """The architecture with this file's shapes; None when no catalog has them."""
    architectures = catalog.file.architectures
    component = catalog.file.components.get(id)
    if component is None:
        found = (key for key, value in architectures.items() if _has_shapes(value, model))
        return next(found, None)
    known = architectures[component.architecture]
    if component.kind != model.kind.value or not _has_shapes(known, model):
        raise _other_shapes(catalog, model, id)
    return component.architecture


def _other_shapes(catalog: Catalog, model: ModelFile, id: str) -> FitplanError:
    component = catalog.file.components[id]
    expected = catalog.file.architectures[component.architecture]
    here = f"{model.architecture}, {model.kind}, {model.weights.parameters or 0:,} elements"
    there = f"{component.name}, {component.kind}, {expected.parameters:,}"
    message = f"{model.path} is not a file of {id}: {here}; there: {there}"
    return usage_error(message, "name another component; a new id makes a new one")


def _component(catalog: Catalog, model: ModelFile, id: str, shapes: str | None) -> dict[str, Any]:
    known = catalog.file.components.get(id)
    if known is not None:
        return {"kind": known.kind, "name": known.name, "architecture": known.architecture}
    names = {component.name for component in catalog.file.components.values()}
    name = model.architecture
    return {
        "kind": model.kind.value,
        "name": f"{name} ({id})" if name in names else name,
        "architecture": shapes or free_id(id, catalog.file.architectures),
    }


def _architecture(model: ModelFile) -> dict[str, Any]:
    weights = model.weights
    one_width = weights.hidden_size and model.kind is not Kind.CHECKPOINT
    width = {"hidden_size": weights.hidden_size} if one_width else {}
    return {
        "family": weights.family,
        "parameters": weights.parameters,
        **width,
        "recipes": {},
    }


def _recipes(architecture: Architecture | None, quant: str, weights: Groups) -> tuple[str, ...]:
    if architecture is None:
        return ()
    said = {
        id: {role.value: types for role, types in recipe.quants.get(quant, {}).items()}
        for id, recipe in architecture.recipes.items()
    }
    return tuple(id for id, groups in said.items() if groups == weights)


def _alike(catalog: Catalog, id: str) -> tuple[str, ...]:
    components = catalog.file.components
    if id not in components:
        return ()
    shapes = components[id].architecture
    return tuple(k for k, c in components.items() if c.architecture == shapes and k != id)


def _refuse_known(catalog: Catalog, entry: Entry) -> None:
    if not entry.known_component:
        return
    for file in catalog.files(entry.component_id):
        if (file.publisher, file.quant) == (entry.publisher, entry.quant):
            same = file.weights.file_bytes == entry.bytes
            sizes = "the same bytes" if same else f"{file.weights.file_bytes:,} bytes"
            hint = "another publisher's? --publisher NAME; another model's? --component NEW-ID"
            raise usage_error(f"{entry.id} is in the catalog already, with {sizes}", hint)
