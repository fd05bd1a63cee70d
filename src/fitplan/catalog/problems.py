"""What is wrong with a catalog file, as values: loading raises the first, `check` lists all."""

from dataclasses import dataclass

Loc = tuple[int | str, ...]
"""Path of keys and indexes from a file's root to a value."""

Place = tuple[int, int]
"""Line and column, both from 1; (0, 0) is the file as a whole."""

WHOLE_FILE: Place = (0, 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the rule it breaks, where, what is wrong, and the cure (may be empty)."""

    rule: str
    loc: Loc
    message: str
    cure: str
    at: Place | None = None
    """Where it stands, when `loc` can't tell."""
