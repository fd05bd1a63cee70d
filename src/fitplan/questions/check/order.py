"""The rule of form and order: a catalog is written as `fitplan catalog format` writes it."""

from collections.abc import Iterator

from fitplan.catalog.problems import Problem
from fitplan.catalog.text import deviations
from fitplan.questions.check.rule import warning_of_text
from fitplan.questions.check.subject import Subject

RULES = (warning_of_text("canonical-form", "Order, quoting and numbers are the canonical ones."),)

_CURE = "`fitplan catalog format` rewrites the file"


def departures(subject: Subject) -> Iterator[Problem]:
    """Where the text isn't canonical; only a file that loads has a canonical form."""
    if subject.complete:
        for found in deviations(subject.document.text):
            yield Problem("canonical-form", (), found.message, _CURE, (found.line, found.column))
