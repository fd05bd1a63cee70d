"""Weight errors with how they are known: as text and as JSON."""

from fitplan.accounting.quantization import WeightError
from fitplan.accounting.unknown import Unknown
from fitplan.render.documents.parts import WeightErrorEntry


def error_text(error: WeightError | Unknown) -> str:
    """ "0.0336", "0.0085 (estimated, 0.005 to 0.020)" or "?"."""
    if isinstance(error, Unknown):
        return "?"
    if error.basis == "estimated":
        return f"{error.value:.4f} (estimated, {error.low:.3f} to {error.high:.3f})"
    return f"{error.value:.4f}{' (as the catalog says)' if error.basis == 'stated' else ''}"


def weight_error_document(error: WeightError | Unknown, digits: int) -> WeightErrorEntry:
    """`rel_error` with its basis; `rel_error_range` where it is estimated."""
    if isinstance(error, Unknown):
        return {"rel_error": None, "rel_error_basis": None, "rel_error_range": None}
    estimated = error.basis == "estimated"
    limits = [round(error.low, digits), round(error.high, digits)]
    return {
        "rel_error": round(error.value, digits),
        "rel_error_basis": error.basis,
        "rel_error_range": limits if estimated else None,
    }
