"""Names from catalogs and files, made safe to show."""

import re

_COMMAND = re.compile(r"^(?P<start>\s*:):|##(?=\w*\[)", re.MULTILINE)
"""What a CI log takes for a command: `::error` first in a line, `##[error]`, `##vso[` anywhere."""


def printable(text: str) -> str:
    """`text` with control characters (terminal escapes, line breaks) replaced."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def inert(text: str) -> str:
    """`text` whose lines no CI takes for a command: a blank parts the two signs that start one."""
    return _COMMAND.sub(lambda found: f"{found['start']} :" if found["start"] else "# #", text)
