"""Rewrite a catalog in canonical form, and make sure that it says the same."""

import json
from dataclasses import dataclass
from typing import Any

from fitplan.catalog.document import Document
from fitplan.catalog.text import Deviation, canonical, deviations
from fitplan.errors import catalog_error


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A catalog's text in canonical form, and where it departed from that."""

    text: str
    deviations: tuple[Deviation, ...]


def rewritten(document: Document) -> Rewritten:
    """`document` in canonical form. Raises FitplanError (catalog) when it isn't sound YAML."""
    for problem in document.problems:
        line, column = document.place(problem)
        place = f"{document.origin}:{line}:{column}"
        raise catalog_error(f"{place} {problem.message}", problem.hint)
    text = canonical(document.text)
    if _sorted(Document(text, document.origin).data) != _sorted(document.data):
        what = f"{document.origin}: can't be rewritten without changing what it says"
        raise catalog_error(what, "fitplan check says what is unusual in it")
    return Rewritten(text, tuple(deviations(document.text)))


def _sorted(data: Any) -> Any:
    """`data` with the files of each release in one order, whatever their order was."""
    if isinstance(data, list):
        return [_sorted(item) for item in data]
    if not isinstance(data, dict):
        return data
    found = {key: _sorted(value) for key, value in data.items()}
    if isinstance(found.get("variants"), list):
        found["variants"] = sorted(found["variants"], key=_sort_key)
    return found


def _sort_key(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)
