"""A set of models that stays resident together, as a table and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.quality import EQUIVALENT_DB
from fitplan.planning.candidates import Called
from fitplan.planning.pairs import Choice, Plan
from fitplan.planning.report import PlanReport
from fitplan.questions.pack.problem import Limits
from fitplan.questions.pack.resident_set import Packed, Shared, Step, Unmet
from fitplan.questions.pack.wishes import Wishes
from fitplan.render.documents.pack import (
    PackDocument,
    PackedPairEntry,
    ProofEntry,
    SharedEntry,
    StepEntry,
    UnmetEntry,
)
from fitplan.render.named import named_entries, named_notes
from fitplan.render.plan_document import plan_document
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.units import GB, GIB, format_gib

BAR = 80
"""Columns of the cache's bar."""

COARSE_DB = 20.0
"""Below this score a hint tells how to ask for finer pairs; about the score of a Q4_0 pair."""


@dataclass(frozen=True, slots=True)
class PackReport:
    """The answer of a packing, with what was asked."""

    outcome: Packed | Unmet
    step: Step | None
    """What the next GiB would buy; None: nobody worked it out."""
    limits: Limits
    wishes: Wishes
    listed: PlanReport
    """The plans of the set, with observations and warnings; its budget; the runtime."""
    named: tuple[Called, ...] = ()
    """The files that kept pairs name, with the other files of that name."""


def pack_document(report: PackReport) -> PackDocument:
    """The answer to a packing: `fitplan.pack/1`."""
    outcome = report.outcome
    listed = plan_document(report.listed)
    packed = outcome if isinstance(outcome, Packed) else None
    return {
        "schema": "fitplan.pack/1",
        "budget": {**listed["budget"], "real_bytes": report.limits.real_bytes},
        "runtime": listed["runtime"],
        "objective": report.wishes.objective,
        "plans": listed["plans"],
        "named": named_entries(report.named),
        "shared": [_shared_entry(shared) for shared in packed.shared] if packed else [],
        "cache_bytes": packed.cache_bytes if packed else 0,
        "real_bytes": packed.real_bytes if packed else 0,
        "value": packed.value if packed else 0.0,
        "proof": _proof_entry(packed) if packed else None,
        "next_gib": _step_entry(report.step) if report.step else None,
        "unmet": None if isinstance(outcome, Packed) else _unmet_entry(outcome),
    }


def _shared_entry(shared: Shared) -> SharedEntry:
    file = shared.choice.file
    return {
        "component": file.component_id,
        "quant": file.quant,
        "publisher": file.publisher,
        "cache_bytes": shared.choice.residency.cache_bytes,
        "used_by": [plan.pipeline_id for plan in shared.plans],
        "saved_bytes": shared.saved_bytes,
    }


def _proof_entry(packed: Packed) -> ProofEntry:
    return {"status": packed.proof.status, "gap": packed.proof.gap}


def _step_entry(step: Step) -> StepEntry:
    return {
        "extra_bytes": step.extra_bytes,
        "value": step.packed.value,
        "gained": round(step.gained, 3),
        "added": [_pair_entry(plan) for plan in step.added],
        "changed": [{"from": _pair_entry(a), "to": _pair_entry(b)} for a, b in step.changed],
        "dropped": [_pair_entry(plan) for plan in step.dropped],
    }


def _pair_entry(plan: Plan) -> PackedPairEntry:
    denoiser, encoder = plan.denoiser.file.id, plan.encoder.file.id
    return {"model_id": plan.pipeline_id, "denoiser": denoiser, "encoder": encoder}


def _unmet_entry(unmet: Unmet) -> UnmetEntry:
    return {
        "reason": unmet.reason,
        "needs": {"cache_bytes": unmet.cache_bytes, "real_bytes": unmet.real_bytes},
    }


def pack_table(report: PackReport, width: int) -> RenderableType:
    """The set for a terminal of `width` columns: models, what they share, the cache, the proof."""
    outcome, runtime = report.outcome, report.listed.runtime
    asked = " (this machine's RAM minus 2 GiB)" if report.listed.budget.source == "machine" else ""
    cache = f"{format_gib(report.limits.cache_bytes)}{asked} of {runtime.title}'s model cache"
    if isinstance(outcome, Unmet):
        head = Text(f"No set that does what is wanted stays resident in {cache}", style="bold")
        return Group(head, Text(f"{printable(outcome.reason)}.", style="yellow"))
    count = len(outcome.plans)
    models = f"{count} models stay" if count > 1 else "1 model stays"
    return Group(
        Text(f"{models} resident together in {cache}", style="bold"),
        _models(outcome),
        *_sharing(outcome),
        *_cache(outcome, report.limits, width),
        Text(""),
        _proof(outcome),
        *_next(report),
        *named_notes(report.named),
        *_warnings(report, outcome),
        Text(""),
        Text(runtime.settings(report.limits.cache_bytes), style="cyan"),
    )


def _models(packed: Packed) -> Table:
    table = bare_table()
    table.add_column("Model")
    for heading in ("Denoiser", "Text\nencoder"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Own\nGiB", "Pair\nGiB", "dB"):
        table.add_column(heading, justify="right", no_wrap=True)
    shared = [shared.choice for shared in packed.shared]
    for plan in packed.plans:
        own = sum(c.residency.cache_bytes for c in plan.choices if c not in shared)
        table.add_row(
            Text(printable(plan.pipeline.name), style="bold"),
            _name(plan.denoiser),
            _name(plan.encoder),
            f"{own / GIB:.2f}",
            f"{plan.cache_bytes / GIB:.2f}",
            _quality(plan.quality_db),
        )
    return table


def _name(choice: Choice) -> Text:
    name = Text(printable(choice.file.quant))
    return name.append(f" {printable(choice.file.publisher)}", style="dim")


def _quality(score: float | None) -> Text:
    if score is None:
        return Text("?")
    return Text(f"{score:.1f}", style="green" if score >= EQUIVALENT_DB else "")


def _sharing(packed: Packed) -> Iterator[RenderableType]:
    if not packed.shared:
        yield Text("They share no file.")
        return
    table = bare_table()
    table.add_column("Loaded once")
    for heading in ("GiB", "Users", "Saves\nGiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for shared in packed.shared:
        file = shared.choice.file
        name = Text(printable(f"{file.component_id} {file.quant}"))
        size = shared.choice.residency.cache_bytes
        table.add_row(
            name.append(f" {printable(file.publisher)}", style="dim"),
            f"{size / GIB:.2f}",
            str(len(shared.plans)),
            f"{shared.saved_bytes / GIB:.2f}",
        )
    yield table


def _cache(packed: Packed, limits: Limits, width: int) -> Iterator[RenderableType]:
    denoisers = {id(plan.denoiser): plan.denoiser for plan in packed.plans}
    encoders = {id(plan.encoder): plan.encoder for plan in packed.plans}
    first, second = (
        sum(choice.residency.cache_bytes for choice in part.values())
        for part in (denoisers, encoders)
    )
    rest = packed.cache_bytes - first - second
    free = limits.cache_bytes - packed.cache_bytes
    parts = (("█", "denoisers", first), ("▓", "text encoders", second), ("▒", "others", rest))
    yield _bar([(mark, size) for mark, _, size in parts], limits.cache_bytes, min(width, BAR))
    listed = (
        f"{mark} {what} {size / GIB:.2f}" for mark, what, size in (*parts, ("░", "free", free))
    )
    yield Text(f"{'  '.join(listed)} GiB", style="dim")
    download = sum(choice.file.weights.file_bytes for choice in packed.loaded) / GB
    cache, real = format_gib(packed.cache_bytes), format_gib(packed.real_bytes)
    yield Text(f"Cache {cache}; held in RAM {real}; {download:.2f} GB to download.")


def _bar(parts: list[tuple[str, int]], limit: int, width: int) -> Text:
    bar, added = "", 0
    for mark, size in parts:
        added += size
        bar += mark * (round(added * width / limit) - len(bar))
    return Text(bar.ljust(width, "░"))


def _proof(packed: Packed) -> Text:
    value = f"Value {packed.value:.1f} Elo points"
    if packed.proof.status == "optimal":
        return Text(f"{value}: optimal, no set within the limit is better.")
    gap = f"another set may be up to {packed.proof.gap:.2%} better"
    if packed.proof.status == "interrupted":
        return Text(f"{value}: interrupted, not proved; {gap}.", style="yellow")
    return Text(f"{value}: the best found in time; {gap} (--time-limit).", style="yellow")


def _next(report: PackReport) -> Iterator[Text]:
    step = report.step
    if step is None:
        return
    found = [f"adds {_said(plan)}" for plan in step.added]
    found += [f"{_said(a)} becomes {_quants(b)}" for a, b in step.changed]
    found += [f"drops {_said(plan)}" for plan in step.dropped]
    limit = format_gib(report.limits.raised(step.extra_bytes).cache_bytes)
    if not found:
        yield Text(f"One GiB more ({limit}) buys nothing.")
        return
    yield Text(f"One GiB more ({limit}) buys {step.gained:+.1f}: {'; '.join(found)}.")


def _said(plan: Plan) -> str:
    return f"{printable(plan.pipeline.name)} {_quants(plan)}"


def _quants(plan: Plan) -> str:
    return printable(f"{plan.denoiser.file.quant} + {plan.encoder.file.quant}")


def _warnings(report: PackReport, packed: Packed) -> Iterator[Text]:
    if packed.real_bytes > packed.cache_bytes and report.limits.real_bytes is None:
        held = f"the set holds {format_gib(packed.real_bytes)} in RAM, more than the cache counts"
        yield _warning(f"{held}; --ram-total keeps it to what your machine has")
    coarse = [p for p in packed.plans if p.quality_db is not None and p.quality_db < COARSE_DB]
    if coarse and report.wishes.min_quality_db is None:
        names = ", ".join(printable(plan.pipeline.name) for plan in coarse)
        yield _warning(f"coarse, under {COARSE_DB:g} dB: {names}; --min-quality 30 asks for finer")
    yield from _row_warnings(report)


def _row_warnings(report: PackReport) -> Iterator[Text]:
    texts = {
        "encoder-below-q4": "text encoder below Q4_K_M, where damage grows suddenly",
        "no-elo": "no Elo known, valued like the lowest rated model",
        "cache-uncertain": "cache bytes not fully known",
    }
    for kind, text in texts.items():
        rows = report.listed.rows
        having = [r.plan.pipeline.name for r in rows if any(w.kind == kind for w in r.warnings)]
        if having:
            yield _warning(f"{text}: {', '.join(printable(name) for name in having)}")


def _warning(text: str) -> Text:
    return Text(f"! {text}", style="yellow")
