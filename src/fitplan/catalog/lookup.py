"""Look-up in a catalog whose references resolve."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from fitplan.accounting.quality import QualityRule
from fitplan.accounting.quantization import WeightError
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import WeightFile, WeightGroup
from fitplan.catalog.schema import (
    Architecture,
    CatalogFile,
    Confidence,
    Quality,
    Release,
    Source,
    Variant,
)
from fitplan.errors import unknown_name, usage_error

FileBasis = Literal["header", "published", "derived"]
"""Where a file's bytes come from: its own header, a published record of it, or its recipe."""


@dataclass(frozen=True, slots=True)
class Home:
    """The checkpoint, or the folder of a pipeline, that an installed file is a part of."""

    path: str
    file_bytes: int
    """Of the whole checkpoint; 0 for a folder."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A variant with everything its release, component and architecture say about it."""

    component_id: str
    publisher: str
    weights: WeightFile
    basis: FileBasis
    rel_error: float | None
    cache_error_bytes: int
    confidence: Confidence
    file: str | None
    url: str | None
    source: Source
    note: str | None
    home: Home | None = None
    """None: it is no part of a folder or checkpoint, or is in the catalog."""
    assumed_among: tuple[str, ...] = ()
    """Models of equal shapes that an installed file may be, where its name doesn't tell."""
    beside: str | None = None
    """Name of a second file that is loaded with it and counted in its bytes; None for none."""

    @property
    def checkpoint(self) -> Home | None:
        """The checkpoint it is a part of; None when it isn't."""
        return self.home if self.weights.bundle else None

    @property
    def quant(self) -> str:
        """The quantization name as published."""
        return self.weights.quant

    @property
    def id(self) -> str:
        """`component/publisher/QUANT`: names one file for people and scripts."""
        return f"{self.component_id}/{self.publisher}/{self.quant}"

    @property
    def error(self) -> WeightError | Unknown:
        """The relative weight error with its basis: the types', unless the catalog says another."""
        if self.rel_error == self.weights.rel_error:
            return self.weights.error
        if self.rel_error is None:
            return Unknown("the catalog calls the weight error of this file unknown")
        return WeightError(self.rel_error, "stated", self.rel_error, self.rel_error)

    def is_called(self, name: str) -> bool:
        """Whether `name` ("QUANT" or "publisher/QUANT") means this file."""
        publisher, _, quant = name.rpartition("/")
        return quant == self.quant and publisher in ("", self.publisher)


class Catalog:
    """A catalog whose references all resolve, ready for look-up."""

    def __init__(
        self, file: CatalogFile, files: Mapping[str, Sequence[PublishedFile]] | None = None
    ) -> None:
        self.file = file
        self._replaced = files

    def with_only(self, files: Mapping[str, Sequence[PublishedFile]]) -> "Catalog":
        """The same models, but of every component only `files` (by component id)."""
        return Catalog(self.file, files)

    def with_also(self, files: Mapping[str, Sequence[PublishedFile]]) -> "Catalog":
        """The same models, and of the components in `files` these files too."""
        ids = self.file.components
        return Catalog(self.file, {id: (*self.files(id), *files.get(id, ())) for id in ids})

    @cached_property
    def quality(self) -> QualityRule:
        """The constants of this catalog's ranking."""
        return QualityRule(**(self.file.quality or Quality()).model_dump())

    @cached_property
    def _published(self) -> dict[str, tuple[PublishedFile, ...]]:
        return {id: tuple(self._files_of(id)) for id in self.file.components}

    def files(self, component_id: str) -> tuple[PublishedFile, ...]:
        """All files of a component, in catalog order."""
        if self._replaced is not None:
            return tuple(self._replaced.get(component_id, ()))
        return self._published[component_id]

    def pipeline_ids(self, name: str) -> list[str]:
        """Ids of the pipelines that `name` means: an exact id or name, else an ending, else a part.

        One word ("klein") means every model whose name holds it; more words ("Klein 4B") may be the
        end of a name that others continue. Raises FitplanError (unknown-name) with the nearest.
        """
        wanted = _squash(name)
        words = len(re.findall(r"[^\W_]+", name))
        pipelines = self.file.pipelines
        names = {id: (_squash(id), _squash(pipeline.name)) for id, pipeline in pipelines.items()}
        for fits in (str.__eq__, str.endswith, str.__contains__):
            found = [id for id, known in names.items() if any(fits(k, wanted) for k in known)]
            if found and wanted and (words > 1 or fits is not str.endswith):
                return found
        raise unknown_name("model", name, [pipeline.name for pipeline in pipelines.values()])

    def pipeline_id(self, name: str) -> str:
        """The id of the one pipeline that `name` means; usage error when there are several."""
        found = self.pipeline_ids(name)
        if len(found) > 1:
            names = ", ".join(self.file.pipelines[id].name for id in found)
            raise usage_error(f"{name!r} is more than one model", f"say which: {names}")
        return found[0]

    def _files_of(self, component_id: str) -> Iterator[PublishedFile]:
        component = self.file.components[component_id]
        architecture = self.file.architectures[component.architecture]
        for release in component.releases:
            for variant in release.variants:
                yield self._published_file(component_id, architecture, release, variant)

    def _published_file(
        self, component_id: str, architecture: Architecture, release: Release, variant: Variant
    ) -> PublishedFile:
        weights = WeightFile(
            family=architecture.family,
            container=release.format,
            quant=variant.quant,
            file_bytes=variant.bytes,
            groups=_weight_groups(architecture, release, variant),
            hidden_size=architecture.hidden_size,
            part_of=release.part_of or "",
        )
        pattern, beside = variant.file or release.file, variant.beside or release.beside
        return PublishedFile(
            component_id=component_id,
            publisher=release.publisher,
            weights=weights,
            basis=variant.basis,
            rel_error=_rel_error(weights, variant.rel_error),
            cache_error_bytes=variant.cache_error_bytes,
            confidence=variant.confidence or release.confidence,
            file=pattern.replace("{quant}", variant.quant) if pattern else None,
            url=release.url,
            source=self.file.sources[variant.source or release.source],
            note=variant.note or release.note,
            beside=beside.replace("{quant}", variant.quant) if beside else None,
        )


def _rel_error(weights: WeightFile, said: float | Literal["unknown"] | None) -> float | None:
    """The error that a catalog says, else that of the types; None when either is unknown."""
    if said == "unknown":
        return None
    return weights.rel_error if said is None else said


def _squash(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _weight_groups(
    architecture: Architecture, release: Release, variant: Variant
) -> tuple[WeightGroup, ...]:
    groups = variant.weights
    if groups is None:
        recipe = variant.recipe or release.recipe or ""
        groups = architecture.recipes[recipe].quants[variant.quant]
    return tuple(
        WeightGroup(role, name, elements)
        for role, types in groups.items()
        for name, elements in types.items()
    )
