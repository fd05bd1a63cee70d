"""Add entries for model files to the text of a catalog."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitplan import readers
from fitplan.catalog import Catalog, reading
from fitplan.catalog.document import Document
from fitplan.catalog.schema import Source
from fitplan.errors import FitplanError
from fitplan.planning.matching import component_of
from fitplan.questions.edit import placing
from fitplan.questions.edit.entry import Entry, make_entry
from fitplan.questions.edit.file_name import free_id
from fitplan.questions.edit.origin import Origin, origin_of, source_of
from fitplan.questions.edit.standing import catalog_of
from fitplan.readers import ModelFile


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says of the files to add."""

    component: str | None = None
    publisher: str | None = None
    source: str | None = None
    """Id of a source, or an address."""


@dataclass(frozen=True, slots=True)
class Published:
    """A model read where it is published, and what is known of that place."""

    model: ModelFile
    publisher: str
    url: str
    """Address of its repository."""
    commit: str
    date: str
    """Day of the repository's last change; "" when unknown."""


@dataclass(frozen=True, slots=True)
class Additions:
    """A catalog's text with new entries, and the files that it got none for."""

    text: str
    entries: tuple[Entry, ...]
    refused: tuple[FitplanError, ...]


Given = Path | Published | FitplanError
"""A path to read, a model that was read already, or why one can't be."""


def add(paths: Iterable[Given], document: Document, base: Catalog, wanted: Wanted) -> Additions:
    """`document` with an entry for every model at `paths`; what can't be added is reported.

    Raises FitplanError when the document itself is wrong.
    """
    catalog = catalog_of(document, base)
    text, entries, refused = document.text, list[Entry](), list[FitplanError]()
    for item in _models(paths):
        try:
            if isinstance(item, FitplanError):
                raise item
            entry = _entry(catalog, item, wanted)
            text = placing.with_entry(text, entry)
        except FitplanError as error:
            refused.append(error)
            continue
        entries.append(entry)
        catalog = reading.parse_over(catalog, placing.with_entry(placing.EMPTY, entry))
    if entries:
        catalog_of(Document(text, document.origin), base)
    return Additions(text, tuple(entries), tuple(refused))


def _models(paths: Iterable[Given]) -> Iterable[ModelFile | Published | FitplanError]:
    for path in paths:
        if not isinstance(path, Path):
            yield path
            continue
        try:
            yield from readers.read(path)
        except FitplanError as error:
            yield error


def _entry(catalog: Catalog, item: ModelFile | Published, wanted: Wanted) -> Entry:
    model = item.model if isinstance(item, Published) else item
    path = model.path.absolute()
    origin = _origin(item, path, wanted, catalog.file.sources)
    recognised = component_of(catalog, model, f"{path.parent.name} {path.name}")
    return make_entry(catalog, model, recognised, wanted.component, origin)


def _origin(
    item: ModelFile | Published, path: Path, wanted: Wanted, sources: Mapping[str, Source]
) -> Origin:
    if not isinstance(item, Published):
        return origin_of(path, wanted.publisher, wanted.source, sources)
    id, new = source_of(wanted.source, sources) if wanted.source else _revision(item, sources)
    return Origin(wanted.publisher or item.publisher, item.url, id, new)


def _revision(item: Published, sources: Mapping[str, Source]) -> tuple[str, dict[str, Any] | None]:
    """The source of a published model: its repository at that commit."""
    at = f"{item.url}/tree/{item.commit}"
    same = next((id for id, source in sources.items() if source.url == at), None)
    if same is not None:
        return same, None
    id, new = source_of(item.url, {})
    as_of = {"as_of": item.date} if item.date else {}
    return free_id(id, sources), {**(new or {}), "url": at, **as_of}
