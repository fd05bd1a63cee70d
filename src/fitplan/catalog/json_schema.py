"""The JSON Schema of a catalog; `python -m fitplan.catalog.json_schema FILE` writes it.

Descriptions are the docstrings below the fields. They are read here, when a schema is wanted, and
not by pydantic at every start (`use_attribute_docstrings`), which would take a tenth of a plan's
time.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

from fitplan.catalog import schema
from fitplan.catalog.schema import CatalogFile


def catalog_schema() -> str:
    """The schema that the models' fields and docstrings make, as JSON text."""
    made = CatalogFile.model_json_schema()
    for entry, field, text in docstrings(schema):
        definition = made if entry == CatalogFile.__name__ else made["$defs"][entry]
        definition["properties"][field]["description"] = text
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "fitplan catalog"
    return f"{json.dumps(made, indent=1)}\n"


def docstrings(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Class, field and text of every docstring that follows a field of a class in `module`."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            for field, after in pairwise(node.body):
                text = _text(after)
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and text:
                    yield node.name, field.target.id, text


def _text(node: ast.stmt) -> str:
    value = node.value if isinstance(node, ast.Expr) else None
    return inspect.cleandoc(str(value.value)) if isinstance(value, ast.Constant) else ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(catalog_schema(), encoding="utf-8")
