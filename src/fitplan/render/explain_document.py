"""The JSON document of an explanation."""

from fitplan.accounting.residency import Residency
from fitplan.questions.explain import Explanation, Part
from fitplan.render.document import choice_document, observed_document, rounded, runtime_document
from fitplan.render.documents.explain import ExplainDocument, LineEntry, PartEntry, ScratchEntry
from fitplan.render.named import named_entries
from fitplan.render.timing_document import time_document


def explain_document(explanation: Explanation) -> ExplainDocument:
    """Every line of bytes of one pair: `fitplan.explain/1`."""
    return {
        "schema": "fitplan.explain/1",
        "model": explanation.pipeline.name,
        "model_id": explanation.pipeline_id,
        "runtime": runtime_document(explanation.runtime),
        "modes": dict(explanation.runtime.modes),
        "parts": [_part(part) for part in explanation.parts],
        "named": named_entries(explanation.named),
        "file_bytes": explanation.file_bytes,
        "cache_bytes": explanation.cache_bytes,
        "real_bytes": explanation.real_bytes,
        "mapped_bytes": explanation.mapped_bytes,
        "needed_bytes": explanation.needed_bytes(),
        "transient_bytes": explanation.transient_bytes,
        "quality_db": rounded(explanation.quality_db, 2),
        "observed": observed_document(explanation.observed),
        "time": time_document(explanation.time, with_terms=True),
    }


def _part(part: Part) -> PartEntry:
    residency = part.choice.residency
    lines: list[LineEntry] = [
        {
            "role": line.what,
            "type": line.type or None,
            "becomes": line.becomes or None,
            "elements": line.elements,
            "file_bytes": line.file_bytes,
            "cache_bytes": line.cache_bytes,
            "real_bytes": line.real_bytes,
            "mapped_bytes": line.mapped_bytes,
            "transient_bytes": line.transient_bytes,
            "why": line.why,
        }
        for line in residency.lines
    ]
    return {
        "slot": part.slot,
        **choice_document(part.choice),
        "header_bytes": part.header_bytes,
        "rule": {"where": residency.where, "basis": residency.basis},
        "scratch": _scratch(residency),
        "lines": lines,
    }


def _scratch(residency: Residency) -> ScratchEntry | None:
    scratch = residency.scratch
    if scratch is None:
        return None
    return {"scratch_bytes": scratch.bytes, "why": scratch.why, "basis": scratch.basis}
