"""YAML in, the same YAML out: layout, comments and single edits of a catalog file.

Look at a text with `names`, `value`, `length` and `deviations`; make another one of it with
`canonical`, `with_entry` and `with_item`. Its modules are imported from nowhere else.
"""

from fitplan.catalog.text.editing import Path, length, names, value, with_entry, with_item
from fitplan.catalog.text.formatting import Deviation, canonical, deviations

__all__ = [
    "Deviation",
    "Path",
    "canonical",
    "deviations",
    "length",
    "names",
    "value",
    "with_entry",
    "with_item",
]
