"""Rules that only the hub can answer; they are asked with `fitplan check --online` alone."""

from collections.abc import Callable, Iterator

from fitplan.questions.check.finding import Severity
from fitplan.questions.check.rule import Hit, Rule
from fitplan.questions.check.subject import Subject

RULES = (
    Rule("hub-changed", Severity.ERROR, "The hub has the bytes and weight groups stated."),
    Rule("hub-renamed", Severity.ERROR, "Files and repositories have the names stated."),
    Rule("hub-gone", Severity.ERROR, "What has an address on the hub is there."),
    Rule("hub-unknown", Severity.WARNING, "The hub can be asked about every file."),
)

Ask = Callable[[Subject], Iterator[tuple[str, Hit]]]
"""One of these rules' ids, and where it is broken."""
