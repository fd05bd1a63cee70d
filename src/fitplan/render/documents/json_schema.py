"""The JSON Schemas of all documents; `python -m fitplan.render.documents.json_schema FOLDER` writes
one file for each.

Other keys are allowed everywhere: a newer fitplan may add some.
"""

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from pydantic import TypeAdapter
from typing_extensions import get_original_bases, get_type_hints, is_typeddict

from fitplan.catalog.json_schema import docstrings
from fitplan.render import documents

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> Mapping[str, dict[str, Any]]:
    """Name of a document, like "plan" or "catalog-list" → its schema."""
    entries = {entry.__name__: entry for module in _modules() for entry in _entries(module)}
    texts = {(e, field): text for m in _modules() for e, field, text in docstrings(m)}
    found = {_id(entry): entry for name, entry in entries.items() if name.endswith("Document")}
    return {
        id.removeprefix("fitplan.").partition("/")[0]: _schema(id, found[id], entries, texts)
        for id in sorted(found)
    }


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(documents.__path__, f"{documents.__name__}."):
        if found.name != __name__ and not found.name.endswith(".json_schema"):
            yield importlib.import_module(found.name)


def _entries(module: ModuleType) -> Iterator[type]:
    """The types that a module makes; it may import others."""
    for value in vars(module).values():
        if is_typeddict(value) and value.__module__ == module.__name__:
            yield value


def _id(document: type) -> str:
    """What the document's key `schema` says: "fitplan.plan/1"."""
    (id,) = get_args(get_type_hints(document)["schema"])
    return str(id)


def _schema(
    id: str, document: type, entries: Mapping[str, type], texts: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    made = TypeAdapter(document).json_schema()
    definitions = made.pop("$defs", {})
    for name, definition in {document.__name__: made, **definitions}.items():
        definition.pop("title", None)
        for field, value in definition["properties"].items():
            value.pop("title", None)
            if text := _text(entries[name], field, texts):
                value["description"] = text
    return {"$schema": _DRAFT, "title": id, **made, "$defs": definitions}


def _text(entry: type, field: str, texts: Mapping[tuple[str, str], str]) -> str:
    """What is written below a field, in its type or in the one that it comes from."""
    own = texts.get((entry.__name__, field), "")
    bases = (base for base in get_original_bases(entry) if is_typeddict(base))
    return own or next((text for base in bases if (text := _text(base, field, texts))), "")


def write(folder: Path) -> None:
    """Write all schemas into `folder`, and remove those of documents that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, schema in schemas().items():
        text = f"{json.dumps(schema, indent=1)}\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
