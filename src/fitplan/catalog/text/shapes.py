"""How each value of a catalog is laid out: derived from the schema, so the two can't drift."""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Role
from fitplan.catalog import schema

Order = Literal["as written", "keys", "ladder", "roles", "types"]
"""What puts children in order: nothing, the schema's fields, bytes, roles, or size of a type."""

_ONE_LINE = ("Variant", "Observation", "Benchmark", "BenchmarkVariants", "Elo")
_ROLES = tuple(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Shape:
    """The layout of one value."""

    block: bool | None = None
    """One child per line; False: all on one line; None: as it stands."""
    order: Order = "as written"
    keys: tuple[str, ...] = ()
    """The keys in their order, when `order` is "keys"."""
    children: Mapping[str, "Shape"] = field(default_factory=dict)
    """Shapes of particular keys."""
    item: "Shape | None" = None
    """Shape of every other child."""

    def child(self, key: str) -> "Shape":
        """The shape of the value under `key`, or of an item."""
        return self.children.get(key) or self.item or _LEAF

    def at(self, path: tuple[str | int, ...]) -> "Shape":
        """The shape of the value at `path`."""
        shape = self
        for step in path:
            shape = shape.child(str(step))
        return shape

    def rank(self, key: str) -> float:
        """Where `key` stands among its siblings; unknown ones come last."""
        if self.order == "keys":
            return self.keys.index(key) if key in self.keys else len(self.keys)
        if self.order == "roles":
            return _ROLES.index(key) if key in _ROLES else len(_ROLES)
        if self.order == "types":
            found = TENSOR_TYPES.get(key)
            return -found.block_bytes / found.block_size if found else 0
        return 0


_LEAF = Shape()
_GROUPS = Shape(block=False, order="roles", item=Shape(block=False, order="types"))


@cache
def catalog_shape() -> Shape:
    """The shape of a whole catalog file."""
    return _of_model(schema.CatalogFile)


def _of_model(model: type[BaseModel]) -> Shape:
    fields = typing.get_type_hints(model)
    return Shape(
        block=model.__name__ not in _ONE_LINE,
        order="keys",
        keys=tuple(model.model_fields),
        children={name: _of(name, fields[name]) for name in model.model_fields},
    )


def _of(name: str, annotation: Any) -> Shape:
    if name == "weights":
        return _GROUPS
    if name == "quants":
        return Shape(block=True, item=_GROUPS)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _of_model(annotation)
    if origin in (types.UnionType, typing.Union):
        return next((s for a in arguments if (s := _of(name, a)) != _LEAF), _LEAF)
    if origin in (dict, list):
        item = _of(name, arguments[-1])
        ladder = name == "variants" and origin is list
        return Shape(block=item.keys != (), order="ladder" if ladder else "as written", item=item)
    return _LEAF
