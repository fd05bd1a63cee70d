"""Fifty single edits to the shipped catalog, as a slip of hand makes them: nearly all are found."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

import pytest

from catalogs import shipped
from fitplan.catalog import reading
from fitplan.catalog.document import Document
from fitplan.questions import check as checks
from fitplan.questions.check import checking

pytestmark = pytest.mark.slow

TEXT = reading.shipped_path().read_text(encoding="utf-8")
TODAY = date(2026, 12, 31)
SEED = 4


@dataclass(frozen=True)
class Edit:
    """One edit: what kind of slip, in which line, and the text after it."""

    kind: str
    line: int
    before: str
    after: str

    @property
    def text(self) -> str:
        """The whole catalog after the edit."""
        lines = TEXT.splitlines(keepends=True)
        return "".join([*lines[: self.line], self.after, *lines[self.line + 1 :]])

    def __str__(self) -> str:
        changed = f"{self.before.strip()} → {self.after.strip() or '(removed)'}"
        return f"line {self.line + 1}: {self.kind}: {changed}"


Slip = Callable[[Random, str], str]


def digit(random: Random, number: str) -> str:
    """One digit becomes another; the first never zero."""
    at = random.randrange(len(number))
    others = [d for d in "0123456789" if d != number[at] and (at or d != "0")]
    return number[:at] + random.choice(others) + number[at + 1 :]


def swapped(random: Random, text: str) -> str:
    """Two different neighbours change places."""
    places = [i for i in range(1, len(text) - 1) if text[i] != text[i + 1]]
    at = random.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def dropped(random: Random, text: str) -> str:
    """One character is missing."""
    at = random.randrange(1, len(text))
    return text[:at] + text[at + 1 :]


def doubled(random: Random, text: str) -> str:
    """One character stands twice."""
    at = random.randrange(len(text))
    return text[:at] + text[at] + text[at:]


def gib_for_gb(_: Random, number: str) -> str:
    """Bytes of a size in GB that was taken for GiB."""
    return str(round(int(number) / 10**9 * 2**30))


def kept(text: str) -> Slip:
    """Something else takes the place, whatever stood there."""
    return lambda _random, _before: text


def neighbour(_: Random, quant: str) -> str:
    """The quantization one step up or down."""
    return quant.translate(str.maketrans("345678", "434565"))


def month_13(_: Random, day: str) -> str:
    """A day of no calendar."""
    return f"{day[:5]}13{day[7:]}"


def year_later(_: Random, day: str) -> str:
    """The same day a year later."""
    return f"{int(day[:4]) + 1}{day[4:]}"


BYTES = r"\bbytes: (\d+)"
ELEMENTS = r"\b[A-Z]+[A-Z0-9_]+: (\d{4,})"
KINDS: tuple[tuple[int, str, str, Slip], ...] = (
    (6, "digit of a byte count", BYTES, digit),
    (3, "swapped digits of a byte count", BYTES, swapped),
    (2, "digit missing in a byte count", BYTES, dropped),
    (2, "digit doubled in a byte count", BYTES, doubled),
    (3, "GB taken for GiB", BYTES, gib_for_gb),
    (1, "byte count in powers of ten", BYTES, kept("7e9")),
    (4, "digit of an element count", ELEMENTS, digit),
    (2, "swapped digits of an element count", ELEMENTS, swapped),
    (1, "digit of a parameter count", r"^    parameters: (\d+)", digit),
    (1, "digit of a width", r"^    hidden_size: (\d+)", digit),
    (2, "another quantization", r"\{quant: (I?Q[3-8]_\w+)", neighbour),
    (1, "a quantization that isn't", r"\{quant: (Q\w+)", kept("Q9")),
    (1, "another tensor type", r"\b(Q[4-8]_[0K]): \d{4,}", neighbour),
    (2, "misspelt reference to a component", r"^    (?:denoiser|vae): (\S+)", swapped),
    (1, "misspelt reference to an architecture", r"^    architecture: (\S+)", dropped),
    (1, "misspelt reference to a recipe", r"^        recipe: (\S+)", doubled),
    (1, "misspelt reference to a source", r"^        source: (\S{4,})", swapped),
    (2, "misspelt id", r"^  ([a-z0-9.-]{6,}):$", swapped),
    (2, "misspelt key", r"^ +(architecture|publisher|confidence|parameters|license):", swapped),
    (1, "misspelt family", r"^    family: (\S{5,})", swapped),
    (1, "missing source", r"^( +source: \S+\n)", kept("")),
    (2, "missing key", r"^( +(?:format|kind|license|architecture): .+\n)", kept("")),
    (1, "bare no", r"^    distilled: (\S+)", kept("no")),
    (1, "misspelt host", r"https://(huggingface\.co)/", swapped),
    (1, "impossible date", r"date: (\d{4}-\d\d-\d\d)", month_13),
    (1, "date after its source", r"page, date: (\d{4}-\d\d-\d\d)", year_later),
    (1, "digits of an observation", r"cache_gib: (\d+\.\d+)", kept("12.03")),
    (2, "misspelt runtime", r"runtime: (\w+)@", swapped),
)


def edits() -> Iterator[Edit]:
    """The same fifty every time: each kind of slip at places drawn from the whole file."""
    random = Random(SEED)
    lines = TEXT.splitlines(keepends=True)
    for count, kind, pattern, slip in KINDS:
        found = [(i, m) for i, line in enumerate(lines) for m in re.finditer(pattern, line)]
        for i, match in random.sample(found, count):
            before, (start, end) = lines[i], match.span(1)
            yield Edit(kind, i, before, before[:start] + slip(random, match[1]) + before[end:])
    i, line = random.choice([(i, s) for i, s in enumerate(lines) if s.startswith("    license:")])
    yield Edit("duplicated key", i, line, line + line)


EDITS = list(edits())


def why_not(edit: Edit) -> str:
    """Why an edit can't be found."""
    if "byte count" in edit.kind:
        return "the bytes are still the tensors and a header as long as such headers can be"
    return "no rule knows this fact"


Told = dict[Edit, list[checks.Finding]]


def findings(text: str) -> tuple[checks.Finding, ...]:
    """What a strict check of the text finds."""
    document = Document(text, "models.yaml")
    return checks.check([document], lambda: shipped().file, TODAY).findings


@pytest.fixture(scope="module")
def told() -> Told:
    """Every edit, and what a check finds in its text that it doesn't find in the catalog itself.

    Canonical form is left out: it says nothing about facts, and takes most of the time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "departures", lambda subject: iter(()))
        known = {(f.rule, f.message) for f in findings(TEXT)}
        return {
            edit: [f for f in findings(edit.text) if (f.rule, f.message) not in known]
            for edit in EDITS
        }


def test_there_are_fifty_different_edits() -> None:
    """Each changes the file, and no two the same way."""
    assert len(EDITS) == 50
    assert len({edit.text for edit in EDITS} | {TEXT}) == 51


def both_lists(told: Told) -> Iterator[str]:
    """What was found, with the first finding; what wasn't, and why."""
    yield f"found, {sum(map(bool, told.values()))} of {len(told)}:"
    for edit, found in told.items():
        if found:
            rules = ", ".join(sorted({finding.rule for finding in found}))
            yield f"  {edit}\n    {rules}: {found[0].message} ({found[0].cure})"
    yield "not found:"
    missed = [edit for edit in EDITS if not told[edit]]
    yield from (f"  {edit}\n    {why_not(edit)}" for edit in missed)
    yield from ([] if missed else ["  nothing"])


def test_nearly_all_edits_are_found(told: Told) -> None:
    """At least 48 of 50, and none ends in a crash. `pytest -rP` shows both lists."""
    found = [edit for edit in EDITS if told[edit]]
    sys.stdout.writelines(f"{line}\n" for line in both_lists(told))
    assert len(found) >= 48


def test_most_findings_stand_where_the_edit_was(told: Told) -> None:
    """Four of five are found in their own line or the one after; an id where it is named."""
    right = [
        any(f.line in (edit.line + 1, edit.line + 2) for f in found)
        for edit, found in told.items()
        if found
    ]
    assert sum(right) >= 0.8 * len(right)
