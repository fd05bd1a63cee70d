"""Times in JSON documents."""

from typing import Any, assert_never

from fitplan.timing.answers import Estimated, Measured, Question, Refused, Reread, Time


def gpu_document(question: Question | None) -> dict[str, Any] | None:
    """The card that times are for; null when none was named."""
    if question is None:
        return None
    from fitplan.timing.schema import Gpu

    gpu = question.gpu
    return {
        "name": gpu.name,
        "architecture": gpu.architecture,
        "peak_tflops": round(gpu.peak_tflops, 1) if isinstance(gpu, Gpu) else None,
        "size": str(question.size),
        "disk_bytes_per_second": question.disk,
    }


def time_document(time: Time | None, with_terms: bool = False) -> dict[str, Any] | None:
    """The time of one pair; null when no card was named, seconds null when it is refused."""
    if time is None:
        return None
    again = time.reread if isinstance(time.reread, Reread) else None
    document = {
        "seconds": _rounded(time.seconds),
        "error_seconds": _rounded(time.error_seconds),
        "basis": time.basis,
        "reason": time.reason or None,
        "seconds_if_reread": _rounded(time.seconds_if_reread),
        "reread_bytes": again.bytes if again else None,
        "reread": list(again.slots) if again else None,
        "steps": time.steps,
        "forwards": time.forwards,
        "predicted_seconds": _rounded(time.predicted_seconds),
        "benchmark": _benchmark(time.answer),
    }
    return document | {"terms": _terms(time.answer)} if with_terms else document


def _benchmark(answer: Measured | Estimated | Refused) -> dict[str, Any] | None:
    if not isinstance(answer, Measured):
        return None
    seen = answer.benchmark
    return {"engine": seen.engine, "source": seen.source, "date": seen.date.isoformat()}


def _terms(answer: Measured | Estimated | Refused) -> list[dict[str, Any]]:
    match answer:
        case Measured():
            return _terms(answer.predicted)
        case Estimated():
            return [
                {"what": term.what, "seconds": round(term.seconds, 2), "why": term.why}
                for term in answer.terms
            ]
        case Refused():
            return []
        case _:
            assert_never(answer)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
