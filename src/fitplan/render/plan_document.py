"""The JSON document of a plan."""

from fitplan.planning.installed import Missing
from fitplan.planning.matching import Unused
from fitplan.planning.report import PlanReport, Row
from fitplan.render.document import choice_document, observed_document, rounded, runtime_document
from fitplan.render.documents.parts import UnusedEntry
from fitplan.render.documents.plan import MissingEntry, PlanDocument, PlanEntry
from fitplan.render.machine_document import card_document, machine_document, ram_document
from fitplan.render.timing_document import gpu_document, time_document


def plan_document(report: PlanReport) -> PlanDocument:
    """The answer to a plan: `fitplan.plan/1`."""
    excluded = report.excluded
    document: PlanDocument = {
        "schema": "fitplan.plan/1",
        "budget": {"cache_bytes": report.budget.cache_bytes, "source": report.budget.source},
        "runtime": runtime_document(report.runtime),
        "limits": report.runtime.budget_name,
        "modes": dict(report.runtime.modes),
        "gpu": gpu_document(report.question),
        "plans": [_plan(report, row) for row in report.rows],
        "misses": [_plan(report, row) for row in report.misses],
        "fastest": [_plan(report, row) for row in report.fastest],
        "catalogs": [{"file": used.shown, "from": used.origin} for used in report.catalogs],
        "excluded": {
            "too_large": excluded.too_large,
            "unsupported_format": excluded.unsupported_format,
            "no_rules": excluded.no_rules,
            "no_loadable_file": excluded.no_loadable_file,
            "dominated": excluded.dominated,
            "beyond_best": excluded.beyond_best,
            "not_held": excluded.not_held,
            "models_without_rules": list(excluded.models_without_rules),
            "models_without_files": list(excluded.models_without_files),
        },
        "missing": [_missing(missing) for missing in report.shortfall.missing],
        "problems": [
            {"path": str(problem.path), "message": problem.message}
            for problem in report.shortfall.problems
        ],
        "unused": [unused_document(unused) for unused in report.shortfall.unused],
    }
    if report.machine is not None:
        document["machine"] = machine_document(report.machine)
    return document


def unused_document(unused: Unused) -> UnusedEntry:
    """An installed model that is in no pair."""
    return {
        "path": str(unused.model.path),
        "name": unused.name,
        "what": unused.model.architecture,
        "reason": unused.reason,
    }


def _missing(missing: Missing) -> MissingEntry:
    return {
        "model": missing.model,
        "model_id": missing.pipeline_id,
        "components": list(missing.components),
    }


def _plan(report: PlanReport, row: Row) -> PlanEntry:
    plan = row.plan
    entry: PlanEntry = {
        "model": plan.pipeline.name,
        "model_id": plan.pipeline_id,
        "denoiser": choice_document(plan.denoiser),
        "encoder": choice_document(plan.encoder),
        "others": [choice_document(choice) for choice in plan.others],
        "file_bytes": plan.file_bytes,
        "cache_bytes": plan.cache_bytes,
        "real_bytes": plan.real_bytes,
        "mapped_bytes": sum(choice.residency.mapped_bytes for choice in plan.choices),
        "headroom_bytes": report.headroom(plan),
        "quality_db": rounded(plan.quality_db, 2),
        "elo": plan.pipeline.elo.value if plan.pipeline.elo else None,
        "rank": plan.rank,
        "frontier": plan.frontier,
        "observed": observed_document(row.observed),
        "warnings": [{"kind": warning.kind, "text": warning.text} for warning in row.warnings],
        "time": time_document(row.time),
    }
    if row.verdicts is not None:
        entry["ram"] = ram_document(row.verdicts.ram)
        entry["card"] = card_document(row.verdicts.card)
    return entry
