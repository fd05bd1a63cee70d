"""Compares a file's tensors with a table: what is missing, left over, or of another shape."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Tensor
from fitplan.architectures.known import Roots
from fitplan.architectures.names import apart
from fitplan.architectures.table import Axis, Counts, Expected, Section, Table, expect
from fitplan.architectures.tabulation import Numbers, Shape, elements_of

_PACKING = frozenset({"U8", "I8", "I32"})
"""Types that quantizations pack several numbers of fewer bits into."""


class Contents:
    """The tensors of a file that belong to its model, by the architecture's names for them."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        self.shapes: Mapping[str, Shape] = {name: t.shape for name, t in tensors.items()}

    @cached_property
    def numbers(self) -> Mapping[str, Sequence[Numbers]]:
        """Skeleton → the numbers of each name."""
        found: dict[str, list[Numbers]] = {}
        for name in self.shapes:
            skeleton, numbers = apart(name)
            found.setdefault(skeleton, []).append(numbers)
        return found

    def blocks(self, stem: str) -> int:
        """One more than the highest number behind `stem`; 0 without any."""
        skeleton = f"{apart(f'{stem}.0')[0]}."
        at = skeleton.count("#") - 1
        numbered = (
            n for s, members in self.numbers.items() if s.startswith(skeleton) for n in members
        )
        return 1 + max((numbers[at] for numbers in numbered), default=-1)

    def like(self, name: str, expected: Shape) -> bool:
        """Whether a tensor holds as many numbers as `expected` does, folded or packed or not."""
        tensor = self._tensors[name]
        wanted = elements_of(expected)
        if tensor.elements == wanted:
            return True
        bits = 8 * TENSOR_TYPES[tensor.type].bytes_for(tensor.elements)
        return tensor.type in _PACKING and wanted <= bits <= 8 * wanted


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A tensor with another number of elements than its table has."""

    name: str
    """Without the prefix of its section."""
    shape: Shape
    expected: Shape


@dataclass(frozen=True, slots=True)
class TensorComparison:
    """A file's tensors held against one table."""

    table: Table
    roots: Roots
    counts: tuple[Counts, ...]
    """Blocks of each section in the file."""
    expected: int
    """Tensors that the table has for so many blocks, optional ones left out."""
    missing: tuple[str, ...]
    """Names that should be there, sorted."""
    unexplained: tuple[str, ...]
    """Names that the table has no place for, sorted."""
    reshaped: tuple[Reshaped, ...]
    optional_missing: int

    @property
    def fixed(self) -> tuple[Reshaped, ...]:
        """Tensors of another shape along an axis that no variant of the family changes."""
        return tuple(r for r in self.reshaped if any(_touches(r, a) for a in self.table.head.fixed))

    @property
    def matches(self) -> bool:
        """Whether all tensors are explained: the file is the architecture, or a variant of it."""
        return not (self.missing or self.unexplained or self.fixed)

    @property
    def distance(self) -> tuple[int, int, int]:
        """Tensors of other shapes, blocks more or fewer, optional tensors that aren't there."""
        return (
            len(self.reshaped),
            sum(abs(a - b) for a, b in self.blocks.values()),
            self.optional_missing,
        )

    @property
    def blocks(self) -> Mapping[str, tuple[int, int]]:
        """Stem of blocks → how many there are in the file, and in the table."""
        return {
            stem: (count, ordinary)
            for section, counts in zip(self.table.sections, self.counts, strict=True)
            for (stem, count), (_, ordinary) in zip(counts, section.counts, strict=True)
        }

    @property
    def misfits(self) -> int:
        """Tensors missing, unexplained, or of a shape no variant has."""
        return len(self.missing) + len(self.unexplained) + len(self.fixed)


def _touches(reshaped: Reshaped, axis: Axis) -> bool:
    name, at = axis
    same_rank = len(reshaped.shape) == len(reshaped.expected)
    return reshaped.name == name and (not same_rank or reshaped.shape[at] != reshaped.expected[at])


def compare(contents: Contents, table: Table, roots: Roots) -> TensorComparison:
    """`contents` held against `table`, first with the table's blocks, then with the file's own."""
    ordinary = tuple(section.counts for section in table.sections)
    first = _compare(contents, table, roots, ordinary)
    if not (first.missing or first.unexplained):
        return first
    own = tuple(
        _own_counts(contents, section, root)
        for section, root in zip(table.sections, roots, strict=True)
    )
    return first if own == ordinary else _compare(contents, table, roots, own)


def _own_counts(contents: Contents, section: Section, root: str | None) -> Counts:
    if root is None:
        return section.counts
    return tuple((stem, contents.blocks(root + stem) or usual) for stem, usual in section.counts)


def _compare(
    contents: Contents, table: Table, roots: Roots, counts: tuple[Counts, ...]
) -> TensorComparison:
    names = contents.shapes
    missing: set[str] = set()
    unexplained = set(names)
    reshaped: list[Reshaped] = []
    total = optional_missing = 0
    for section, root, blocks in zip(table.sections, roots, counts, strict=True):
        if root is None:
            continue
        expected = expect(section, blocks, root)
        lacking = expected.shapes.keys() - names.keys()
        missing |= lacking - expected.optional
        optional_missing += len(lacking & expected.optional)
        total += len(expected.shapes) - len(expected.optional)
        unexplained -= expected.shapes.keys()
        reshaped += _reshaped(contents, expected, len(root))
    anywhere = {n: s for section in table.sections for n, s in section.anywhere.items()}
    stray = {name: _ending(name, anywhere) for name in unexplained} if anywhere else {}
    reshaped += [
        Reshaped(n, names[name], anywhere[n])
        for name, n in stray.items()
        if n and not contents.like(name, anywhere[n])
    ]
    return TensorComparison(
        table=table,
        roots=roots,
        counts=counts,
        expected=total,
        missing=tuple(sorted(missing)),
        unexplained=tuple(sorted(name for name in unexplained if not stray.get(name))),
        reshaped=tuple(reshaped),
        optional_missing=optional_missing,
    )


def _reshaped(contents: Contents, expected: Expected, cut: int) -> list[Reshaped]:
    names = contents.shapes
    if expected.shapes.items() <= names.items():
        return []
    return [
        Reshaped(name[cut:], names[name], shape)
        for name, shape in expected.shapes.items()
        if name in names and names[name] != shape and not contents.like(name, shape)
    ]


def _ending(name: str, known: Iterable[str]) -> str:
    """Which of `known` stands at the end of `name`, after a dot or alone; "" for none."""
    return next((end for end in known if name == end or name.endswith(f".{end}")), "")
