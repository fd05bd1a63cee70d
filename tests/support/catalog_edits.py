"""Edits to the text of the shipped catalog, and what a check says about the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from catalogs import shipped
from fitplan.catalog import reading
from fitplan.catalog.document import Document
from fitplan.questions import check as checks
from fitplan.questions.check import checking

TEXT = reading.shipped_path().read_text(encoding="utf-8")


@dataclass(frozen=True)
class Change:
    """What a person changes in one place: text that stands there once, or after `within`."""

    kind: str
    old: str
    new: str
    within: str = ""
    """Text that stands once in the catalog; `old` is the next after it. Empty: `old` is alone."""

    @property
    def at(self) -> int:
        """Where `old` begins. Raises AssertionError when that isn't clear."""
        start = TEXT.index(self.within) if self.within else 0
        assert TEXT.count(self.within or self.old) == 1, f"{self.kind}: not in one place"
        return TEXT.index(self.old, start)

    @property
    def text(self) -> str:
        """The whole catalog after the edit."""
        return TEXT[: self.at] + self.new + TEXT[self.at + len(self.old) :]

    @property
    def line(self) -> int:
        """The line, from 1, of the first character that differs."""
        pairs = zip(self.old, self.new, strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), 0)
        return TEXT[: self.at + same].count("\n") + 1


def findings(*texts: str) -> tuple[checks.Finding, ...]:
    """What a strict check of the texts finds that it doesn't find in the catalog itself.

    Without canonical form, which says nothing about facts and takes most of the time.
    """
    known = {(f.rule, f.message) for f in _all_findings((TEXT,))}
    return tuple(f for f in _all_findings(texts) if (f.rule, f.message) not in known)


@cache
def _all_findings(texts: Sequence[str]) -> tuple[checks.Finding, ...]:
    documents = [Document(text, f"m{i}.yaml") for i, text in enumerate(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "departures", lambda subject: iter(()))
        return checks.check(documents, lambda: shipped().file).findings
