"""Rules on dates: real dates, and no figure newer than its source."""

from collections.abc import Iterator
from datetime import date, timedelta

from fitplan.catalog.problems import Loc
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Subject

FIRST = date(2022, 8, 1)
"""Nothing here is older than the first public weights of Stable Diffusion."""


YEAR = timedelta(days=366)
ALIKE = 4
"""Figures of one source that show when its figures are of."""
AHEAD = timedelta(days=92)
"""How long after all other dates of a catalog a new one may be: a quarter, not a slip of a year."""


def impossible_days(subject: Subject) -> Iterator[Hit]:
    """Dates that do not exist, or are before there was anything to measure."""
    for loc, text in _days(subject):
        day = _first_of(text)
        if day is None:
            yield loc, f"{text} is not a real date", "write YYYY-MM-DD or YYYY-MM"
        elif day < FIRST:
            yield loc, f"{text} is before there were text-to-image weights", "check the year"


def future_days(subject: Subject) -> Iterator[Hit]:
    """Days after the one that `--today` gives."""
    if subject.today is None:
        return
    for loc, text in _days(subject):
        day = _first_of(text)
        if day and day > subject.today:
            yield loc, f"{text} is after {subject.today}", "write the day it was read or published"


def days_ahead(subject: Subject) -> Iterator[Hit]:
    """Days long after every other date; without `--today`, as nothing else tells the day.

    The newest other date is one that the catalog, or the one it extends, was written after. The
    answer is the same on every day it is asked.
    """
    if subject.today is not None:
        return
    for loc, text in _days(subject):
        day, newest = _first_of(text), _newest_but(subject, text)
        if day and newest and day > newest + AHEAD:
            message = f"{text} is long after all other dates, the newest of which is {newest}"
            yield loc, message, f"check the year; if it is right, give --today {day}"


def _newest_but(subject: Subject, text: str) -> date | None:
    """The newest day of everything known that is written otherwise than `text`."""
    days = [day for other in _all_days(subject) if other != text and (day := _first_of(other))]
    return max(days, default=None)


def _all_days(subject: Subject) -> set[str]:
    known = subject.known
    return {
        *(source.as_of for source in known.sources.values() if source.as_of),
        *(pipeline.elo.as_of for pipeline in known.pipelines.values() if pipeline.elo),
        *(seen.date.isoformat() for seen in known.observations),
        *(timed.date.isoformat() for timed in known.benchmarks),
    }


def days_apart(subject: Subject) -> Iterator[Hit]:
    """Days over a year before or after nearly all other figures of the same source."""
    by_source: dict[str, list[tuple[Loc, str]]] = {}
    for loc, text, source in _sourced(subject):
        by_source.setdefault(source, []).append((loc, text))
    for source, dated in by_source.items():
        days = sorted(day for _, text in dated if (day := _first_of(text)))
        middle = days[len(days) // 2] if len(days) >= ALIKE else None
        for loc, text in dated if middle else ():
            day = _first_of(text)
            if day and middle and abs(day - middle) > YEAR:
                message = f"{text}, and most figures of {source} are of {middle}"
                yield loc, message, "check the year"


def newer_than_source(subject: Subject) -> Iterator[Hit]:
    """Figures that are dated after their source was read."""
    for loc, text, source_id in _sourced(subject):
        read = subject.known.sources[source_id].as_of
        if read and _first_of(text) and text[: len(read)] > read[: len(text)]:
            message = f"{text}, but the source {source_id} was read {read}"
            yield loc, message, "check both dates"


def _first_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        return None


def _days(subject: Subject) -> Iterator[tuple[Loc, str]]:
    for id, source in subject.file.sources.items():
        if source.as_of:
            yield ("sources", id, "as_of"), source.as_of
    for loc, text, _ in _sourced(subject):
        yield loc, text


def _sourced(subject: Subject) -> Iterator[tuple[Loc, str, str]]:
    for id, pipeline in subject.file.pipelines.items():
        if pipeline.elo:
            yield ("pipelines", id, "elo", "as_of"), pipeline.elo.as_of, pipeline.elo.source
    for i, seen in enumerate(subject.file.observations):
        yield ("observations", i, "date"), seen.date.isoformat(), seen.source
    for i, timed in enumerate(subject.file.benchmarks):
        yield ("benchmarks", i, "date"), timed.date.isoformat(), timed.source


RULES = (
    error("date", "Dates exist, and none is before the first public weights.", impossible_days),
    error("future-date", "No date is after the day of --today.", future_days),
    warning("date-ahead", "No date is long after all others, without --today.", days_ahead),
    warning("date-apart", "Figures of one source are of about one time.", days_apart),
    warning("date-of-source", "No figure is newer than its source.", newer_than_source),
)
