"""What JSON documents share. Keys are only ever added; every `_bytes` is an integer."""

import json
from collections.abc import Mapping

from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.catalog import PublishedFile
from fitplan.errors import FitplanError
from fitplan.planning.observations import Observed
from fitplan.planning.pairs import Choice
from fitplan.render.documents.error import ErrorDocument
from fitplan.render.documents.parts import ChoiceEntry, ErrorEntry, ObservedEntry, RuntimeEntry
from fitplan.render.errors import weight_error_document
from fitplan.units import GIB


def to_json(document: Mapping[str, object]) -> str:
    """A document as text, one line per value, non-ASCII escaped so that any terminal takes it.

    `##` is escaped, too: a CI log takes `##[error]` for a command wherever it stands in a line.
    """
    return json.dumps(document, indent=1).replace("##", r"#\u0023")


def error_document(error: FitplanError) -> ErrorDocument:
    """What JSON mode answers in place of a document when something is wrong."""
    detail: ErrorEntry = {"kind": error.kind.value, "message": error.message, "hint": error.hint}
    return {"schema": "fitplan.error/1", "error": detail}


def runtime_document(runtime: Runtime) -> RuntimeEntry:
    """Name and version, and which version they answer for, where that is another one."""
    entry: RuntimeEntry = {"name": runtime.name, "version": runtime.version}
    return {**entry, "asked": runtime.asked} if runtime.asked else entry


def choice_document(choice: Choice) -> ChoiceEntry:
    """One file of a plan and what it becomes."""
    file = choice.file
    return {
        "component": file.component_id,
        "quant": file.quant,
        "publisher": file.publisher,
        "format": file.weights.container.value,
        "file": file.file,
        "url": file.url,
        "file_bytes": file.weights.file_bytes,
        "cache_bytes": choice.residency.cache_bytes,
        "real_bytes": choice.residency.real_bytes,
        "mapped_bytes": choice.residency.mapped_bytes,
        "transient_bytes": choice.residency.transient_bytes,
        **weight_error_document(file.error, 4),
        "unknown": _unknown(file),
        "basis": file.basis,
        "residency_basis": choice.residency.basis,
        "confidence": file.confidence,
        "source": file.source.title,
    }


def _unknown(file: PublishedFile) -> dict[str, str]:
    """What of a file is not known → the reason."""
    error = file.error
    own = {"rel_error": error.reason} if isinstance(error, Unknown) else {}
    return {**file.weights.unknown, **own} if file.rel_error is None else {}


def observed_document(seen: Observed | None) -> ObservedEntry | None:
    """A measured usage beside its prediction; null when nobody measured."""
    if seen is None:
        return None
    return {
        "cache_gib": seen.cache_gib,
        "runtime": seen.runtime,
        "predicted_gib": round(seen.predicted_bytes / GIB, 2),
        "source": seen.source.url or seen.source.title,
        "date": seen.date.isoformat(),
    }


def rounded(value: float | None, digits: int) -> float | None:
    """`value` with `digits` decimals; None stays None."""
    return None if value is None else round(value, digits)
