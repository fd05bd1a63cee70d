"""The text of a table of tensors, and back: one line for all names that differ in numbers alone.

    double_blocks.[0-18].img_attn.qkv.weight 9216 3072

`{0-2,5}` stands for each of these numbers; in square brackets they are blocks of the model, of
which a variant may have more or fewer. The shape follows the pattern, `-` for a scalar. A
line that begins with `?` may be missing; one with `~` may be missing or stand under any prefix.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from fitplan.architectures.names import apart

Shape = tuple[int, ...]
Numbers = tuple[int, ...]
Box = tuple[Numbers, ...]
"""For each number in a skeleton those that stand there: every combination of them is a name."""

_SLOT = re.compile(r"(?<![^.])(?:\{([\d,-]+)\}|\[([\d,-]+)\]|(\d+))(?![^.])")
_MARKS = "?~"
_PATTERN = re.compile(r"^(?:([?~]) )?(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PatternLine:
    """Names that differ in numbers alone, and the shape they share."""

    skeleton: str
    numbers: tuple[Numbers, ...]
    """For each `#` of the skeleton the numbers that stand there."""
    shape: Shape
    block: int = -1
    """Which `#` counts the model's blocks; -1: none."""
    mark: str = ""
    """`?` may be missing; `~` may be missing, or stand under any prefix."""

    @property
    def stem(self) -> str:
        """The text before the number of a block, without the dot; "" without a block."""
        if self.block < 0:
            return ""
        return "#".join(self.skeleton.split("#")[: self.block + 1])[:-1]

    def names(self) -> Iterator[str]:
        """Every name of the line."""
        template = _template(self.skeleton)
        return (template.format(*numbers) for numbers in product(*self.numbers))


def tabulate(tensors: Iterable[tuple[str, Shape]], blocks: Sequence[str] = ()) -> str:
    """The lines of a table of these tensors; `blocks` are what precedes the numbers of blocks."""
    groups: dict[tuple[str, Shape], list[Numbers]] = {}
    for name, shape in tensors:
        skeleton, numbers = apart(name)
        groups.setdefault((skeleton, tuple(shape)), []).append(numbers)
    lines = (
        written(PatternLine(skeleton, box, shape, _block_of(skeleton, blocks)))
        for (skeleton, shape), members in groups.items()
        for box in _boxes(members)
    )
    return "".join(f"{line}\n" for line in lines)


def written(line: PatternLine) -> str:
    """`line` as text."""
    slots = iter(_slot(numbers, block=i == line.block) for i, numbers in enumerate(line.numbers))
    pattern = ".".join(next(slots) if part == "#" else part for part in line.skeleton.split("."))
    shape = " ".join(map(str, line.shape)) or "-"
    return " ".join(filter(None, (line.mark, pattern, shape)))


def parsed(text: str) -> PatternLine:
    """The line that `text` says; ValueError when it says none."""
    mark, rest = (text[0], text[1:].strip()) if text[0] in _MARKS else ("", text)
    pattern, *lengths = rest.split()
    slots = list(_SLOT.finditer(pattern))
    return PatternLine(
        skeleton=_skeleton(pattern),
        numbers=tuple(_numbers(found[1] or found[2] or found[3]) for found in slots),
        shape=() if lengths == ["-"] else tuple(map(int, lengths)),
        block=next((i for i, found in enumerate(slots) if found[2]), -1),
        mark=mark,
    )


def skeletons_of(text: str) -> list[tuple[str, str]]:
    """Mark and skeleton of each line of `text`: quicker than parsing it."""
    return [(mark, _skeleton(pattern)) for mark, pattern in _PATTERN.findall(text)]


@lru_cache(1 << 15)
def _skeleton(pattern: str) -> str:
    return _SLOT.sub("#", pattern)


def expanded(text: str) -> list[tuple[str, Shape]]:
    """The tensors whose table `text` is."""
    lines = map(parsed, filter(None, text.splitlines()))
    return [(name, line.shape) for line in lines for name in line.names()]


def _template(skeleton: str) -> str:
    escaped = skeleton.replace("{", "{{").replace("}", "}}")
    return ".".join("{}" if part == "#" else part for part in escaped.split("."))


def _block_of(skeleton: str, blocks: Sequence[str]) -> int:
    found = next((stem for stem in blocks if skeleton.startswith(f"{stem}.#.")), None)
    return -1 if found is None else found.split(".").count("#")


def _boxes(members: Sequence[Numbers]) -> list[Box]:
    """Sets of numbers whose products make up `members`, disjoint; merged axis by axis."""
    boxes: list[Box] = [tuple((number,) for number in numbers) for numbers in members]
    for axis in reversed(range(len(members[0]))):
        boxes = _merged(boxes, axis)
    return boxes


def _merged(boxes: Sequence[Box], axis: int) -> list[Box]:
    """Boxes that differ along `axis` alone made one."""
    alike: dict[Box, list[int]] = {}
    for box in boxes:
        alike.setdefault((*box[:axis], (), *box[axis + 1 :]), []).extend(box[axis])
    return [(*rest[:axis], tuple(sorted(set(n))), *rest[axis + 1 :]) for rest, n in alike.items()]


def _slot(numbers: Numbers, *, block: bool) -> str:
    text = ",".join(_runs(numbers))
    if block:
        return f"[{text}]"
    return text if len(numbers) == 1 else f"{{{text}}}"


def _runs(numbers: Numbers) -> Iterator[str]:
    start = previous = numbers[0]
    for number in (*numbers[1:], -1):
        if number == previous + 1:
            previous = number
            continue
        yield str(start) if start == previous else f"{start}-{previous}"
        start = previous = number


def _numbers(text: str) -> Numbers:
    found: list[int] = []
    for run in text.split(","):
        first, _, last = run.partition("-")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def elements_of(shape: Shape) -> int:
    """Elements of a tensor of `shape`."""
    count = 1
    for length in shape:
        count *= length
    return count
