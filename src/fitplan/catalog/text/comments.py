"""Comments and blank lines of a YAML text, each with the entry it belongs to."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT = re.compile(r"(?:^|(?<=\s))#")


def split_lines(text: str) -> list[str]:
    """The lines of `text` without their breaks, cut where YAML cuts them."""
    lines = _BREAK.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def block_style(node: yaml.Node) -> bool:
    """Whether a scalar is written as a block (`|`, `>`)."""
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")


def last_line(node: yaml.Node, lines: Sequence[str]) -> int:
    """The number of the last line that `node` itself stands on, without comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        child = node.value[-1]
        return last_line(child[1] if isinstance(child, tuple) else child, lines)
    if block_style(node):
        return _end_of_block(node, lines)
    return int(node.end_mark.line)


def _end_of_block(node: yaml.Node, lines: Sequence[str]) -> int:
    start = node.start_mark.line
    end = min(node.end_mark.line + (node.end_mark.column > 0), len(lines))
    content = range(start + 1, end)
    margin = next((_margin(lines[n]) for n in content if lines[n].strip()), 0)
    inside = [n for n in content if lines[n].strip() and _margin(lines[n]) >= margin]
    return inside[-1] if inside and node.value.strip() else start


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


@dataclass(slots=True)
class Comments:
    """What stands above entries, and behind them on their lines."""

    above: dict[int, list[str]] = field(default_factory=dict)
    """Line on which an entry starts → comment lines and blank lines above it."""
    behind: dict[int, list[str]] = field(default_factory=dict)
    """Line on which an entry starts → comments behind it, or inside of it."""
    tail: list[str] = field(default_factory=list)
    """Lines after the last entry."""


def comments_of(root: yaml.Node, lines: Sequence[str], entries: Mapping[int, int]) -> Comments:
    """The comments of a text; `entries`: first line of an entry → last line it fills alone."""
    found = Comments()
    starts = sorted(entries)
    covered, taken = _covered(root, lines)
    for number, line in enumerate(lines):
        if number in covered:
            continue
        at = _comment_in(line, taken.get(number, []))
        if line[:at].strip() and at is None:
            continue
        before = bisect_right(starts, number)
        owner = starts[before - 1] if before else -1
        inside = entries.get(owner, -1) >= number
        if inside and at is not None:
            found.behind.setdefault(owner, []).append(line[at:].rstrip())
        elif not inside:
            lone = line.rstrip() if not line[:at].strip() else line[at:].rstrip()
            after = before < len(starts)
            (found.above.setdefault(starts[before], []) if after else found.tail).append(lone)
    return found


def _comment_in(line: str, spans: Sequence[tuple[int, int]]) -> int | None:
    """Where the comment of a line starts; `spans`: columns that scalars take."""
    starts = (found.start() for found in _COMMENT.finditer(line))
    return next((at for at in starts if not any(a <= at < b for a, b in spans)), None)


def _covered(
    root: yaml.Node, lines: Sequence[str]
) -> tuple[set[int], dict[int, list[tuple[int, int]]]]:
    """Lines inside of scalars, and on other lines the columns that scalars take."""
    inside: set[int] = set()
    taken: dict[int, list[tuple[int, int]]] = {}
    for node in _scalars(root):
        start, end = node.start_mark, node.end_mark
        if block_style(node):
            inside.update(range(start.line + 1, last_line(node, lines) + 1))
            continue
        inside.update(range(start.line + 1, end.line))
        for number in {start.line, end.line}:
            begin = start.column if number == start.line else 0
            stop = end.column if number == end.line else len(lines[number])
            taken.setdefault(number, []).append((begin, stop))
    return inside, taken


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
