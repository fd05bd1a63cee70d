"""One known architecture in one naming: the head of its table and its sections of tensors.

    name: FLUX.1 Dev
    family: flux1
    kind: denoiser

    img_in.weight 3072 64
    double_blocks.[0-18].img_attn.qkv.weight 9216 3072

Empty lines separate head and sections. `[vision]` begins a section with a prefix of its own,
`[vision] optional` one that may be missing as a whole. The lines are those of `tabulation`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from fitplan.accounting.weights import Kind
from fitplan.architectures.tabulation import Numbers, PatternLine, Shape, parsed, skeletons_of

Counts = tuple[tuple[str, int], ...]
"""Stem of blocks → how many there are, sorted."""
Axis = tuple[str, int]
"""A tensor's name and one of its axes."""


@dataclass(frozen=True)
class Head:
    """What a table says about its architecture besides tensors."""

    name: str
    """As people write it."""
    family: str
    kind: Kind
    class_name: str = ""
    """Its class in diffusers or transformers; "" where it has none."""
    gguf: tuple[str, ...] = ()
    """Values of `general.architecture` that it goes by."""
    width: Axis | None = None
    """The axis that is the model's hidden size; None where nothing asks for it."""
    fixed: tuple[Axis, ...] = ()
    """Axes that no variant changes: another length there is another family."""
    under: str = ""
    """The dotted part that its prefix must end with; "" for any prefix."""
    only_if_named: bool = False
    """Whether it needs `general.architecture` to be told apart from another of the same tensors."""
    exact: bool = False
    """Whether it has no variants of its own: they are those of a table of the same names."""
    variant_of: str = ""
    """The table it is a known variant of: it is exact, and the answer says how it differs."""
    roles: str = ""
    """Name of roles that this naming has besides those of its family."""
    source: str = ""
    """Where names and shapes were seen; it says so where sizes were not."""

    @property
    def sizes_verified(self) -> bool:
        """Whether the sizes were read in a source, not only checked by a total."""
        return "sizes not read in a source" not in self.source


@dataclass(frozen=True, eq=False)
class Section:
    """Tensors of a table that share one prefix."""

    name: str
    """"" for the main one."""
    text: str
    """Its lines, which are parsed when they are needed."""
    optional: bool = False

    @cached_property
    def lines(self) -> tuple[PatternLine, ...]:
        """Every line."""
        return tuple(map(parsed, self.text.splitlines()))

    @cached_property
    def skeletons(self) -> frozenset[str]:
        """Skeletons of all names under the section's own prefix."""
        return frozenset(skeleton for mark, skeleton in skeletons_of(self.text) if mark != "~")

    @cached_property
    def required(self) -> frozenset[str]:
        """Skeletons of the names that must be there."""
        return frozenset(skeleton for mark, skeleton in skeletons_of(self.text) if not mark)

    @cached_property
    def samples(self) -> tuple[tuple[str, Shape], ...]:
        """The first name of each line, with its shape."""
        return tuple((next(line.names()), line.shape) for line in self.lines)

    @cached_property
    def counts(self) -> Counts:
        """How many blocks each stem has in the table."""
        highest: dict[str, int] = {}
        for line in self.lines:
            if line.block >= 0:
                last = max(line.numbers[line.block])
                highest[line.stem] = max(last, highest.get(line.stem, 0))
        return tuple(sorted((stem, last + 1) for stem, last in highest.items()))

    @cached_property
    def anywhere(self) -> Mapping[str, Shape]:
        """Names that may be missing or stand under any prefix."""
        return {
            name: line.shape for line in self.lines if line.mark == "~" for name in line.names()
        }


@dataclass(frozen=True)
class Expected:
    """The tensors that a section has with given numbers of blocks."""

    shapes: Mapping[str, Shape]
    optional: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, eq=False)
class Table:
    """One architecture in one naming."""

    id: str
    """Name of its file without the ending: `flux1-dev.reference`."""
    head: Head
    sections: tuple[Section, ...]

    @property
    def naming(self) -> str:
        """Whose names these are: reference, diffusers, hf, gguf …"""
        return self.id.rpartition(".")[2]

    @property
    def main(self) -> Section:
        """The section that every file of the architecture has."""
        return self.sections[0]


def read_table(id: str, text: str) -> Table:
    """The table that `text` says; ValueError or KeyError when it says none."""
    head, *sections = re.split(r"\n\n+", text.strip())
    entries = dict(line.split(": ", 1) for line in head.splitlines())
    return Table(id, _head(entries), tuple(map(_section, sections)))


def _section(text: str) -> Section:
    if not text.startswith("["):
        return Section("", text)
    title, _, lines = text.partition("\n")
    name, _, rest = title[1:].partition("]")
    return Section(name, lines, rest == " optional")


def _head(entries: Mapping[str, str]) -> Head:
    return Head(
        name=entries["name"],
        family=entries["family"],
        kind=Kind(entries["kind"]),
        class_name=entries.get("class", ""),
        gguf=tuple(entries.get("gguf", "").split()),
        width=next(_axes(entries.get("width", "")), None),
        fixed=tuple(_axes(entries.get("fixed", ""))),
        under=entries.get("under", ""),
        only_if_named=entries.get("only-if-named") == "yes",
        exact="variant-of" in entries or entries.get("exact") == "yes",
        variant_of=entries.get("variant-of", ""),
        roles=entries.get("roles", ""),
        source=entries.get("source", ""),
    )


def _axes(text: str) -> Iterator[Axis]:
    """`img_in.weight 0, txt_in.weight 1` → axes."""
    for axis in filter(None, text.split(", ")):
        name, number = axis.split()
        yield name, int(number)


@lru_cache(256)
def expect(section: Section, counts: Counts, root: str) -> Expected:
    """The tensors of `section` under `root` with `counts` blocks, without those of any prefix."""
    old, new = dict(section.counts), dict(counts)
    shapes: dict[str, Shape] = {}
    optional: set[str] = set()
    for line in section.lines:
        if line.mark == "~":
            continue
        names = [root + name for name in _resized(line, old, new).names()]
        shapes.update(dict.fromkeys(names, line.shape))
        if line.mark:
            optional.update(names)
    return Expected(shapes, frozenset(optional))


def _resized(line: PatternLine, old: Mapping[str, int], new: Mapping[str, int]) -> PatternLine:
    """`line` in a variant with other numbers of blocks."""
    if line.block < 0 or old[line.stem] == new[line.stem]:
        return line
    blocks = _stretched(line.numbers[line.block], old[line.stem], new[line.stem])
    numbers = (*line.numbers[: line.block], blocks, *line.numbers[line.block + 1 :])
    return PatternLine(line.skeleton, numbers, line.shape, line.block, line.mark)


def _stretched(blocks: Numbers, old: int, new: int) -> Numbers:
    """Which of `new` blocks have what `blocks` of `old` have.

    Rules that come from the end (the last block lacks something) are kept at the end.
    """
    lacking = sorted(set(range(old)) - set(blocks))
    if not lacking:
        return tuple(range(new))
    if lacking[-1] == old - 1 and lacking == list(range(lacking[0], old)) and 2 * len(blocks) > old:
        return tuple(range(new - len(lacking)))
    if blocks[0] > 0 and blocks == tuple(range(blocks[0], old)) and 2 * len(blocks) < old:
        return tuple(range(max(0, new - len(blocks)), new))
    if lacking == list(range(len(lacking))):
        return tuple(range(len(lacking), new))
    return tuple(block for block in blocks if block < new)
