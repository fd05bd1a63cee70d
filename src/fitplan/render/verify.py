"""Our reading of headers beside that of the reference libraries: JSON document and text."""

from collections.abc import Sequence

from fitplan.questions.verify import Verdict
from fitplan.render.documents.verify import VerifiedEntry, VerifyDocument
from fitplan.render.text import printable

_SHOWN = 20
"""Differences of one file that the text lists."""


def verify_document(verdicts: Sequence[Verdict]) -> VerifyDocument:
    """`fitplan.verify/1`."""
    return {"schema": "fitplan.verify/1", "files": [_entry(verdict) for verdict in verdicts]}


def _entry(verdict: Verdict) -> VerifiedEntry:
    return {
        "path": str(verdict.path),
        "library": verdict.library,
        "tensors": verdict.tensors,
        "differences": list(verdict.differences),
    }


def verify_text(verdicts: Sequence[Verdict]) -> str:
    """One line for each file, with the differences below it."""
    return "\n".join(_lines(verdict) for verdict in verdicts)


def _lines(verdict: Verdict) -> str:
    path, count = printable(str(verdict.path)), len(verdict.differences)
    if not verdict.differences:
        return f"{path}: {verdict.library} reads the same {verdict.tensors} tensors"
    listed = "".join(f"\n  {printable(difference)}" for difference in verdict.differences[:_SHOWN])
    return f"{path}: {count} differences from {verdict.library}{listed}"
