"""Times as plain text."""

from fitplan.timing.answers import Basis, Time

_LONG: dict[Basis, str] = {
    "measured": "measured",
    "estimated": "estimated",
    "unvalidated": "unvalidated",
    "lower-bound": "at least",
    "refused": "none",
}
_SHORT: dict[Basis, str] = {
    **_LONG,
    "measured": "meas.",
    "estimated": "est.",
    "unvalidated": "unv.",
}


def seconds_text(seconds: float | None) -> str:
    """Seconds for people: three digits at most, "" when unknown."""
    if seconds is None:
        return ""
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def basis_text(time: Time, long: bool = True) -> str:
    """Basis and error: "estimated ±5"."""
    error = time.error_seconds
    margin = "" if error is None else f" ±{seconds_text(error).removesuffix('.0')}"
    return f"{(_LONG if long else _SHORT)[time.basis]}{margin}"
