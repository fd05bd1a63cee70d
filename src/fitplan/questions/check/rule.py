"""A rule: one thing that holds in a good catalog, and the function that finds where it doesn't."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fitplan.catalog.problems import Loc
from fitplan.questions.check.finding import Severity
from fitplan.questions.check.subject import Subject

Hit = tuple[Loc, str, str]
"""Path of keys and indexes to the value, what is wrong, the cure."""


def _elsewhere(subject: Subject) -> Iterator[Hit]:
    """Such mistakes are found in the text, where files are read or written."""
    yield from ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    id: str
    severity: Severity
    about: str
    """What holds in a good catalog, in one sentence."""
    find: Callable[[Subject], Iterator[Hit]] = _elsewhere


def error(id: str, about: str, find: Callable[[Subject], Iterator[Hit]] = _elsewhere) -> Rule:
    """A rule whose breach makes an answer wrong, or a catalog unusable."""
    return Rule(id, Severity.ERROR, about, find)


def warning(id: str, about: str, find: Callable[[Subject], Iterator[Hit]]) -> Rule:
    """A rule whose breach is most likely a mistake, but needn't be."""
    return Rule(id, Severity.WARNING, about, find)


def warning_of_text(id: str, about: str) -> Rule:
    """A rule on how the text is written."""
    return Rule(id, Severity.WARNING, about)
