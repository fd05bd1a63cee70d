"""The page that fitplan grew from: its rows are predicted, and only better pairs beat them."""

import pytest

from catalogs import in_runtime
from fitplan.planning.planner import plan
from fitplan.units import GIB
from inventory import measured
from page import MODELS, ROWS, is_row, plans


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['model']} {row['denoiser']}")
def test_every_row_is_predicted_within_a_hundredth(row: dict[str, object]) -> None:
    """The page's usage column, in GiB with two decimals, to within 0.006 GiB."""
    found = [p for p in plans(str(row["model"]), "all") if is_row(p, row)]
    assert found
    assert min(abs(p.cache_bytes / GIB - float(str(row["usage_gib"]))) for p in found) < 0.006


@pytest.mark.parametrize("model", MODELS)
def test_the_first_pair_is_the_pages_or_scores_higher(model: str) -> None:
    """At 14 GiB no row of the page beats the pair ranked first, which fits."""
    best = plans(model, "best")[0]
    rows = [row for row in ROWS if row["model"] == model]
    scores = [p.quality_db for p in plans(model, "all") if any(is_row(p, row) for row in rows)]
    assert best.cache_bytes <= 14 * GIB
    assert best.quality_db is not None
    assert all(score is not None and score <= best.quality_db for score in scores)


@pytest.mark.parametrize("version", ["6.12", "6.14"])
def test_sd_1_5_counts_what_its_parts_were_measured_to_count(version: str) -> None:
    """UNet, CLIP-L and VAE of its diffusers folder, each BF16, in both versions."""
    parts = ("sd15-diff-unet-f16", "sd15-diff-te-f16", "sd15-diff-vae-f32")
    expected = sum(measured()[part]["6.12.0"]["accounted"] for part in parts)
    found = plan(in_runtime(f"invokeai@{version}"), ["sd15"], 14 * GIB)
    assert found.plans[0].cache_bytes == expected
