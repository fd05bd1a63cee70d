"""A document against the schema: every entry that the models refuse, as a problem with its cure."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fitplan.catalog.document import Document
from fitplan.catalog.problems import Loc, Problem
from fitplan.catalog.schema import CatalogFile, field_names
from fitplan.catalog.yaml_pitfalls import open_trap

_ADDRESSES = frozenset({"url"})
_DAYS = frozenset({"as_of", "date"})
MOST_MENDED = 2000
"""Misspelt keys that are held against missing ones; who has more has no misspelt catalog."""


def validated(data: Any) -> CatalogFile | list[ErrorDetails]:
    """The models that `data` makes, or why it makes none."""
    try:
        return CatalogFile.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)


def schema_problems(document: Document, details: list[ErrorDetails]) -> Iterator[Problem]:
    """`details` as problems; a key that is missing because it is misspelt is reported once."""
    meant = misspelt_keys(details)
    reported = {(*loc[:-1], key) for loc, key in meant.items()}
    for detail in details:
        key = meant.get(detail["loc"])
        if key:
            problem = _problem(document, detail)
            yield Problem(problem.rule, problem.loc, problem.message, f"did you mean {key}?")
        elif detail["type"] != "missing" or detail["loc"] not in reported:
            yield _problem(document, detail)


def misspelt_keys(details: list[ErrorDetails]) -> dict[Loc, str]:
    """Unknown keys that are most likely a missing key of the same entry, and which."""
    missing: dict[Loc, list[str]] = {}
    for detail in details:
        if detail["type"] == "missing":
            missing.setdefault(detail["loc"][:-1], []).append(str(detail["loc"][-1]))
    strange = (
        detail["loc"]
        for detail in details
        if detail["type"] == "extra_forbidden" and detail["loc"][:-1] in missing
    )
    found = {
        loc: _nearest(str(loc[-1]), tuple(missing[loc[:-1]]))
        for loc in islice(strange, MOST_MENDED)
    }
    return {loc: near for loc, near in found.items() if near}


@lru_cache(maxsize=1024)
def _nearest(key: str, known: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(key, known, n=1, cutoff=0.5)), "")


def first_problem(document: Document, details: list[ErrorDetails]) -> Problem:
    """The problem to name when only one is: an unknown key, because it explains others."""
    first = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    return _problem(document, first)


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    loc = detail["loc"]
    path = ".".join(map(str, loc)) or "catalog"
    if detail["type"] == "extra_forbidden":
        return Problem("unknown-key", loc, f"{path}: unknown key", partial(_cure, detail))
    node = document.scalar(loc)
    trap = open_trap(node) if node and not _wants_day(detail) else None
    if trap:
        cure = f"found {_shorten(detail['input'])}; {trap[1]}"
        return Problem("yaml-trap", loc, f"{path}: {trap[0]}", cure)
    return Problem(_rule(detail), loc, f"{path}: {_explain(detail)}", partial(_cure, detail))


_RULES: Mapping[str, str] = {
    "missing": "missing-key",
    "value_error": "incomplete",
}


def _wants_day(detail: ErrorDetails) -> bool:
    return detail["type"].startswith("date_")


def _rule(detail: ErrorDetails) -> str:
    key = detail["loc"][-1] if detail["loc"] else ""
    if _wants_day(detail):
        return "date"
    if detail["type"] == "missing" and key == "source":
        return "no-source"
    if detail["type"] == "string_pattern_mismatch":
        return "address" if key in _ADDRESSES else "date" if key in _DAYS else "wrong-type"
    return _RULES.get(detail["type"], "wrong-type")


def _explain(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "missing"
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][-1] in _ADDRESSES:
        return "not an address that starts with https://"
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][-1] in _DAYS:
        return "not a day (YYYY-MM-DD) or month (YYYY-MM)"
    text = detail["msg"].removeprefix("Value error, ")
    return f"{text[:1].lower()}{text[1:]}"


def _cure(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "extra_forbidden":
            near = _nearest_keys(str(detail["loc"][-1]))
            return f"did you mean {' or '.join(near)}?" if near else "remove it"
        case "missing":
            return "add it"
        case _:
            write = "; write a real date, YYYY-MM-DD" if _wants_day(detail) else ""
            return f"found {_shorten(detail['input'])}{write}"


def _nearest_keys(key: str) -> list[str]:
    """Up to two keys of the schema that `key` may be a misspelling of."""
    return get_close_matches(key, sorted(field_names()), n=2, cutoff=0.6)


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
