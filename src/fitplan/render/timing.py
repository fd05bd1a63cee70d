"""Times as text: columns of a table of pairs, what they mean, and what doesn't fit costs."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from rich.console import RenderableType
from rich.text import Text

from fitplan.planning.report import PlanReport, Row
from fitplan.planning.timed_report import alternative
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.render.times import basis_text, seconds_text
from fitplan.timing.answers import Estimated, Measured, Question, Refused, Reread, Time
from fitplan.timing.reread import MB
from fitplan.units import GB, GIB

HEADINGS = ("s/\nimage", "basis")
REREAD = "s if\nread\nagain"


def shows_times(report: PlanReport) -> bool:
    """Whether any row has a time: without one there are no columns."""
    return any(row.time and row.time.seconds is not None for row in (*report.rows, *report.misses))


def shows_reread(report: PlanReport) -> bool:
    """Whether a disk was named whose price can be shown."""
    return any(row.time and row.time.seconds_if_reread is not None for row in report.rows)


def time_headings(report: PlanReport) -> Iterator[str]:
    """Headings of the time columns, none without times."""
    if shows_times(report):
        yield from HEADINGS
        if shows_reread(report):
            yield REREAD


def time_cells(report: PlanReport, row: Row, long: bool) -> Iterator[RenderableType]:
    """Cells under `time_headings`."""
    if not shows_times(report) or row.time is None:
        return
    time = row.time
    yield Text(seconds_text(time.seconds), style="bold" if time.basis == "measured" else "")
    yield Text(basis_text(time, long), style="green" if time.basis == "measured" else "dim")
    if shows_reread(report):
        yield Text(seconds_text(time.seconds_if_reread))


def time_notes(report: PlanReport) -> Iterator[RenderableType]:
    """What the time columns mean, and why a row has none."""
    if report.question is None:
        return
    if shows_times(report):
        yield Text(_meaning(report), style="dim")
    for reason, names in _by_reason(report):
        yield Text(f"! no time for {names}: {reason}", style="yellow")
    for reason, names in _by_reason(report, bounds=True):
        yield Text(f"! {names}: {reason}", style="yellow")


def _meaning(report: PlanReport) -> str:
    question = report.question
    if question is None:
        return ""
    parts = [
        f"s/image: one {question.size} image with a new prompt on {question.gpu.name}, "
        f"models resident; steps: {_steps(report)}."
    ]
    if shows_reread(report) and question.disk:
        parts.append(
            "Read again: when the cache is too small, from a disk of "
            f"{question.disk / MB:g} MB/s (a model; nobody measured it). Without the setting "
            "below, that is what a pair over the runtime's own limit takes."
        )
    return " ".join(parts)


def _steps(report: PlanReport) -> str:
    steps: dict[int, list[str]] = {}
    for row in report.rows:
        if row.time and row.time.steps and row.time.seconds is not None:
            names = steps.setdefault(row.time.steps, [])
            if row.plan.pipeline.name not in names:
                names.append(row.plan.pipeline.name)
    if len(steps) == 1:
        return str(next(iter(steps)))
    return "; ".join(f"{n} for {_listed(names)}" for n, names in sorted(steps.items()))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(printable(name) for name in names)


def _by_reason(report: PlanReport, bounds: bool = False) -> Iterator[tuple[str, str]]:
    """Reasons for missing times (`bounds`: for other reservations) and whom they concern."""
    reasons: dict[str, list[str]] = {}
    for row in report.rows:
        if row.time and row.time.reason and (row.time.seconds is not None) == bounds:
            names = reasons.setdefault(row.time.reason, [])
            name = row.name if row.time.basis == "lower-bound" else row.plan.pipeline.name
            if name not in names:
                names.append(name)
    models = {row.plan.pipeline_id for row in report.rows}
    for reason, names in reasons.items():
        everyone = len(names) == len(models) > 3
        yield printable(reason), "all models" if everyone else _listed(names)


def misses_lines(report: PlanReport) -> Iterator[RenderableType]:
    """The best pairs that don't fit: what each needs and takes, in place of what fits."""
    if not report.misses:
        return
    yield Text("")
    yield Text("Better, but not resident: read again for every new prompt", style="bold")
    for row in report.misses:
        yield Text(f"{printable(row.name)}: {', '.join(_price(report, row))}")


def _price(report: PlanReport, row: Row) -> Iterator[str]:
    instead = alternative(report, row)
    yield f"{row.plan.cache_bytes / GIB:.2f} GiB"
    yield _instead(_time_text(row.time), _seconds(instead), " s")
    score = instead.plan.quality_db if instead else None
    yield _instead(f"{row.plan.quality_db:.1f} dB", f"{score:.1f}" if score else "", " dB")


def _time_text(time: Time | None) -> str:
    if time is None or time.seconds_if_reread is None:
        return f"no time ({printable(time.reason)})" if time and time.reason else "no time"
    bound = "at least " if time.basis == "lower-bound" else ""
    return f"{bound}{seconds_text(time.seconds_if_reread)} s"


def _seconds(row: Row | None) -> str:
    return seconds_text(row.time.seconds) if row and row.time else ""


def _instead(what: str, other: str, unit: str) -> str:
    return f"{what} instead of {other}{unit}" if other else what


def fastest_table(report: PlanReport) -> Iterator[RenderableType]:
    """The frontier of quality against time over all models."""
    if len({row.plan.pipeline_id for row in report.fastest}) < 2:
        return
    yield Text("")
    yield Text("Fastest that looks this good, of all models and all pairs that fit", style="bold")
    table = bare_table()
    for heading in ("Pair", "Elo, quantized", "s/image", "basis"):
        left = heading in ("Pair", "basis")
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in report.fastest:
        if row.time is not None:
            elo = f"{row.plan.adjusted_elo:.0f}"
            time = row.time
            table.add_row(printable(row.name), elo, seconds_text(time.seconds), basis_text(time))
    yield table


def explain_time(time: Time, question: Question) -> Iterator[RenderableType]:
    """The terms of a time as `explain` shows them, and what they come to."""
    head = f"Time of one {question.size} image on {question.gpu.name}, models resident"
    yield Text(printable(head), style="bold")
    predicted = time.answer.predicted if isinstance(time.answer, Measured) else time.answer
    match predicted:
        case Refused():
            yield Text(f"no time: {printable(predicted.reason)}", style="yellow")
        case Estimated():
            yield _terms(predicted)
        case _:
            assert_never(predicted)
    yield from _sums(time, question)


def _terms(predicted: Estimated) -> RenderableType:
    table = bare_table()
    table.add_column("what", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("why")
    for term in predicted.terms:
        table.add_row(term.what, f"{term.seconds:.1f}", Text(term.why))
    table.add_row("sum", f"{predicted.seconds:.1f}", Text("what the model says"))
    return table


def _sums(time: Time, question: Question) -> Iterator[RenderableType]:
    if time.seconds is not None:
        yield Text(f"time:     {seconds_text(time.seconds)} s, {basis_text(time)}", style="bold")
    if time.seconds is not None and time.reason:
        yield Text(f"          {printable(time.reason)}", style="yellow")
    match time.reread:
        case Refused():
            yield Text(f"re-read:  {printable(time.reread.reason)}")
        case Reread():
            what = ", ".join(dict.fromkeys(time.reread.slots))
            size = f"{time.reread.bytes / GB:.2f} GB"
            yield Text(f"re-read:  {size} per image ({what}) if the cache is too small")
        case _:
            assert_never(time.reread)
    if time.seconds_if_reread is not None and question.disk:
        rate = f"{question.disk / MB:g} MB/s"
        yield Text(f"          {seconds_text(time.seconds_if_reread)} s at {rate}")
