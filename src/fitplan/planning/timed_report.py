"""A plan's report with times: per row, for pairs that don't fit, and fastest for their quality."""

from collections.abc import Iterable
from dataclasses import replace

from fitplan.planning.clock import Clock
from fitplan.planning.ordering import Sort, fastest, sort_key
from fitplan.planning.pairs import Plan
from fitplan.planning.report import PlanReport, Row, warnings_of


def with_times(
    report: PlanReport, clock: Clock, misses: Iterable[Plan], contenders: Iterable[Plan]
) -> PlanReport:
    """`report` with the time of every row.

    `misses`: pairs over the budget, to be priced; `contenders`: all pairs that fit, of which the
    fastest for their quality are listed.
    """
    limit = report.budget.cache_bytes
    timed = ((plan, clock.time(plan)) for plan in contenders)
    return replace(
        report,
        question=clock.question,
        rows=tuple(replace(row, time=clock.time(row.plan)) for row in report.rows),
        misses=tuple(
            Row(plan, None, tuple(warnings_of(plan)), clock.time(plan, limit)) for plan in misses
        ),
        fastest=tuple(
            Row(plan, None, (), time)
            for plan, time in fastest(timed, clock.catalog.quality.tie_band)
        ),
    )


def sorted_report(report: PlanReport, by: Sort) -> PlanReport:
    """`report` with its rows in one order over all models; what a machine holds comes first."""
    rows = sorted(report.rows, key=lambda row: (_standing(row), sort_key(by, row.plan, row.time)))
    return replace(report, rows=tuple(rows), by_model=False)


def _standing(row: Row) -> int:
    return row.verdicts.standing if row.verdicts else 0


def alternative(report: PlanReport, miss: Row) -> Row | None:
    """What `miss` would replace: the best pair of its model that fits."""
    same = (row for row in report.rows if row.plan.pipeline_id == miss.plan.pipeline_id)
    return min(same, key=lambda row: row.plan.rank, default=None)
