"""The catalog of published models: its schema, reading it, and looking things up in it."""

from fitplan.catalog.lookup import Catalog, Home, PublishedFile
from fitplan.catalog.schema import (
    Architecture,
    Benchmark,
    CatalogFile,
    Component,
    Observation,
    Pipeline,
    Source,
)

__all__ = [
    "Architecture",
    "Benchmark",
    "Catalog",
    "CatalogFile",
    "Component",
    "Home",
    "Observation",
    "Pipeline",
    "PublishedFile",
    "Source",
]
