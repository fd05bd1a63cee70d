"""How many findings of one rule are shown: the first of each, and the number of the others."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fitplan.catalog.document import Document
from fitplan.catalog.problems import Problem

MOST = 100
"""Findings of one rule in one file that are shown. Who has more mends the first and asks again."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The problems of one file that are shown, and how many more there are."""

    problems: tuple[Problem, ...]
    more: Mapping[str, int]
    """Rule → problems that are not shown; without rules whose problems all are."""


def shown(document: Document, problems: Iterable[Problem], unknown_keys: int = 0) -> Shown:
    """The first `MOST` problems of each rule; one that was found twice counts once.

    `unknown_keys`: those that were only counted, after the first `MOST`. A trap can be met when the
    text is read and again when its values are validated.
    """
    kept: list[Problem] = []
    counts: Counter[str] = Counter()
    seen: set[object] = set()
    for problem in problems:
        trap = problem.rule == "yaml-trap"
        key = document.place(problem) if trap else (problem.at or problem.loc, problem.message)
        if key in seen:
            continue
        seen.add(key)
        counts[problem.rule] += 1
        if counts[problem.rule] <= MOST:
            kept.append(problem)
    counts["unknown-key"] += unknown_keys
    more = {rule: count - MOST for rule, count in counts.items() if count > MOST}
    return Shown(tuple(kept), more)
