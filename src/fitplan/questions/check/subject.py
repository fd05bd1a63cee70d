"""What rules look at: the entries of one file that hold together, and all they can refer to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from fitplan.accounting.weights import Role
from fitplan.catalog import Catalog, CatalogFile, Component, PublishedFile
from fitplan.catalog.document import Document
from fitplan.catalog.problems import Loc
from fitplan.catalog.schema import Architecture, Groups, Release, Variant


@dataclass(frozen=True)
class Site:
    """One variant, with its place and everything recorded about it."""

    loc: Loc
    component_id: str
    component: Component
    architecture: Architecture
    release: Release
    variant: Variant
    file: PublishedFile

    @cached_property
    def header_bytes(self) -> int:
        """What the stated bytes leave besides the tensors."""
        return self.file.weights.file_bytes - self.file.weights.tensor_bytes

    @property
    def release_loc(self) -> Loc:
        """The release it belongs to."""
        return self.loc[:4]


@dataclass(frozen=True, slots=True)
class Mix:
    """The weight groups of one quantization: a recipe's, or a file's own."""

    loc: Loc
    architecture_id: str
    architecture: Architecture
    quant: str
    groups: Groups

    def elements(self, *roles: Role) -> int:
        """Elements in `roles`; without any, in all."""
        chosen = roles or tuple(self.groups)
        return sum(sum(self.groups.get(role, {}).values()) for role in chosen)


@dataclass(frozen=True)
class Subject:
    """One file under check."""

    document: Document
    file: CatalogFile
    """Its entries, without those that can't be used."""
    known: CatalogFile
    """The same laid over what it extends."""
    complete: bool
    """Whether nothing had to be left out."""
    today: date | None = None
    """The day that no date may be after; None: not asked."""

    @cached_property
    def catalog(self) -> Catalog:
        """`known`, ready for look-up."""
        return Catalog(self.known)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every variant of this file."""
        return tuple(self._sites())

    @cached_property
    def mixes(self) -> tuple[Mix, ...]:
        """Every set of weight groups of this file."""
        return (*self._recipe_mixes(), *self._own_mixes())

    @cached_property
    def checkpoint_architectures(self) -> frozenset[str]:
        """Ids of architectures that are several parts, each with its own roles and width."""
        whole = (c for c in self.file.components.values() if c.kind == "checkpoint")
        return frozenset(component.architecture for component in whole)

    def _sites(self) -> Iterator[Site]:
        for id, component in self.file.components.items():
            architecture = self.known.architectures[component.architecture]
            files = {(file.publisher, file.quant): file for file in self.catalog.files(id)}
            for r, release in enumerate(component.releases):
                for v, variant in enumerate(release.variants):
                    loc = ("components", id, "releases", r, "variants", v)
                    file = files[release.publisher, variant.quant]
                    yield Site(loc, id, component, architecture, release, variant, file)

    def _recipe_mixes(self) -> Iterator[Mix]:
        for id, architecture in self.file.architectures.items():
            for name, recipe in architecture.recipes.items():
                for quant, groups in recipe.quants.items():
                    loc = ("architectures", id, "recipes", name, "quants", quant)
                    yield Mix(loc, id, architecture, quant, groups)

    def _own_mixes(self) -> Iterator[Mix]:
        for site in self.sites:
            groups = site.variant.weights
            if groups is not None:
                loc, id = (*site.loc, "weights"), site.component.architecture
                yield Mix(loc, id, site.architecture, site.variant.quant, groups)
