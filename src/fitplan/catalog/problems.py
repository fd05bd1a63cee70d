"""What is wrong with a catalog file, as values: loading raises the first, `check` lists all."""

from collections.abc import Callable
from dataclasses import dataclass

Loc = tuple[int | str, ...]
"""Path of keys and indexes from a file's root to a value."""

Place = tuple[int, int]
"""Line and column, both from 1; (0, 0) is the file as a whole."""

WHOLE_FILE: Place = (0, 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the rule it breaks, where, and what is wrong."""

    rule: str
    loc: Loc
    message: str
    cure: str | Callable[[], str]
    """What to do about it (may be empty), or how to find out: the nearest of many names takes
    time, and of many mistakes only some are shown."""
    at: Place | None = None
    """Its place, when `loc` can't tell."""

    @property
    def hint(self) -> str:
        """The cure in words."""
        return self.cure if isinstance(self.cure, str) else self.cure()
