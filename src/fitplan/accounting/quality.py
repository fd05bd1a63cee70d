"""The score of a pair: what its quantizations cost in image quality.

e_d and e_t are the relative weight errors of denoiser and encoder (`quantization.weight_error`).
e² tracks published damage (LPIPS, KLD, per-layer MSE) of the same models at several quantizations
with Spearman .96 to 1.0. The weight of the encoder, 1/3, is the square of the geometric mean of
four published LPIPS ratios and uncertain (0.1 to 1.3); choosing pairs with it costs at most 1.3 dB
when the truth is between 0.25 and 1. Scores measure drift from full precision, not badness.
"""

from dataclasses import dataclass
from math import inf, log10, sqrt

BF16_ROUNDING = 0.0017
"""Relative rounding error of BF16 itself, the floor of every score."""

EQUIVALENT_DB = 40.0
"""Pairs that score higher look like full precision."""

ENCODER_FLOOR = 0.066
"""Relative error of the worst Q4_K_M text encoder; above it, damage grows suddenly."""


@dataclass(frozen=True, slots=True)
class QualityRule:
    """The constants of the ranking; a catalog may set its own."""

    encoder_weight: float = 1 / 3
    """Share of the encoder's squared error."""
    elo_per_error: float = 520.0
    """Elo points that an error of 1 would cost."""
    tie_band: float = 26.0
    """Elo gaps under this are ties."""

    def pair_error(self, denoiser: float, encoder: float) -> float:
        """sqrt(e_d² + w·e_t² + 0.0017²), dimensionless."""
        return sqrt(denoiser**2 + self.encoder_weight * encoder**2 + BF16_ROUNDING**2)

    def score_db(self, denoiser: float | None, encoder: float | None) -> float | None:
        """-20·log10 of the pair's error, in dB; None when an error is unknown."""
        if denoiser is None or encoder is None:
            return None
        return -20 * log10(self.pair_error(denoiser, encoder))

    def adjusted_elo(self, elo: int | None, score_db: float | None) -> float:
        """The model's Elo less what this pair's error costs; -inf when either is unknown."""
        if elo is None or score_db is None:
            return -inf
        return elo - self.elo_per_error * float(10 ** (-score_db / 20))
