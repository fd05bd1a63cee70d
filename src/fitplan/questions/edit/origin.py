"""Where a file came from: its publisher, its repository, and the source of its figures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitplan.catalog.schema import Source
from fitplan.errors import unknown_name, usage_error
from fitplan.questions.edit.file_name import free_id

UNKNOWN = "unknown"
"""The publisher of files whose publisher is not recorded."""

_HUB = "https://huggingface.co/"
_REPOSITORY = re.compile(rf"{re.escape(_HUB)}([\w.\-]+)/([\w.\-]+)(?:/.*)?")
_CACHED = re.compile(r"models--([\w.\-]+?)--([\w.\-]+)")
_HEADER_ID = "file-header"
_HEADER = {"title": "Read off the file itself: its size and its header"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from, as far as the user or its folder says."""

    publisher: str
    url: str | None
    """Address of its repository."""
    source: str
    """Id of the source."""
    new_source: dict[str, Any] | None
    """That source, when the catalog has none of this id."""


def origin_of(
    path: Path, publisher: str | None, source: str | None, sources: Mapping[str, Source]
) -> Origin:
    """Join what the user says with what the path shows (a folder of the hub's cache).

    Raises FitplanError when `source` is neither a known id nor an address.
    """
    owner, url = _repository(source) or _cached(path) or (None, None)
    id, new = source_of(source, sources)
    return Origin(publisher or owner or UNKNOWN, url, id, new)


def source_of(
    said: str | None, sources: Mapping[str, Source], what: str = "sizes and headers of its files"
) -> tuple[str, dict[str, Any] | None]:
    """The id of a source and, when it is new, what the catalog has to say of it.

    `what`: the figures that were read there.
    """
    if said is None:
        return _HEADER_ID, None if _HEADER_ID in sources else _HEADER
    if said in sources:
        return said, None
    if not re.fullmatch(r"https://\S+", said):
        if "/" in said:
            raise usage_error(f"{said!r} is not an address", "an address starts with https://")
        raise unknown_name("source", said, list(sources))
    same = next((id for id, source in sources.items() if source.url == said), None)
    return (same, None) if same else (free_id(_id_of(said), sources), _described(said, what))


def _id_of(url: str) -> str:
    words = re.sub(r"[^a-z0-9.]+", "-", url.removeprefix("https://").casefold()).strip("-.")
    return words.removeprefix("huggingface.co-") or "source"


def _described(url: str, what: str) -> dict[str, Any]:
    found = _REPOSITORY.fullmatch(url)
    where = f"{found[1]}/{found[2]}" if found else url.removeprefix("https://")
    return {"title": f"{where}: {what}", "url": url}


def _repository(said: str | None) -> tuple[str, str] | None:
    found = _REPOSITORY.fullmatch(said or "")
    return (found[1], f"{_HUB}{found[1]}/{found[2]}") if found else None


def _cached(path: Path) -> tuple[str, str] | None:
    """Owner and address by a folder of the Hugging Face cache: models--OWNER--NAME."""
    found = next((f for part in path.parts[::-1] if (f := _CACHED.fullmatch(part))), None)
    return (found[1], f"{_HUB}{found[1]}/{found[2]}") if found else None
