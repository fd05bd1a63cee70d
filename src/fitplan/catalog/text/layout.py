"""Writes YAML nodes down in the layout of their shapes, with the comments they had."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml

from fitplan.catalog.text import scalars
from fitplan.catalog.text.comments import (
    Comments,
    block_style,
    comments_of,
    last_line,
)
from fitplan.catalog.text.shapes import Shape

STEP = 2
"""Blanks by which children stand further right."""

Child = tuple[yaml.Node | None, yaml.Node]
"""A key (None in a list) and its value."""


@lru_cache(maxsize=4)
def compose(text: str) -> yaml.Node | None:
    """The nodes of a YAML text that is known to be harmless; nobody alters them."""
    return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def entry_lines(key: str, data: Any, shape: Shape, indent: int) -> list[str]:
    """Lines that say `key: data` at column `indent`, `data` in the layout of `shape`."""
    return _lines_of(_node({key: data}), Shape(block=True, item=shape), indent)


def item_lines(data: Any, shape: Shape, indent: int) -> list[str]:
    """Lines that say `data` as an item of a list at column `indent`."""
    return _lines_of(_node([data]), Shape(block=True, item=shape), indent)


def document_lines(data: dict[str, Any], shape: Shape) -> list[str]:
    """Lines of a whole document."""
    return _lines_of(_node(data), shape, 0)


def _lines_of(node: yaml.Node, shape: Shape, indent: int) -> list[str]:
    return [line.text for line in Writer([], Comments()).lines(node, shape, indent)]


_NOWHERE = yaml.Mark("", 0, 0, 0, None, 0)
_TAGS = {
    str: "str",
    bool: "bool",
    int: "int",
    float: "float",
    Decimal: "float",
    date: "timestamp",
}


def _node(data: Any) -> yaml.Node:
    places = (_NOWHERE, _NOWHERE)
    if isinstance(data, dict):
        pairs = [(_node(key), _node(value)) for key, value in data.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, *places, flow_style=False)
    if isinstance(data, list):
        items = [_node(item) for item in data]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, *places, flow_style=False)
    return yaml.ScalarNode(f"tag:yaml.org,2002:{_TAGS[type(data)]}", str(data), *places)


@dataclass(frozen=True, slots=True)
class Line:
    """A line to write; a remark is a comment or a blank line."""

    text: str
    remark: bool = False


def children(node: yaml.Node) -> list[Child]:
    """What a mapping or list holds."""
    if isinstance(node, yaml.MappingNode):
        return [(key, value) for key, value in node.value]
    return [(None, item) for item in node.value]


def name_of(child: Child) -> str:
    """The key of a child as text; "" in a list."""
    return str(child[0].value) if isinstance(child[0], yaml.ScalarNode) else ""


def ordered(node: yaml.Node, shape: Shape) -> list[Child]:
    """The children of `node` in canonical order."""
    found = children(node)
    if shape.order == "ladder":
        return sorted(found, key=lambda child: -_bytes_of(child[1]))
    return sorted(found, key=lambda child: shape.rank(name_of(child)))


def _bytes_of(node: yaml.Node) -> int:
    if not isinstance(node, yaml.MappingNode):
        return 0
    found = (v.value for k, v in node.value if k.value == "bytes")
    digits = next((value for value in found if isinstance(value, str)), "").replace("_", "")
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def in_block(node: yaml.Node, shape: Shape) -> bool:
    """Whether the children of `node` get lines of their own."""
    if not isinstance(node, yaml.CollectionNode) or not node.value:
        return False
    return not node.flow_style if shape.block is None else shape.block


@dataclass(slots=True)
class Writer:
    """Writes the nodes of one text."""

    source: Sequence[str]
    comments: Comments
    done: set[int] = field(default_factory=set)

    def lines(self, node: yaml.Node, shape: Shape, indent: int) -> Iterator[Line]:
        """The lines of a mapping or list whose children stand at column `indent`."""
        for child in ordered(node, shape):
            key, value = child
            start = key or value
            yield from self._above(start, indent)
            inner = shape.child(name_of(child))
            if key is not None:
                head = f"{' ' * indent}{self._key(key)}:"
                yield from self._entry(head, start, value, inner, indent)
            elif in_block(value, inner):
                yield from self._item(value, inner, indent)
            else:
                yield from self._entry(f"{' ' * indent}-", start, value, inner, indent)

    def _key(self, key: yaml.Node) -> str:
        return scalars.written(key, False) if isinstance(key, yaml.ScalarNode) else self._flow(key)

    def _item(self, node: yaml.Node, shape: Shape, indent: int) -> Iterator[Line]:
        """A list's item that is itself a block: its first line gets the dash."""
        dashed = False
        for line in self.lines(node, shape, indent + STEP):
            if dashed or line.remark:
                yield line
                continue
            dashed = True
            yield Line(f"{' ' * indent}- {line.text[indent + STEP :]}")

    def _entry(
        self, head: str, start: yaml.Node, value: yaml.Node, shape: Shape, indent: int
    ) -> Iterator[Line]:
        behind = self.comments.behind.pop(start.start_mark.line, [])
        for comment in behind[:-1]:
            yield Line(f"{' ' * indent}{comment}", remark=True)
        end = f"  {behind[-1]}" if behind else ""
        if block_style(value) and value.value.strip():
            yield from self._block_scalar(head, value, indent, end)
        elif in_block(value, shape):
            yield Line(f"{head}{end}")
            yield from self.lines(value, shape, indent + STEP)
        else:
            yield Line(f"{head} {self._flow(value, shape, outermost=True)}".rstrip() + end)

    def _block_scalar(self, head: str, node: yaml.Node, indent: int, end: str) -> Iterator[Line]:
        """A block scalar keeps its line breaks and moves with its key."""
        start = node.start_mark
        marker = self.source[start.line][start.column :].split()[0]
        content = self.source[start.line + 1 : last_line(node, self.source) + 1]
        margin = next((len(x) - len(x.lstrip(" ")) for x in content if x.strip()), 0)
        if len(marker) > 1 and any(char.isdigit() for char in marker):
            yield Line(f"{head} {scalars.quoted(node.value)}{end}")
            return
        yield Line(f"{head} {marker}{end}")
        for line in content:
            yield Line(f"{' ' * (indent + STEP)}{line[margin:]}" if line.strip() else "")

    def _flow(self, node: yaml.Node, shape: Shape | None = None, outermost: bool = False) -> str:
        shape = shape or Shape()
        if isinstance(node, yaml.ScalarNode):
            return scalars.written(node, in_flow=not outermost)
        parts = [self._flow_child(child, shape) for child in ordered(node, shape)]
        opening, closing = "{}" if isinstance(node, yaml.MappingNode) else "[]"
        return f"{opening}{', '.join(parts)}{closing}"

    def _flow_child(self, child: Child, shape: Shape) -> str:
        key, value = child
        text = self._flow(value, shape.child(name_of(child)))
        return text if key is None else f"{self._flow(key)}: {text}".rstrip()

    def _above(self, start: yaml.Node, indent: int) -> Iterator[Line]:
        mark = start.start_mark
        remarks = self.comments.above.pop(mark.line, [])
        old = _column(self.source[mark.line], mark.column) if remarks else 0
        for remark in remarks:
            margin = len(remark) - len(remark.lstrip(" "))
            wanted = indent if old is None else max(0, margin + indent - old)
            yield Line(f"{' ' * wanted}{remark.strip()}" if remark.strip() else "", remark=True)


def _column(line: str, column: int) -> int | None:
    """Where an entry starts, its dash included; None when it isn't the first of its line."""
    before = line[:column]
    return len(before) - len(before.lstrip(" ")) if before.strip(" -") == "" else None


def entries_of(node: yaml.Node, shape: Shape, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First line of each entry that gets lines of its own → the last line it fills alone."""
    for child in children(node):
        key, value = child
        inner = shape.child(name_of(child))
        first = (key or value).start_mark.line
        if in_block(value, inner):
            yield first, first
            yield from entries_of(value, inner, lines)
        else:
            yield first, last_line(value, lines)


def attach(root: yaml.Node, shape: Shape, lines: Sequence[str]) -> Comments:
    """The comments of a text, at the entries that `shape` gives it."""
    entries: dict[int, int] = {}
    for first, last in entries_of(root, shape, lines):
        entries[first] = max(last, entries.get(first, last))
    return comments_of(root, lines, entries)
