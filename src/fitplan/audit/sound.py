"""Take out of a file what can't be used, so that the rest can still be held against the facts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import ErrorDetails

from fitplan.catalog import CatalogFile
from fitplan.catalog.document import Document
from fitplan.catalog.form import schema_problems, validated
from fitplan.catalog.problems import Loc, Problem
from fitplan.catalog.references import Names, broken_references, names_of

ROUNDS = 12
"""Taking out one entry can leave another without what it needs; no chain is longer."""

_DISPENSABLE = frozenset({"url", "as_of", "note", "steps", "elo", "file", "license", "confidence"})
"""Keys without which the rest of their entry still says the same about bytes."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A document's data without the values at `removed`, and where the rest stood in it."""

    whole: Any
    removed: frozenset[Loc] = field(default_factory=frozenset)

    @property
    def data(self) -> Any:
        """What is left."""
        if not self.removed:
            return self.whole
        touched = frozenset(loc[:n] for loc in self.removed for n in range(len(loc)))
        return self._left(self.whole, (), touched)

    def _left(self, value: Any, loc: Loc, touched: frozenset[Loc]) -> Any:
        if loc not in touched:
            return value
        if isinstance(value, dict):
            pairs = {k: v for k, v in value.items() if (*loc, k) not in self.removed}
            return {k: self._left(v, (*loc, k), touched) for k, v in pairs.items()}
        if isinstance(value, list):
            kept = [i for i in range(len(value)) if (*loc, i) not in self.removed]
            return [self._left(value[i], (*loc, i), touched) for i in kept]
        return value

    def without(self, locs: Iterable[Loc]) -> "Cut":
        """Cut out more; `locs` are places in the whole data."""
        return Cut(self.whole, self.removed | frozenset(locs))

    def original(self, loc: Loc) -> Loc:
        """Where the value at `loc` of what is left stands in the whole data."""
        found: Loc = ()
        value = self.whole
        for step in loc:
            if isinstance(value, list) and isinstance(step, int):
                kept = [i for i in range(len(value)) if (*found, i) not in self.removed]
                step = kept[step] if step < len(kept) else step
            found = (*found, step)
            value = _get(value, step)
        return found


def _get(value: Any, step: int | str) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Sound:
    """What can be used of a file, and everything that was wrong with its form and references."""

    file: CatalogFile
    cut: Cut
    problems: tuple[Problem, ...]


def sound(document: Document, base: CatalogFile, names: Names) -> Sound:
    """The entries of `document` that validate and whose references resolve over `base`.

    `names`: everything that entries may refer to, whether it can be used or not.
    """
    cut = Cut(document.data)
    problems: list[Problem] = []
    asked = False
    for _ in range(ROUNDS):
        file = validated(cut.data)
        if not isinstance(file, CatalogFile):
            details = [_moved(cut, detail) for detail in file]
            problems += schema_problems(document, [d for d in details if _is_news(cut, d)])
            cut = cut.without(_faulty(cut, details))
            continue
        if not asked:
            problems += _placed(cut, broken_references(file, names))
            asked = True
        broken = list(broken_references(file, names_of(base.overlaid(file))))
        if not broken:
            return Sound(file, cut, tuple(problems))
        cut = cut.without(_entry(cut.original(problem.loc)) for problem in broken)
    return Sound(CatalogFile(version=1), Cut(None), tuple(problems))


def _moved(cut: Cut, detail: ErrorDetails) -> ErrorDetails:
    moved = detail.copy()
    moved["loc"] = cut.original(detail["loc"])
    return moved


def _placed(cut: Cut, problems: Iterator[Problem]) -> Iterator[Problem]:
    for problem in problems:
        loc = cut.original(problem.loc)
        yield Problem(problem.rule, loc, problem.message, problem.cure)


def _is_news(cut: Cut, detail: ErrorDetails) -> bool:
    """Whether a complaint isn't merely about what was taken out before."""
    loc, kind = detail["loc"], detail["type"]
    shortened = any(gone[:-1] == loc for gone in cut.removed)
    return loc not in cut.removed and not (kind == "too_short" and shortened)


def _faulty(cut: Cut, details: Iterable[ErrorDetails]) -> Iterator[Loc]:
    for detail in details:
        loc = detail["loc"]
        alone = detail["type"] == "extra_forbidden" or (loc and loc[-1] in _DISPENSABLE)
        yield loc if alone and loc not in cut.removed else _entry(loc)


def _entry(loc: Loc) -> Loc:
    """The smallest entry around `loc` that a catalog can do without."""
    match loc:
        case ("components", _, "releases", int(), "variants", int(), *_):
            return loc[:6]
        case ("architectures", _, "recipes", _, "quants", _, *_):
            return loc[:6]
        case ("components", _, "releases", int(), *_) | ("architectures", _, "recipes", _, *_):
            return loc[:4]
        case _:
            return loc[:2]
