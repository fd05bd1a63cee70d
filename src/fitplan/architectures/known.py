"""The tables of known architectures, found by the skeletons of a file's tensor names.

Tables are text in `tables/`, read when the first file is to be recognised. Those with the same
names up to numbers make up one group: a file is compared with the tables of the best groups only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from fitplan.architectures.names import apart, before, endings
from fitplan.architectures.table import Section, Table, read_table

TABLES = Path(__file__).parent / "tables"
_MOST_GROUPS = 4

Skeletons = frozenset[str]
Roots = tuple[str | None, ...]
"""For each section of a table the prefix of its names in a file; None: it isn't there."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Tables with the same skeletons, and where a file has their sections."""

    tables: tuple[Table, ...]
    roots: Roots
    score: float
    """Skeletons that file and tables share, of all that either has."""


@dataclass(frozen=True, slots=True)
class _Index:
    groups: Mapping[tuple[Skeletons, ...], tuple[Table, ...]]
    holding: Mapping[str, tuple[Skeletons, ...]]
    """Skeleton → the sections' sets of skeletons that it is in."""


@cache
def tables() -> tuple[Table, ...]:
    """Every table, by id."""
    paths = sorted(TABLES.glob("*.txt"))
    return tuple(read_table(path.stem, path.read_text("utf-8")) for path in paths)


def table_called(id: str) -> Table:
    """The table whose file is called `id`."""
    return next(table for table in tables() if table.id == id)


def width_of(table: Table) -> int:
    """The hidden size of an architecture; 0 where its table names none."""
    if table.head.width is None:
        return 0
    name, axis = table.head.width
    return next(line.shape for line in table.main.lines if name in line.names())[axis]


@cache
def declarable() -> frozenset[str]:
    """Every value of `general.architecture` that some known architecture goes by."""
    return frozenset(value for table in tables() for value in table.head.gguf)


@cache
def _index() -> _Index:
    groups: dict[tuple[Skeletons, ...], list[Table]] = {}
    holding: dict[str, dict[Skeletons, None]] = {}
    for table in tables():
        groups.setdefault(tuple(part.skeletons for part in table.sections), []).append(table)
        for section in table.sections:
            for skeleton in section.skeletons:
                holding.setdefault(skeleton, {})[section.skeletons] = None
    return _Index(
        {key: tuple(members) for key, members in groups.items()},
        {skeleton: tuple(sets) for skeleton, sets in holding.items()},
    )


def candidates(names: Iterable[str]) -> Sequence[Shortlist]:
    """The few groups of tables most like a file with tensors called `names`, best first."""
    first_of_each: dict[str, str] = {}
    for name in names:
        first_of_each.setdefault(apart(name)[0], name)
    roots = _roots(first_of_each)
    if not roots:
        return ()
    total = len(first_of_each)
    found = [
        _scored(members, sets, roots, total)
        for sets, members in _index().groups.items()
        if sets[0] in roots
    ]
    found.sort(key=lambda candidates: -candidates.score)
    return found[:_MOST_GROUPS]


def _roots(first_of_each: Mapping[str, str]) -> dict[Skeletons, tuple[str, int]]:
    """For each set of skeletons the prefix under which most of it is there, and how many are."""
    votes: dict[Skeletons, dict[str, int]] = {}
    for skeleton, name in first_of_each.items():
        for cut, sets in _holding(skeleton):
            root = before(name, cut)
            for each in sets:
                counts = votes.setdefault(each, {})
                counts[root] = counts.get(root, 0) + 1
    return {each: max(counts.items(), key=_clearest) for each, counts in votes.items()}


@lru_cache(1 << 14)
def _holding(skeleton: str) -> tuple[tuple[int, tuple[Skeletons, ...]], ...]:
    """Parts cut off the front of `skeleton`, and the sets that what remains is in."""
    holding = _index().holding
    cuts = enumerate(endings(skeleton))
    return tuple((cut, holding[ending]) for cut, ending in cuts if ending in holding)


def _clearest(vote: tuple[str, int]) -> tuple[int, int]:
    return vote[1], -len(vote[0])


def _scored(
    members: tuple[Table, ...],
    sets: tuple[Skeletons, ...],
    roots: Mapping[Skeletons, tuple[str, int]],
    total: int,
) -> Shortlist:
    shared = expected = 0
    prefixes: list[str | None] = []
    for section, skeletons in zip(members[0].sections, sets, strict=True):
        root, hits = roots.get(skeletons, ("", 0))
        there = not section.optional or 2 * hits > len(section.required)
        prefixes.append(root if there else None)
        shared += hits if there else 0
        expected += _least(section, hits) if there else 0
    return Shortlist(members, tuple(prefixes), shared / (expected + total - shared))


def _least(section: Section, hits: int) -> int:
    """Skeletons that a file of the architecture has of `section`: optional ones don't count."""
    return max(len(section.required), hits)
