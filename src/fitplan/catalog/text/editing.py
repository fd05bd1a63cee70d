"""Put entries into the text of a catalog, changing none of its own lines.

Where an entry goes is found in the nodes of the text; the entry is written in the layout of its
shape and spliced in between two lines.
"""

from collections.abc import Sequence
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from fitplan.catalog.text.comments import last_line, split_lines
from fitplan.catalog.text.layout import (
    Child,
    children,
    compose,
    document_lines,
    entry_lines,
    item_lines,
    name_of,
)
from fitplan.catalog.text.shapes import catalog_shape
from fitplan.errors import FitplanError, usage_error

Path = tuple[str | int, ...]
"""Keys and indexes that lead from the root of a catalog to one of its values."""

_SPACED = ("architectures", "components")
"""Sections whose entries a blank line keeps apart."""


def document(data: dict[str, Any]) -> str:
    """The text of a catalog that says `data`."""
    return "\n".join(document_lines(data, catalog_shape())) + "\n"


def names(text: str, section: str) -> list[str]:
    """The ids of a section's entries; none when there is no such section."""
    found = _child(_root(text), section)
    return [] if found is None else [name_of(child) for child in _children(found)]


def value(text: str, path: Path) -> Any:
    """What stands at `path` as plain data; None when nothing does."""
    found = _at(text, path)
    return None if found is None else SafeConstructor().construct_document(found)


def length(text: str, path: Path) -> int:
    """The number of items at `path`; 0 when there is no such list."""
    found = _at(text, path)
    return 0 if found is None else len(_children(found))


def _at(text: str, path: Path) -> yaml.Node | None:
    found: yaml.Node | None = _root(text)
    for step in path:
        found = None if found is None else _child(found, step)
    return found


def _children(node: yaml.Node) -> list[Child]:
    return children(node) if isinstance(node, yaml.CollectionNode) else []


def with_entry(text: str, section: str, id: str, data: Any, after: str | None = None) -> str:
    """`text` with the entry `id` in `section`, behind the entry `after`, else at its end.

    Raises FitplanError (usage) when the section is written in a way nothing can be put into.
    """
    root = _root(text)
    found = _child(root, section)
    shape = catalog_shape().child(section).child(id)
    if found is None:
        return _with_section(text, root, section, {id: data})
    known = [name_of(child) for child in children(_block(found, section))]
    position = known.index(after) + 1 if after in known else len(known)
    lines = entry_lines(id, data, shape, _column(found))
    gap = [""] if section in _SPACED and _is_spaced(text, found, position) else []
    return _spliced(text, found, position, [*gap, *lines])


def with_item(text: str, path: Path, position: int, data: Any) -> str:
    """`text` with `data` in the list at `path`, before its item `position`; its length: at its end.

    A section that isn't there is added. Raises FitplanError (usage) when the list is written in a
    way nothing can be put into.
    """
    found = _at(text, path)
    if found is None:
        return _with_section(text, _root(text), str(path[0]), [data])
    shape = catalog_shape().at(path).child("")
    dash = _block(found, str(path[-1])).start_mark.column
    return _spliced(text, found, position, item_lines(data, shape, dash))


def _root(text: str) -> yaml.MappingNode:
    root = compose(text)
    if isinstance(root, yaml.MappingNode) and not root.flow_style:
        return root
    raise _uneditable("the catalog")


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    found = _children(node)
    if isinstance(step, int):
        return found[step][1] if step < len(found) else None
    return next((value for key, value in found if key and key.value == step), None)


def _block(node: yaml.Node, name: str) -> yaml.Node:
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        return node
    raise _uneditable(name)


def _uneditable(name: str) -> FitplanError:
    hint = "write it as a block, one entry per line: fitplan catalog format does; or remove it"
    return usage_error(f"nothing can be put into {name}, which is empty or in braces", hint)


def _column(node: yaml.Node) -> int:
    return int(node.start_mark.column)


def _is_spaced(text: str, node: yaml.Node, position: int) -> bool:
    """Whether a blank line stands above the neighbours of a new entry."""
    lines = split_lines(text)
    starts = [(key or value).start_mark.line for key, value in children(node)]
    ends = [last_line(value, lines) for _, value in children(node)]
    gaps = [lines[end + 1 : start] for end, start in zip(ends, starts[1:], strict=False)]
    return not gaps or any(line.strip() == "" for gap in gaps for line in gap)


def _with_section(text: str, root: yaml.MappingNode, section: str, data: Any) -> str:
    """Add a section behind those that stand before it in the schema."""
    shape = catalog_shape()
    known = [name_of(child) for child in children(root)]
    before = [i for i, name in enumerate(known) if shape.rank(name) < shape.rank(section)]
    position = before[-1] + 1 if before else len(known)
    lines = entry_lines(section, data, shape.child(section), _column(root))
    return _spliced(text, root, position, lines)


def _spliced(text: str, node: yaml.Node, position: int, new: Sequence[str]) -> str:
    """`new` lines before child `position`: behind the child above it, ahead of its comments."""
    lines = split_lines(text)
    line = _line_for(node, position, lines)
    breaks = "\r\n" if "\r\n" in text else "\n"
    at = _offset(text, lines, line)
    gap = breaks if at and text[at - 1] not in "\r\n\x85\u2028\u2029" else ""
    return f"{text[:at]}{gap}{''.join(f'{entry}{breaks}' for entry in new)}{text[at:]}"


def _line_for(node: yaml.Node, position: int, lines: Sequence[str]) -> int:
    found = children(node)
    if position:
        return last_line(found[position - 1][1], lines) + 1
    key, value = found[0]
    line = (key or value).start_mark.line
    while line and (not lines[line - 1].strip() or lines[line - 1].lstrip().startswith("#")):
        line -= 1
    return int(line)


def _offset(text: str, lines: Sequence[str], line: int) -> int:
    """Where line `line` starts in `text`, whatever its line breaks."""
    at = 0
    for content in lines[:line]:
        at += len(content)
        at += 2 if text.startswith("\r\n", at) else 1 if at < len(text) else 0
    return at
