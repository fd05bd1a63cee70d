"""Models on the hub as `fitplan inspect` shows them, with what they fit next to."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitplan.accounting.runtime import Runtime
from fitplan.hub.models import Found, RemoteModel
from fitplan.questions.fit import Choices, FitQuestion, Pair, Without, choose
from fitplan.questions.inspect import InRuntime, Inspected, Inspection, Unreadable


@dataclass(frozen=True, slots=True)
class RemoteRow:
    """One model on the hub, or why it can't be read."""

    found: Found
    inspected: Inspection
    beside: Pair | Without | None = None
    """The best pair it makes; None when not asked for, or when it can't be read."""


def rows(
    found: Sequence[Found], runtimes: Sequence[Runtime], question: FitQuestion | None
) -> list[RemoteRow]:
    """Every model with what it becomes and, when asked, the best pair it makes."""
    models = [item for item in found if isinstance(item, RemoteModel)]
    choices = choose(question, models) if question else Choices((), ())
    return [RemoteRow(item, _inspected(item, runtimes), _beside(item, choices)) for item in found]


def _inspected(item: Found, runtimes: Sequence[Runtime]) -> Inspection:
    if not isinstance(item, RemoteModel):
        return Unreadable(item.path, item.error)
    weights = item.model.weights
    return Inspected(item.model, tuple(InRuntime(r, r.residency(weights)) for r in runtimes))


def _beside(item: Found, choices: Choices) -> Pair | Without | None:
    """The first of its pairs, which stand in order; else the reason why there is none."""
    pairs = (pair for pair in choices.pairs if pair.candidate.remote is item)
    reasons = (reason for reason in choices.without if reason.remote is item)
    return next(pairs, None) or next(reasons, None)
