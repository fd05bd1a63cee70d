"""`fitplan pack`: the best set of models that stays resident together."""

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.budget import RamOption, RamTotalOption, budget_setting, limits
from fitplan.cli.options import (
    CatalogOption,
    Common,
    FormatOption,
    JsonOption,
    PartialLoadingOption,
    RuntimeOption,
    common,
)
from fitplan.cli.output import Format, console, show, write_json
from fitplan.errors import EXIT_ANSWER, EXIT_INTERRUPTED, EXIT_NOTHING, usage_error
from fitplan.units import GIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fitplan.catalog import Catalog
    from fitplan.planning.candidates import Candidates
    from fitplan.questions.pack.problem import Limits, Objective
    from fitplan.questions.pack.resident_set import Packed, Step, Unmet
    from fitplan.questions.pack.wishes import Kept, Wishes
    from fitplan.render.pack import PackReport

TIME_LIMIT = 10.0
"""Seconds that the solver may take without --time-limit."""

MAX_WEIGHT = 1000.0

_PAIR = re.compile(
    r"(?P<model>.+?)(?:\s*=\s*|\s+)(?P<denoiser>[^\s=+]+)\s*\+\s*(?P<encoder>[^\s=+]+)"
)


@dataclass(frozen=True, slots=True)
class PackOptions:
    """The command's own options, as given."""

    ram: str | None
    ram_total: str | None
    models: tuple[str, ...]
    want: tuple[str, ...]
    keep: tuple[str, ...]
    weight: tuple[str, ...]
    objective: str
    min_quality: float | None
    time_limit: float


def command(
    context: typer.Context,
    ram: RamOption = None,
    ram_total: RamTotalOption = None,
    want: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="This model, or all whose name holds MODEL, must be in; repeatable.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PAIR", help='This pair must be in: "Klein 4B=Q8_0+Q8_0"; repeatable.'
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Choose among these models only; repeatable."),
    ] = None,
    objective: Annotated[
        str,
        typer.Option(
            metavar="value|count", help="The most valuable set, or the one with the most models."
        ),
    ] = "value",
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL=N", help="Count a model's value N times; repeatable."),
    ] = None,
    min_quality: Annotated[
        float | None, typer.Option(metavar="DB", help="Only pairs that score at least DB.")
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="What the solver may take; then the best so far."),
    ] = TIME_LIMIT,
    runtime: RuntimeOption = None,
    partial_loading: PartialLoadingOption = None,
    catalog: CatalogOption = None,
    format: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Find the best set of models that stays resident together; files they share count once."""
    shared = common(catalog, runtime, partial_loading, format, json).over(context.obj or Common())
    options = PackOptions(
        ram,
        ram_total,
        tuple(model or ()),
        tuple(want or ()),
        tuple(keep or ()),
        tuple(weight or ()),
        objective,
        min_quality,
        time_limit,
    )
    raise typer.Exit(execute(options, shared))


def execute(options: PackOptions, shared: Common) -> int:
    """Pack and print; exit code 1 when no set does what is wanted, 130 after Ctrl-C."""
    from fitplan.questions.pack.resident_set import Packed, pack

    shared.expect_table_or_json("pack")
    if not 0 < options.time_limit <= 86400:
        raise usage_error("--time-limit is no time", "give seconds, more than 0")
    if options.min_quality is not None and not isfinite(options.min_quality):
        raise usage_error("--min-quality is no number", "give decibels, like 30")
    candidates = shared.candidates()
    runtime, catalog = candidates.runtime, candidates.catalog
    budget_setting(runtime, "pack")
    bounds, source = limits(options.ram, options.ram_total)
    wishes = _wishes(options, catalog)

    def solve(within: "Limits") -> "Packed | Unmet":
        return pack(candidates, within, wishes, options.time_limit)

    outcome = solve(bounds)
    step, interrupted = _next(outcome, lambda: solve(bounds.raised(GIB)))
    _print(_report(outcome, step, bounds, source, wishes, candidates, shared), shared.output)
    if interrupted:
        return EXIT_INTERRUPTED
    return EXIT_ANSWER if isinstance(outcome, Packed) else EXIT_NOTHING


def _next(
    found: "Packed | Unmet", with_more: "Callable[[], Packed | Unmet]"
) -> "tuple[Step | None, bool]":
    """What more RAM would change, where that can be said; and whether Ctrl-C came until now."""
    from fitplan.questions.pack.resident_set import Packed, next_step

    if not isinstance(found, Packed) or found.proof.status != "optimal":
        return None, isinstance(found, Packed) and found.proof.status == "interrupted"
    try:
        more = with_more()
    except KeyboardInterrupt:
        return None, True
    if not isinstance(more, Packed):
        return None, False
    if more.proof.status == "interrupted":
        return None, True
    return next_step(found, more, GIB), False


def _report(
    outcome: "Packed | Unmet",
    step: "Step | None",
    bounds: "Limits",
    source: str,
    wishes: "Wishes",
    candidates: "Candidates",
    shared: Common,
) -> "PackReport":
    from fitplan.planning.planner import Answer, Excluded
    from fitplan.planning.report import Budget, make_report
    from fitplan.questions.pack.resident_set import Packed
    from fitplan.questions.pack.wishes import kept_files
    from fitplan.render.pack import PackReport

    named = tuple(kept_files(candidates, wishes.kept).values())
    plans = outcome.plans if isinstance(outcome, Packed) else ()
    budget = Budget(bounds.cache_bytes, "machine" if source == "machine" else "option")
    listed = make_report(Answer(plans, Excluded()), budget, candidates, shared.runtime)
    return PackReport(outcome, step, bounds, wishes, listed, named)


def _wishes(options: PackOptions, catalog: "Catalog") -> "Wishes":
    from fitplan.questions.pack.wishes import Wishes, usual_candidates

    if options.objective not in ("value", "count"):
        raise usage_error(f"no objective is called {options.objective!r}", "use value or count")
    objective: Objective = "count" if options.objective == "count" else "value"
    weights = _weights(catalog, options.weight)
    named = frozenset(_ids(catalog, options.models))
    return Wishes(
        candidates=named or usual_candidates(catalog, objective, weights),
        wanted=frozenset(_ids(catalog, options.want)),
        kept=tuple(_kept(catalog, text) for text in dict.fromkeys(options.keep)),
        weights=weights,
        objective=objective,
        min_quality_db=options.min_quality,
    )


def _ids(catalog: "Catalog", names: "Iterable[str]") -> list[str]:
    return [id for name in names for id in catalog.pipeline_ids(name)]


def _kept(catalog: "Catalog", text: str) -> "Kept":
    from fitplan.questions.pack.wishes import Kept

    found = _PAIR.fullmatch(text.strip())
    if found is None:
        raise usage_error(f"{text!r} is no pair", 'write one like "Klein 4B=Q8_0+Q8_0"')
    return Kept(catalog.pipeline_id(found["model"]), found["denoiser"], found["encoder"])


def _weights(catalog: "Catalog", given: "Iterable[str]") -> dict[str, float]:
    weights: dict[str, float] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        weight = _number(number)
        if not name or weight is None:
            hint = f'write one like "Klein 4B=2"; N is more than 0 and at most {MAX_WEIGHT:g}'
            raise usage_error(f"{text!r} is no weight", hint)
        for id in catalog.pipeline_ids(name):
            if weights.setdefault(id, weight) != weight:
                model = catalog.file.pipelines[id].name
                raise usage_error(f"{model} has two weights", "give it one")
    return weights


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number <= MAX_WEIGHT else None


def _print(report: "PackReport", format: Format) -> None:
    from fitplan.render.pack import pack_document, pack_table

    if format is Format.JSON:
        write_json(pack_document(report))
        return
    on = console()
    show(pack_table(report, on.width), on)
