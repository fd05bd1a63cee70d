"""The one form a catalog is written in, and where a text departs from it.

Keys stand in the order of the schema, roles in that of `fitplan.accounting.weights.Role`, tensor
types and a release's files largest first; a variant, observation or benchmark takes one line;
strings are plain where YAML reads them back as strings (in double quotes otherwise), numbers plain
digits; children stand two columns further right; no two blank lines follow each other. What an
author decides stays: the order of entries, headings, comments, and where long text is folded.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import yaml

from fitplan.catalog.text import scalars
from fitplan.catalog.text.comments import block_style, split_lines
from fitplan.catalog.text.layout import (
    Line,
    Writer,
    attach,
    children,
    compose,
    in_block,
    name_of,
    ordered,
)
from fitplan.catalog.text.shapes import Shape, catalog_shape

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


class Deviation(NamedTuple):
    """One place where a text isn't in canonical form."""

    line: int
    """From 1."""
    column: int
    """From 1."""
    message: str
    """What is wrong and what to write."""


_LINE_ENDS = Deviation(1, 1, "end every line, the last one too, in one way; no byte order mark")


def canonical(text: str) -> str:
    """`text`, a catalog that loads, in canonical form; it says the same as before.

    Its comments stay with their entries, and so do line ends, where all of them are CR LF. A text
    that isn't a mapping comes back as it is.
    """
    root = compose(text)
    if not isinstance(root, yaml.MappingNode) or not root.value:
        return text
    lines = split_lines(text.removeprefix(_BOM))
    comments = attach(root, catalog_shape(), lines)
    above = comments.above.get(root.value[0][0].start_mark.line, [])
    head = above[: _after_last_blank(above)]
    del above[: len(head)]
    written = [Line(line, remark=True) for line in head]
    written += Writer(lines, comments).lines(root, catalog_shape(), 0)
    written += [Line(line, remark=True) for line in comments.tail]
    ending = "\r\n" if _all_crlf(text) else "\n"
    return ending.join(_single_blanks(written)) + ending


def _all_crlf(text: str) -> bool:
    return 0 < text.count("\r\n") == text.count("\n")


def _after_last_blank(lines: Sequence[str]) -> int:
    return max((number + 1 for number, line in enumerate(lines) if not line), default=0)


def _single_blanks(lines: Sequence[Line]) -> Iterator[str]:
    """The lines without repeated, first and last blank ones; those inside of texts stay."""
    waiting = False
    started = False
    for line in lines:
        if line.remark and not line.text:
            waiting = started
            continue
        if waiting:
            yield ""
        waiting, started = False, True
        yield line.text


def deviations(text: str) -> list[Deviation]:
    """Where `text`, a catalog that loads, departs from canonical form; in order of place.

    Spacing is only looked at when nothing else is wrong: order and layout move whole lines.
    """
    root, wanted = compose(text), canonical(text)
    if root is None or wanted == text:
        return []
    lines = split_lines(text.removeprefix(_BOM))
    found = sorted(set(_in_node(root, catalog_shape(), lines, in_flow=False)))
    if found:
        return found
    return list(_in_spacing(lines, split_lines(wanted))) or [_LINE_ENDS]


def _in_node(
    node: yaml.Node, shape: Shape, lines: Sequence[str], in_flow: bool
) -> Iterator[Deviation]:
    if isinstance(node, yaml.ScalarNode):
        yield from _in_scalar(node, lines, in_flow)
        return
    yield from _in_order(node, shape)
    if _in_other_layout(node, shape):
        ways = ("one line, in braces", "a block, one entry per line")
        is_block = not shape.block
        yield _at(node, f"stands as {ways[is_block]}; write it as {ways[not is_block]}")
    for child in children(node):
        key, value = child
        inner = shape.child(name_of(child))
        flow = in_flow or not in_block(node, shape)
        if key is not None:
            yield from _in_node(key, Shape(), lines, flow)
        yield from _in_node(value, inner, lines, flow)


def _in_other_layout(node: yaml.Node, shape: Shape) -> bool:
    if not isinstance(node, yaml.CollectionNode) or not node.value or shape.block is None:
        return False
    return shape.block == bool(node.flow_style)


def _in_scalar(node: yaml.ScalarNode, lines: Sequence[str], in_flow: bool) -> Iterator[Deviation]:
    start, end = node.start_mark, node.end_mark
    if block_style(node) or start.line != end.line:
        return
    found = lines[start.line][start.column : end.column]
    wanted = scalars.written(node, in_flow)
    if found != wanted:
        yield _at(node, f"write {found or 'nothing'} as {wanted}")


def _in_order(node: yaml.Node, shape: Shape) -> Iterator[Deviation]:
    before = children(node)
    for child, wanted in zip(before, ordered(node, shape), strict=True):
        if child is not wanted and child[1] is not wanted[1]:
            yield _at(wanted[0] or wanted[1], _out_of_order(shape, name_of(wanted), name_of(child)))
            return


def _out_of_order(shape: Shape, name: str, before: str) -> str:
    match shape.order:
        case "ladder":
            return "larger than a file above it: a release's files stand largest first"
        case "types":
            return f"{name} stands before {before}: the largest tensor type comes first"
        case _:
            return f"{name} stands before {before}"


def _in_spacing(lines: Sequence[str], wanted: Sequence[str]) -> Iterator[Deviation]:
    for kind, a, b, c, d in SequenceMatcher(None, lines, wanted, autojunk=False).get_opcodes():
        if kind == "insert":
            yield Deviation(min(a, len(lines)) + 1, 1, f"write {wanted[c]!r} above")
        elif kind == "delete":
            yield Deviation(a + 1, 1, "leave this line out")
        elif kind == "replace":
            for number in range(a, b):
                text = wanted[min(c + number - a, d - 1)].strip()
                column = _first_difference(lines[number], wanted[min(c + number - a, d - 1)])
                yield Deviation(number + 1, column, f"spacing: write `{text}`")


def _first_difference(line: str, wanted: str) -> int:
    pairs = zip(line, wanted, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(line), len(wanted)))
    return same + 1


def _at(node: yaml.Node, message: str) -> Deviation:
    return Deviation(node.start_mark.line + 1, node.start_mark.column + 1, message)
