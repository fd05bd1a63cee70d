"""Take out of a file what can't be used, so that the rest can still be held against the facts."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from pydantic_core import ErrorDetails

from fitplan.catalog import CatalogFile
from fitplan.catalog.document import Document
from fitplan.catalog.problems import Loc, Problem
from fitplan.catalog.references import KnownNames, broken_references, names_of
from fitplan.catalog.validation import misspelt_keys, schema_problems, validated
from fitplan.catalog.yaml_pitfalls import open_trap
from fitplan.questions.check.limits import MOST

ROUNDS = 12
"""Taking out one entry can leave another without what it needs; no chain is longer."""

_DISPENSABLE = frozenset({"url", "as_of", "note", "steps", "elo", "file", "license", "confidence"})
"""Keys without which the rest of their entry still says the same about bytes."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A document's data, mended where it is clear how and cut where not; knows the old places."""

    whole: Any
    removed: frozenset[Loc] = frozenset()
    renamed: Mapping[Loc, str] = field(default_factory=dict)
    """Misspelt keys → what they mean."""
    values: Mapping[Loc, Any] = field(default_factory=dict)
    """Values that YAML misread → what they mean."""

    @property
    def untouched(self) -> bool:
        """Whether the data is as it was."""
        return not (self.removed or self.renamed or self.values)

    @property
    def data(self) -> Any:
        """What is left."""
        if self.untouched:
            return self.whole
        around = {loc[:-1] for loc in (*self.removed, *self.renamed, *self.values)}
        touched = {loc[:n] for loc in around for n in range(len(loc) + 1)} | self.values.keys()
        return self._left(self.whole, (), touched)

    def _left(self, value: Any, loc: Loc, touched: Set[Loc]) -> Any:
        if loc not in touched:
            return value
        if loc in self.values:
            return self.values[loc]
        if isinstance(value, dict):
            pairs = {k: v for k, v in value.items() if (*loc, k) not in self.removed}
            return {
                self.renamed.get((*loc, k), k): self._left(v, (*loc, k), touched)
                for k, v in pairs.items()
            }
        if isinstance(value, list):
            kept = [i for i in range(len(value)) if (*loc, i) not in self.removed]
            return [self._left(value[i], (*loc, i), touched) for i in kept]
        return value

    def without(self, locs: Iterable[Loc]) -> "Cut":
        """Cut out more; `locs` are places in the whole data."""
        return replace(self, removed=self.removed | frozenset(locs))

    def mended(self, renamed: Mapping[Loc, str], values: Mapping[Loc, Any]) -> "Cut":
        """Mend more keys and values, by their places in the whole data."""
        return replace(self, renamed={**self.renamed, **renamed}, values={**self.values, **values})

    def touched(self, loc: Loc) -> bool:
        """Whether the value at `loc` of the whole data was cut or mended before."""
        return loc in self.removed or loc in self.renamed or loc in self.values

    def original(self, loc: Loc) -> Loc:
        """Place in the whole data of the value at `loc` of what is left."""
        found: Loc = ()
        value = self.whole
        for step in loc:
            if isinstance(value, list) and isinstance(step, int):
                kept = [i for i in range(len(value)) if (*found, i) not in self.removed]
                step = kept[step] if step < len(kept) else step
            step = self._written(found, step)
            found = (*found, step)
            value = _get(value, step)
        return found

    def _written(self, parent: Loc, key: int | str) -> int | str:
        """How the key is spelt in the whole data."""
        meant = (old[-1] for old, new in self.renamed.items() if (*old[:-1], new) == (*parent, key))
        return next(meant, key)


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
    unknown_keys: int = 0
    """Unknown keys that are not among `problems`, because there are more than are shown."""


def sound(document: Document, base: CatalogFile, names: KnownNames) -> Sound:
    """The entries of `document` that validate and whose references resolve over `base`.

    `names`: everything that entries may refer to, whether it can be used or not.
    """
    cut = Cut(document.data)
    problems: list[Problem] = []
    asked, surplus = False, frozenset[Loc]()
    for _ in range(ROUNDS):
        file = validated(cut.data)
        if not isinstance(file, CatalogFile):
            if cut.untouched:
                surplus = _surplus(file)
                cut, file = cut.without(surplus), [d for d in file if d["loc"] not in surplus]
                details = file
            else:
                details = [_moved(cut, detail) for detail in file]
            problems += schema_problems(document, [d for d in details if _is_news(cut, d)])
            cut = _better(document, cut, details)
            continue
        if not asked:
            problems += _placed(document, cut, broken_references(file, names))
            asked = True
        broken = list(broken_references(file, names_of(base.overlaid(file))))
        if not broken:
            return Sound(file, cut, tuple(problems), len(surplus))
        cut = cut.without(_entry(cut.original(problem.loc)) for problem in broken)
    return Sound(CatalogFile(version=1), Cut(None), tuple(problems), len(surplus))


def _surplus(details: Iterable[ErrorDetails]) -> frozenset[Loc]:
    """Unknown keys beyond those that are shown; each of 200,000 would take its time."""
    unknown = (detail["loc"] for detail in details if detail["type"] == "extra_forbidden")
    return frozenset(islice(unknown, MOST, None))


def _moved(cut: Cut, detail: ErrorDetails) -> ErrorDetails:
    moved = detail.copy()
    moved["loc"] = cut.original(detail["loc"])
    return moved


def _placed(document: Document, cut: Cut, problems: Iterator[Problem]) -> Iterator[Problem]:
    """Problems at their places; what a release says for all its files is reported there, once."""
    for problem in problems:
        loc = cut.original(problem.loc)
        if loc[-1] in ("source", "recipe") and document.scalar(loc) is None:
            stated = (*loc[:4], loc[-1])
            loc = stated if document.scalar(stated) else loc
        yield Problem(problem.rule, loc, problem.message, problem.cure)


def _is_news(cut: Cut, detail: ErrorDetails) -> bool:
    """Whether a complaint isn't merely about what was taken out before."""
    loc = detail["loc"]
    if detail["type"] == "too_short" and any(gone[:-1] == loc for gone in cut.removed):
        return False
    return not cut.touched(loc)


def _better(document: Document, cut: Cut, details: list[ErrorDetails]) -> Cut:
    """Mend what can be mended; when that was tried, or can't be, cut."""
    news = [d for d in details if not cut.touched(d["loc"])]
    renamed = misspelt_keys(news)
    solved = {(*loc[:-1], key) for loc, key in renamed.items()} | set(renamed)
    values = {d["loc"]: value for d in news if (value := _meant(document, d)) is not None}
    rest = [d for d in details if d["loc"] not in solved and d["loc"] not in values]
    return cut.mended(renamed, values).without(_faulty(cut, rest))


def _meant(document: Document, detail: ErrorDetails) -> Any:
    """What a value that YAML misread is meant to be; None when it isn't clear."""
    if detail["type"] in ("extra_forbidden", "missing"):
        return None
    node = document.scalar(detail["loc"])
    if node is None or open_trap(node) is None:
        return None
    if not detail["type"].startswith(("int_", "float_")):
        return node.value
    try:
        return int(float(node.value))
    except (ValueError, OverflowError):
        return None


def _faulty(cut: Cut, details: Iterable[ErrorDetails]) -> Iterator[Loc]:
    for detail in details:
        loc = detail["loc"]
        alone = detail["type"] == "extra_forbidden" or (loc and loc[-1] in _DISPENSABLE)
        yield loc if alone and not cut.touched(loc) else _entry(loc)


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
