"""The JSON document of a training plan: `fitplan.train/1`. Every `_bytes` is an integer."""

from fitplan.render.documents.train import (
    BreakdownEntry,
    MeasuredRunEntry,
    RunEntry,
    TrainBudgetEntry,
    TrainDocument,
    TrainPlanEntry,
    UnfitEntry,
)
from fitplan.training.formula import TrainingVram
from fitplan.training.launch import commands, memory_flags
from fitplan.training.plan import TrainingBudget, TrainingPlan
from fitplan.training.report import TrainingRow, TrainReport
from fitplan.training.search import Unfit
from fitplan.units import MIB


def train_document(report: TrainReport) -> TrainDocument:
    """The answer to `fitplan train`."""
    return {
        "schema": "fitplan.train/1",
        "budget": _budget(report.budget),
        "gpu": {"name": report.card.name, "source": "option" if report.card_asked else "default"},
        "steps": report.steps,
        "plans": [_plan(report, row) for row in report.rows],
        "unfit": [_unfit(unfit) for unfit in report.unfit],
        "untrainable": [{"model": name, "reason": why} for name, why in report.untrainable],
    }


def _budget(budget: TrainingBudget) -> TrainBudgetEntry:
    return {
        "vram_bytes": budget.vram_bytes,
        "ram_bytes": budget.ram_bytes,
        "headroom_bytes": budget.headroom_bytes,
    }


def _plan(report: TrainReport, row: TrainingRow) -> TrainPlanEntry:
    plan = row.plan
    run, pace, argv = plan.run, plan.pace, commands(plan, report.steps, report.budget)
    hours = None if pace.seconds is None else round(pace.seconds * report.steps / 3600, 2)
    return {
        **_brief(plan),
        "rank": run.rank,
        "batch": run.batch,
        "optimizer": run.optimizer,
        "vram_margin_bytes": plan.claim.margin_bytes,
        "vram_claim": plan.claim.kind,
        "vram_free_bytes": report.budget.vram_bytes - plan.vram.total,
        "ram_loading_bytes": plan.ram_bytes,
        "breakdown": _breakdown(plan.vram),
        "seconds_per_step": None if pace.seconds is None else round(pace.seconds, 2),
        "seconds_margin": pace.margin,
        "basis": pace.basis,
        "hours": hours,
        "measured": _measured(plan),
        "flags": memory_flags(plan),
        "commands": {
            "cache_latents": list(argv.cache_latents),
            "cache_prompts": list(argv.cache_prompts),
            "train": list(argv.train),
        },
        "warnings": [{"kind": warning.kind, "text": warning.text} for warning in row.warnings],
    }


def _brief(plan: TrainingPlan) -> RunEntry:
    run = plan.run
    return {
        "model": plan.model.name,
        "model_id": plan.model.id,
        "resolution": f"{run.width}x{run.height}",
        "precision": run.precision,
        "blocks_to_swap": run.blocks_to_swap,
        "activation_offload": run.offload,
        "vram_bytes": plan.vram.total,
        "ram_bytes": plan.ram_bytes,
    }


def _breakdown(vram: TrainingVram) -> BreakdownEntry:
    return {
        "context_bytes": vram.context,
        "weights_resident_bytes": vram.weights_resident,
        "weights_swapped_bytes": vram.weights_swapped,
        "lora_bytes": vram.lora,
        "optimizer_bytes": vram.optimizer,
        "checkpoints_bytes": vram.checkpoints,
        "block_bytes": vram.block,
        "fp8_copies_bytes": vram.fp8_copies,
    }


def _measured(plan: TrainingPlan) -> MeasuredRunEntry | None:
    seen = plan.measured
    if seen is None:
        return None
    return {"vram_bytes": seen.vram_mib * MIB, "seconds_per_step": seen.seconds_per_step}


def _unfit(unfit: Unfit) -> UnfitEntry:
    wish = unfit.wish
    return {
        "model": unfit.model.name,
        "model_id": unfit.model.id,
        "resolution": f"{wish.width}x{wish.height}",
        "reason": unfit.reason,
        "nearest": [{"change": change, **_brief(plan)} for change, plan in unfit.nearest],
    }
