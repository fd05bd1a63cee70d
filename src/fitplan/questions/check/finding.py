"""What a check finds: a place, the rule it breaks, what is wrong, and the cure."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; the value is what scripts see."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in one file; line and column count from 1."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
    cure: str
    """What to do about it; may be empty."""

    @property
    def place(self) -> str:
        """`file:line:column`, as editors and terminals understand it."""
        return f"{self.file}:{self.line}:{self.column}"
