"""Orders over all models: by time, quality or headroom; and who is fastest for its quality."""

from collections.abc import Iterable
from math import inf
from typing import Literal, assert_never

from fitplan.planning.pairs import Plan
from fitplan.timing.answers import Time

Sort = Literal["time", "quality", "headroom"]
Key = tuple[float, ...]


def sort_key(by: Sort, plan: Plan, time: Time | None) -> Key:
    """Order of plans of all models: fastest, best or roomiest first; what is unknown comes last."""
    quality = (-plan.adjusted_elo, *_first(plan))
    match by:
        case "time":
            seconds = time.seconds if time else None
            return (inf if seconds is None else seconds, *quality)
        case "quality":
            return quality
        case "headroom":
            return (plan.cache_bytes, *quality)
        case _:
            assert_never(by)


def _first(plan: Plan) -> Key:
    score = -inf if plan.quality_db is None else plan.quality_db
    return (-score, plan.cache_bytes, plan.file_bytes)


def fastest(timed: Iterable[tuple[Plan, Time]], tie_band: float) -> list[tuple[Plan, Time]]:
    """The frontier of quality against time over all models, best first.

    Each is faster than everything that is as good: quality is the Elo less what quantization costs
    (`QualityRule.adjusted_elo`); within `tie_band` a faster pair with the better score is as good.
    Time is the model's own in whole seconds, for measured pairs too, so that a measurement isn't
    compared with an estimate. Lower bounds take no part.
    """
    kept: list[tuple[Plan, Time]] = []
    limit = inf
    for plan, time in sorted(timed, key=_best_then_fastest):
        seconds = _comparable(time)
        if plan.adjusted_elo > -inf and seconds < limit:
            while kept and _is_as_good(plan, kept[-1][0], tie_band):
                kept.pop()
            kept.append((plan, time))
            limit = seconds
    return kept


def _is_as_good(plan: Plan, other: Plan, tie_band: float) -> bool:
    tied = other.adjusted_elo - plan.adjusted_elo < tie_band
    return tied and (plan.quality_db or -inf) >= (other.quality_db or -inf)


def _best_then_fastest(item: tuple[Plan, Time]) -> tuple[float, float, Key, str, str]:
    plan, time = item
    ids = (plan.denoiser.file.id, plan.encoder.file.id)
    return (-plan.adjusted_elo, _comparable(time), _first(plan), *ids)


def _comparable(time: Time) -> float:
    seconds = time.predicted_seconds
    return inf if seconds is None or time.basis == "lower-bound" else round(seconds)
