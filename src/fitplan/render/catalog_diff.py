"""What an edit of a catalog changes: a rich table and a JSON document."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.planning.pairs import Plan
from fitplan.questions.edit.diff import BUDGETS, NewBest, Review
from fitplan.questions.edit.difference import Difference
from fitplan.render.document import runtime_document
from fitplan.render.documents.catalog import BestPairEntry, CatalogDiffDocument, NewBestEntry
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.units import GIB, format_gib

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def diff_table(review: Review, old: str, new: str) -> RenderableType:
    """Best pairs that change, then every entry that differs."""
    parts: list[RenderableType] = [
        Text(printable(f"{old} → {new}"), style="bold"),
        Text(""),
        *_best(review),
        Text(""),
    ]
    if not review.changes:
        return Group(*parts, Text("No entry differs."))
    for section, changes in groupby(review.changes, key=lambda change: change.section):
        listed = list(changes)
        parts.append(Text(f"{section}: {_counts(listed)}", style="bold"))
        parts += [_change(change) for change in listed]
    return Group(*parts)


def _best(review: Review) -> Iterator[RenderableType]:
    runtime = f"{review.runtime.title}"
    sizes = ", ".join(str(budget // GIB) for budget in BUDGETS)
    if not review.best:
        yield Text(f"No best pair changes at {sizes} GiB in {runtime}.")
        return
    yield Text(f"Best pairs that change, of {sizes} GiB in {runtime}", style="bold")
    table = bare_table()
    for heading in ("Model", "GiB", "Before", "After"):
        table.add_column(heading, justify="right" if heading == "GiB" else "left")
    _add_rows(table, review)
    yield table


def _add_rows(table: Table, review: Review) -> None:
    previous = ""
    for new in review.best:
        name = "" if new.pipeline_id == previous else printable(new.name)
        previous = new.pipeline_id
        pairs = (_pair(new.before, new.in_old), _pair(new.after, new.in_new))
        table.add_row(Text(name, style="bold"), str(new.budget // GIB), *pairs)


def _pair(plan: Plan | None, known: bool) -> Text:
    if plan is None:
        return Text("none fits" if known else "no such model", style="dim")
    names = [f"{c.file.publisher}/{c.file.quant}" for c in (plan.denoiser, plan.encoder)]
    quality = ", ? dB" if plan.quality_db is None else f", {plan.quality_db:.1f} dB"
    size = format_gib(plan.cache_bytes)
    return Text(f"{printable(' + '.join(names))} ({size}{quality})")


def _counts(changes: list[Difference]) -> str:
    kinds = [change.kind for change in changes]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in _SIGNS if kind in kinds)


def _change(change: Difference) -> Text:
    sign, style = _SIGNS[change.kind]
    return Text(f"  {sign} {printable(change.id)}{_what(change)}", style=style)


def _what(change: Difference) -> str:
    before, after = change.bytes_before, change.bytes_after
    if before is not None and after is not None and before != after:
        others = [fact for fact in change.facts if fact != "bytes"]
        more = f"; {', '.join(others)}" if others else ""
        return f": {before:,} → {after:,} bytes ({after - before:+,}){more}"
    size = after if before is None else before
    if change.kind != "changed":
        return f": {size:,} bytes" if size is not None else ""
    return f": {', '.join(change.facts)}"


def diff_document(review: Review, old: str, new: str) -> CatalogDiffDocument:
    """`fitplan.catalog-diff/1`."""
    return {
        "schema": "fitplan.catalog-diff/1",
        "old": old,
        "new": new,
        "runtime": runtime_document(review.runtime),
        "budgets_bytes": list(BUDGETS),
        "best": [_new_best(new) for new in review.best],
        "changes": [
            {
                "section": change.section,
                "id": change.id,
                "change": change.kind,
                "facts": list(change.facts),
                "before_bytes": change.bytes_before,
                "after_bytes": change.bytes_after,
            }
            for change in review.changes
        ],
    }


def _new_best(new: NewBest) -> NewBestEntry:
    return {
        "model": new.name,
        "model_id": new.pipeline_id,
        "budget_bytes": new.budget,
        "in_old": new.in_old,
        "in_new": new.in_new,
        "before": _plan(new.before),
        "after": _plan(new.after),
    }


def _plan(plan: Plan | None) -> BestPairEntry | None:
    if plan is None:
        return None
    return {
        "denoiser": plan.denoiser.file.id,
        "encoder": plan.encoder.file.id,
        "cache_bytes": plan.cache_bytes,
        "quality_db": None if plan.quality_db is None else round(plan.quality_db, 2),
    }
