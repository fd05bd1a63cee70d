"""The page that fitplan grew from: its rows are predicted, and only better pairs beat them."""

import pytest
import yaml

from catalogs import shipped
from fitplan import runtimes
from fitplan.catalog import PublishedFile
from fitplan.planner import Plan, Show, plan
from fitplan.quantization import quant_name
from fitplan.residency import Residency, Unsupported
from fitplan.units import GIB
from inventory import DATA, measured

RUNTIME = runtimes.find("invokeai@6.12")
ROWS = yaml.safe_load((DATA / "seed_tables.yaml").read_text(encoding="utf-8"))["cache_usage"][
    "rows"
]
MODELS = sorted({row["model"] for row in ROWS})


def residency(file: PublishedFile) -> Residency | Unsupported:
    """In the page's version of InvokeAI."""
    return RUNTIME.residency(file.weights)


def plans(model: str, show: Show) -> tuple[Plan, ...]:
    """The answer for one model of the page at its 14 GiB."""
    ids = shipped().pipeline_ids(model)
    return plan(shipped(), ids, 14 * GIB, residency, show).plans


def is_row(found: Plan, row: dict[str, object]) -> bool:
    """Same quantizations, and sizes as on the page (its BF16 encoder counts a tokenizer)."""
    files = (found.denoiser.file, found.encoder.file)
    sizes = (row["denoiser_gb"], row["encoder_gb"])
    return [file.quant for file in files] == [
        quant_name(str(row[part])) for part in ("denoiser", "encoder")
    ] and all(
        abs(file.weights.file_bytes / 1e9 - float(str(size))) < 0.025
        for file, size in zip(files, sizes, strict=True)
    )


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
    runtime = runtimes.find(f"invokeai@{version}")
    found = plan(shipped(), ["sd15"], 14 * GIB, lambda file: runtime.residency(file.weights))
    assert found.plans[0].cache_bytes == expected
