"""The catalog of published models: its schema, reading it, and looking things up in it."""

from fitplan.catalog.lookup import Catalog, PublishedFile
from fitplan.catalog.schema import CatalogFile, Observation, Pipeline, Source

__all__ = ["Catalog", "CatalogFile", "Observation", "Pipeline", "PublishedFile", "Source"]
