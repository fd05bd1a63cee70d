"""Add a measured usage to the text of a catalog."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fitplan.catalog import Catalog
from fitplan.catalog.document import Document
from fitplan.errors import usage_error
from fitplan.planning.candidates import Candidates, FindRuntime
from fitplan.questions.edit import placing
from fitplan.questions.edit.origin import source_of
from fitplan.questions.edit.standing import catalog_of
from fitplan.questions.explain import Explanation, explain
from fitplan.units import GIB, format_gb


@dataclass(frozen=True, slots=True)
class MeasuredUsage:
    """A measured usage beside its prediction."""

    text: str
    """The catalog's text with it."""
    observation: dict[str, Any]
    explanation: Explanation

    @property
    def predicted_bytes(self) -> int:
        """What fitplan predicts for the runtime and version of the observation."""
        return self.explanation.cache_bytes

    @property
    def residual_gib(self) -> Decimal:
        """Seen minus predicted, GiB."""
        seen: Decimal = self.observation["cache_gib"]
        return seen - Decimal(self.predicted_bytes) / GIB

    @property
    def agrees(self) -> bool:
        """Whether the prediction is what was seen, as far as decimals were shown."""
        seen: Decimal = self.observation["cache_gib"]
        return abs(self.residual_gib) <= Decimal(1).scaleb(int(seen.as_tuple().exponent)) / 2


@dataclass(frozen=True, slots=True)
class Seen:
    """A measured usage, in the words of its source."""

    model: str
    denoiser: str
    encoder: str
    cache_gib: Decimal
    runtime: str
    """NAME@VERSION."""
    source: str
    """Id of a source, or an address."""
    date: date


def observe(
    seen: Seen, document: Document, base: Catalog, find_runtime: FindRuntime
) -> MeasuredUsage:
    """`document` with the observation `seen` at the end of its observations.

    Raises FitplanError when a name fits nothing, or the observation is there already.
    """
    catalog = catalog_of(document, base)
    model = catalog.pipeline_id(seen.model)
    if not seen.runtime.partition("@")[2]:
        hint = "an observation holds for one version, as in invokeai@6.12"
        raise usage_error(f"{seen.runtime!r} names no version", hint)
    runtime = find_runtime(seen.runtime)
    candidates = Candidates(catalog, runtime)
    found = explain(candidates, model, seen.denoiser, seen.encoder, find_runtime)
    _refuse_ambiguous(found)
    source, new_source = source_of(seen.source, catalog.file.sources, "measured usage")
    observation = _observation(seen, found, source)
    _refuse_repeated(catalog, observation)
    text = placing.with_source(document.text, source, new_source)
    text = placing.with_observation(text, observation)
    catalog_of(Document(text, document.origin), base)
    return MeasuredUsage(text, observation, found)


def _observation(seen: Seen, found: Explanation, source: str) -> dict[str, Any]:
    return {
        "pipeline": found.pipeline_id,
        "denoiser": _file_name(seen.denoiser, found, 0),
        "encoder": _file_name(seen.encoder, found, 1),
        "runtime": seen.runtime,
        "cache_gib": seen.cache_gib,
        "source": source,
        "date": seen.date,
    }


def _file_name(said: str, found: Explanation, part: int) -> str:
    """The file as it is called, with its publisher if that was said."""
    file = found.parts[part].choice.file
    return f"{file.publisher}/{file.quant}" if "/" in said else file.quant


def _refuse_ambiguous(found: Explanation) -> None:
    """A measurement is of one file: a name that several of different cache bytes have won't do."""
    for called in found.named:
        files = (called.choice, *called.others)
        if len({choice.residency.cache_bytes for choice in files}) > 1:
            quant = called.choice.file.quant
            sizes = ", ".join(
                f"{c.file.publisher}/{quant} ({format_gb(c.file.weights.file_bytes)})"
                for c in files
            )
            raise usage_error(f"{quant!r} is published in different sizes", f"say which: {sizes}")


def _refuse_repeated(catalog: Catalog, observation: dict[str, Any]) -> None:
    keys = ("pipeline", "denoiser", "encoder", "runtime", "source")
    for known in catalog.file.observations:
        if all(getattr(known, key) == observation[key] for key in keys):
            what = f"{known.source} says {known.cache_gib} GiB of this pair already"
            raise usage_error(what, "change that entry, or name another source")
