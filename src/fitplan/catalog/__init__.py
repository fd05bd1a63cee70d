"""The catalog of published models: its schema, reading it, and looking things up in it."""

from fitplan.catalog.lookup import Catalog, PublishedFile
from fitplan.catalog.schema import (
    Benchmark,
    CatalogFile,
    Component,
    Observation,
    Pipeline,
    Source,
)

__all__ = [
    "Benchmark",
    "Catalog",
    "CatalogFile",
    "Component",
    "Observation",
    "Pipeline",
    "PublishedFile",
    "Source",
]
