"""Times in JSON documents."""

from typing import assert_never

from fitplan.render.documents.parts import BenchmarkEntry, GpuEntry, TermEntry, TimeEntry
from fitplan.timing.answers import Estimated, Measured, Question, Refused, Reread, Time


def gpu_document(question: Question | None) -> GpuEntry | None:
    """The card that times are for; null when none was named."""
    if question is None:
        return None
    from fitplan.timing.schema import GpuSpec

    gpu = question.gpu
    return {
        "name": gpu.name,
        "architecture": gpu.architecture,
        "peak_tflops": round(gpu.peak_tflops, 1) if isinstance(gpu, GpuSpec) else None,
        "size": str(question.size),
        "disk_bytes_per_second": question.disk,
    }


def time_document(time: Time | None, with_terms: bool = False) -> TimeEntry | None:
    """The time of one pair; null when no card was named, seconds null when it is refused."""
    if time is None:
        return None
    again = time.reread if isinstance(time.reread, Reread) else None
    document: TimeEntry = {
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
    if with_terms:
        document["terms"] = _terms(time.answer)
    return document


def _benchmark(answer: Measured | Estimated | Refused) -> BenchmarkEntry | None:
    if not isinstance(answer, Measured):
        return None
    seen = answer.benchmark
    return {"engine": seen.engine, "source": seen.source, "date": seen.date.isoformat()}


def _terms(answer: Measured | Estimated | Refused) -> list[TermEntry]:
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
