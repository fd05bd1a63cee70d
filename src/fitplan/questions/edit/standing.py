"""Whether a catalog file is complete or an overlay of another."""

from fitplan.catalog import Catalog, reading
from fitplan.catalog.document import Document
from fitplan.questions.check.checking import is_whole


def catalog_of(document: Document, base: Catalog) -> Catalog:
    """The catalog that a file is: by itself when it is a whole one, else laid over `base`."""
    if is_whole(document.data):
        return reading.parse(document.text, document.origin)
    return reading.parse_over(base, document.text, document.origin)
