"""The score of a pair."""

import pytest

from fitplan.accounting.quality import QualityRule


@pytest.mark.parametrize(
    ("denoiser", "encoder", "score"),
    [
        (0.0336, 0.0654, 25.9),  # Klein 9B Q5_K_M + Q4_K_M
        (0.0054, 0.0054, 43.8),  # Q8_0 + Q8_0
        (0.0, 0.0, 55.4),  # full precision: BF16's own rounding
        (0.0178, 0.0054, 34.8),  # Q6_K + Q8_0
    ],
)
def test_scores_are_those_of_the_published_rule(
    denoiser: float, encoder: float, score: float
) -> None:
    """-10·log10(e_d² + e_t²/3 + 0.0017²)."""
    assert QualityRule().score_db(denoiser, encoder) == pytest.approx(score, abs=0.05)


def test_an_unknown_error_has_no_score() -> None:
    """Unknown stays unknown."""
    assert QualityRule().score_db(None, 0.01) is None


def test_elo_is_lowered_by_the_error_of_the_pair() -> None:
    """Elo - 520·error; without an Elo a model ranks below all that have one."""
    rule = QualityRule()
    score = rule.score_db(0.0054, 0.0054)
    assert rule.adjusted_elo(1100, score) == pytest.approx(
        1100 - 520 * rule.pair_error(0.0054, 0.0054)
    )
    assert rule.adjusted_elo(None, score) == float("-inf")
