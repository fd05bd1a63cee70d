"""Wording and names of the source code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src/fitplan"
RIDDLES = re.compile(
    r"\b(somebody|nobody|hasn't|haven't|(is|are) told|no such thing as|is no (size|JSON))\b",
    re.IGNORECASE,
)
"""Words that messages, docstrings and comments do without."""
NOT_YET = ("cli", "render", "text")
"""Folders that are still to be reworded."""


def modules() -> Iterator[Path]:
    return SOURCE.rglob("*.py")


@pytest.mark.parametrize("text", ["Nobody said", "'x' is no size", "the user is told", "it hasn't"])
def test_riddles_are_recognized(text: str) -> None:
    """The pattern below finds what it is meant to find."""
    assert RIDDLES.search(text)


def test_wording_is_plain() -> None:
    """No message, docstring or comment uses one of the banned words."""
    found = [
        f"{path.relative_to(SOURCE)}:{number}: {line.strip()}"
        for path in modules()
        if path.parent.name not in NOT_YET
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if RIDDLES.search(line)
    ]
    assert found == []
