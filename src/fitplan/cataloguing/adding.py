"""Add entries for model files to the text of a catalog."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fitplan import readers
from fitplan.catalog import Catalog
from fitplan.catalog.document import Document
from fitplan.cataloguing import placing
from fitplan.cataloguing.entry import Entry, make_entry
from fitplan.cataloguing.origin import origin_of
from fitplan.cataloguing.standing import catalog_of
from fitplan.errors import FitplanError
from fitplan.installed.matching import component_of
from fitplan.readers import ModelFile


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says of the files to add."""

    component: str | None = None
    publisher: str | None = None
    source: str | None = None
    """Id of a source, or an address."""


@dataclass(frozen=True, slots=True)
class Additions:
    """A catalog's text with new entries, and the files that it got none for."""

    text: str
    entries: tuple[Entry, ...]
    refused: tuple[FitplanError, ...]


def add(paths: Iterable[Path], document: Document, base: Catalog, wanted: Wanted) -> Additions:
    """`document` with an entry for every model at `paths`; what can't be added is told, not added.

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
        catalog = catalog_of(Document(text, document.origin), base)
    return Additions(text, tuple(entries), tuple(refused))


def _models(paths: Iterable[Path]) -> Iterable[ModelFile | FitplanError]:
    for path in paths:
        try:
            yield from readers.read(path)
        except FitplanError as error:
            yield error


def _entry(catalog: Catalog, model: ModelFile, wanted: Wanted) -> Entry:
    path = model.path.absolute()
    origin = origin_of(path, wanted.publisher, wanted.source, catalog.file.sources)
    recognised = component_of(catalog, model, f"{path.parent.name} {path.name}")
    return make_entry(catalog, model, recognised, wanted.component, origin)
