"""Small catalogs made in tests, and the shipped one."""

from collections.abc import Mapping, Sequence
from functools import cache

from fitplan import runtimes
from fitplan.accounting.fitting import FitTest, Together
from fitplan.accounting.residency import Outcome, Residency, ResidencyLine
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.weights import WeightFile
from fitplan.catalog import Catalog, CatalogFile, reading
from fitplan.planning.candidates import Candidates

SUM = Together()

Sizes = Sequence[tuple[int, float | None]]
"""Of a component's files: cache bytes and relative error."""


GOOD = """\
version: 1
sources:
  s: {title: somewhere}
architectures:
  a:
    family: qwen3
    parameters: 64
    recipes:
      r:
        note: made up
        quants:
          Q8_0: {weights: {Q8_0: 64}}
components:
  c:
    kind: encoder
    name: C
    architecture: a
    releases:
      - publisher: p
        format: gguf
        recipe: r
        source: s
        confidence: high
        variants:
          - {quant: Q8_0, bytes: 100}
"""
"""A small catalog that is good; line 25 has its only size."""


@cache
def shipped() -> Catalog:
    """The catalog of this checkout."""
    return reading.load(reading.shipped_path())


def catalog_of(
    models: Mapping[str, tuple[Sizes, Sizes]], elos: Mapping[str, int] | None = None, vae: int = 1
) -> Catalog:
    """One pipeline per model, each with its own denoisers and encoders; every file is plain I8."""
    components = {f"vae-{vae}": _component("vae", [(vae, 0.0)])}
    pipelines = {}
    for name, (denoisers, encoders) in models.items():
        components[f"{name}-d"] = _component("denoiser", denoisers)
        components[f"{name}-e"] = _component("encoder", encoders)
        pipelines[name] = _pipeline(name, vae, (elos or {}).get(name))
    file = {
        "version": 1,
        "sources": {"test": {"title": "made for a test"}},
        "architectures": {"any": {"family": "any", "parameters": 1, "recipes": {}}},
        "components": components,
        "pipelines": pipelines,
    }
    return Catalog(CatalogFile.model_validate(file))


def _component(kind: str, sizes: Sizes) -> dict[str, object]:
    variants = [
        {"quant": f"T{i}", "bytes": size, "weights": {"weights": {"I8": size}}, "rel_error": error}
        for i, (size, error) in enumerate(sizes)
    ]
    release = {
        "publisher": "test",
        "format": "gguf",
        "source": "test",
        "confidence": "high",
        "variants": variants,
    }
    return {"kind": kind, "name": kind, "architecture": "any", "releases": [release]}


def _pipeline(name: str, vae: int, elo: int | None) -> dict[str, object]:
    pipeline: dict[str, object] = {
        "name": name,
        "denoiser": f"{name}-d",
        "encoders": [f"{name}-e"],
        "vae": f"vae-{vae}",
        "license": "none",
        "distilled": "no",
    }
    if elo is not None:
        pipeline["elo"] = {"value": elo, "as_of": "2026-07", "source": "test"}
    return pipeline


class AsStored(Runtime):
    """A runtime that keeps every file as it is."""

    def residency(self, file: WeightFile) -> Outcome:
        """Its bytes on disk."""
        size = file.file_bytes
        return Residency((ResidencyLine("all", "", "", 0, size, size, size, 0, ""),), "", "code")


def as_stored(catalog: Catalog, fit: FitTest = SUM, kind: type[AsStored] = AsStored) -> Candidates:
    """A catalog whose files stay as they are (or as `kind` says), under a fit test."""
    runtime = kind(
        name="test",
        version="1",
        title="test 1",
        rules=(),
        budget_name="RAM",
        settings=str,
        without_settings="",
        fit=fit,
    )
    return Candidates(catalog, runtime)


@cache
def in_runtime(spec: str) -> Candidates:
    """The shipped catalog as a runtime (`name@version`) loads it."""
    return Candidates(shipped(), runtimes.find(spec))
