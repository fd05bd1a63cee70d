"""The JSON Schema of a catalog; `python -m fitplan.catalog.json_schema FILE` writes it."""

import json
import sys
from pathlib import Path

from fitplan.catalog.schema import CatalogFile


def catalog_schema() -> str:
    """The schema that the models' fields and docstrings make, as JSON text."""
    schema = CatalogFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "fitplan catalog"
    return f"{json.dumps(schema, indent=1)}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(catalog_schema(), encoding="utf-8")
