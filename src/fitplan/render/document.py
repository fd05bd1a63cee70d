"""JSON documents. Keys are only ever added; every `_bytes` is an integer."""

import json
from typing import Any

from fitplan.errors import FitplanError
from fitplan.explanation import Explanation, Part
from fitplan.installed import Missing
from fitplan.observed import Observed
from fitplan.planner import Choice
from fitplan.render.timing_document import gpu_document as _gpu
from fitplan.render.timing_document import time_document
from fitplan.report import PlanReport, Row
from fitplan.residency import Residency, Runtime
from fitplan.units import GIB


def to_json(document: dict[str, Any]) -> str:
    """A document as text, one line per value, non-ASCII escaped so that any terminal takes it."""
    return json.dumps(document, indent=1)


def error_document(error: FitplanError) -> dict[str, Any]:
    """What JSON mode answers in place of a document when something is wrong."""
    detail = {"kind": error.kind.value, "message": error.message, "hint": error.hint}
    return {"schema": "fitplan.error/1", "error": detail}


def plan_document(report: PlanReport) -> dict[str, Any]:
    """The answer to a plan: `fitplan.plan/1`."""
    excluded = report.excluded
    return {
        "schema": "fitplan.plan/1",
        "budget": {
            "cache_bytes": report.budget.cache_bytes,
            "source": report.budget.source,
            "limits": report.runtime.budget_name,
        },
        "runtime": _runtime(report.runtime),
        "gpu": _gpu(report.question),
        "plans": [_plan(report, row) for row in report.rows],
        "misses": [_plan(report, row) for row in report.misses],
        "fastest": [_plan(report, row) for row in report.fastest],
        "excluded": {
            "too_large": excluded.too_large,
            "unsupported_format": excluded.unsupported_format,
            "dominated": excluded.dominated,
            "beyond_best": excluded.beyond_best,
        },
        "missing": [_missing(missing) for missing in report.shortfall.missing],
        "problems": [
            {"path": str(problem.path), "message": problem.message}
            for problem in report.shortfall.problems
        ],
    }


def explain_document(explanation: Explanation) -> dict[str, Any]:
    """Every line of bytes of one pair: `fitplan.explain/1`."""
    return {
        "schema": "fitplan.explain/1",
        "model": explanation.pipeline.name,
        "model_id": explanation.pipeline_id,
        "runtime": _runtime(explanation.runtime),
        "parts": [_part(part) for part in explanation.parts],
        "file_bytes": explanation.file_bytes,
        "cache_bytes": explanation.cache_bytes,
        "real_bytes": explanation.real_bytes,
        "mapped_bytes": explanation.mapped_bytes,
        "needed_bytes": explanation.needed_bytes(),
        "transient_bytes": explanation.transient_bytes,
        "quality_db": _rounded(explanation.quality_db, 2),
        "observed": _observed(explanation.observed),
        "time": time_document(explanation.time, with_terms=True),
    }


def _missing(missing: Missing) -> dict[str, Any]:
    return {
        "model": missing.model,
        "model_id": missing.pipeline_id,
        "components": list(missing.components),
    }


def _runtime(runtime: Runtime) -> dict[str, Any]:
    return {"name": runtime.name, "version": runtime.version, "modes": dict(runtime.modes)}


def _plan(report: PlanReport, row: Row) -> dict[str, Any]:
    plan = row.plan
    return {
        "model": plan.pipeline.name,
        "model_id": plan.pipeline_id,
        "denoiser": _choice(plan.denoiser),
        "encoder": _choice(plan.encoder),
        "others": [_choice(choice) for choice in plan.others],
        "file_bytes": plan.file_bytes,
        "cache_bytes": plan.cache_bytes,
        "real_bytes": plan.real_bytes,
        "mapped_bytes": sum(choice.residency.mapped_bytes for choice in plan.choices),
        "headroom_bytes": report.headroom(plan),
        "quality_db": _rounded(plan.quality_db, 2),
        "elo": plan.pipeline.elo.value if plan.pipeline.elo else None,
        "rank": plan.rank,
        "frontier": plan.frontier,
        "observed": _observed(row.observed),
        "warnings": [{"kind": warning.kind, "text": warning.text} for warning in row.warnings],
        "time": time_document(row.time),
    }


def _choice(choice: Choice) -> dict[str, Any]:
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
        "rel_error": _rounded(file.rel_error, 4),
        "basis": file.basis,
        "confidence": file.confidence,
        "source": file.source.title,
    }


def _observed(seen: Observed | None) -> dict[str, Any] | None:
    if seen is None:
        return None
    return {
        "cache_gib": seen.cache_gib,
        "runtime": seen.runtime,
        "predicted_gib": round(seen.predicted_bytes / GIB, 2),
        "source": seen.source.url or seen.source.title,
        "date": seen.date.isoformat(),
    }


def _part(part: Part) -> dict[str, Any]:
    residency = part.choice.residency
    lines = [
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
        **_choice(part.choice),
        "header_bytes": part.header_bytes,
        "rule": {"where": residency.where, "basis": residency.basis},
        "scratch": _scratch(residency),
        "lines": lines,
    }


def _scratch(residency: Residency) -> dict[str, Any] | None:
    scratch = residency.scratch
    if scratch is None:
        return None
    return {"scratch_bytes": scratch.bytes, "why": scratch.why, "basis": scratch.basis}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
