"""Published VRAM figures: each is claimed and met within its margin, or refused with a reason.

Authors write GB and mean what nvidia-smi calls GiB; whole figures are rounded.
"""

from dataclasses import dataclass

import pytest

from fitplan.errors import FitplanError
from fitplan.training.formula import Run, vram
from fitplan.training.margins import claim, refuse_unclaimed
from fitplan.training.reading import shipped
from fitplan.training.search import fitting
from fitplan.units import GIB, MIB
from training_oracle import catalog, model, read, wish

FILE = shipped()
QWEN = FILE.architectures["qwen-image"]
KONTEXT = FILE.architectures["flux1-kontext"]
PUBLISHED = read("published.json")

OLD_CODE = "made with code of August 2025, which kept Qwen-Image's modulation weights in bf16"


@dataclass(frozen=True)
class Figure:
    """A published figure that the formula claims to cover."""

    run: Run
    gib: float


COVERED = {
    "Qwen-Image 1024 b1 bf16 gc xformers": Figure(Run("bf16", 0, 1024, 1024), 42),
    "rank4 (res assumed 1328)": Figure(
        Run("fp8", 0, 1328, 1328, rank=4, optimizer="adafactor"), 25
    ),
}
"""Qwen-Image; what isn't stated is the trainer's default or named in the key."""

BOUNDS = {
    "FLUX.1 Kontext fp8_scaled, RTX 3060 12GB, no swap: OOM while loading",
    "Klein 9B trains on 3060 12G / 2080Ti 11G with swap+fp8",
}
"""Covered too, but no figures: what fits, and what doesn't."""

REFUSED_RUNS = {
    "Qwen fp8 r128 adafactor 1328 swap0": Run("fp8", 0, 1328, 1328, 128),
    "swap7": Run("fp8", 7, 1328, 1328, 128),
    "Qwen r128 1328 adafactor minimum (assumed fp8, max swap 59)": Run("fp8", 59, 1328, 1328, 128),
    "same, adamw8bit": Run("fp8", 59, 1328, 1328, 128),
}
"""Rank 128: fitplan claims up to 64."""

OTHER_CODE = {
    "+fp8_base fp8_scaled (Aug-2025 code: _mod kept bf16)": Figure(Run("fp8", 0, 1024, 1024), 30),
    "+swap16": Figure(Run("fp8", 16, 1024, 1024), 24),
    "+swap45": Figure(Run("fp8", 45, 1024, 1024), 12),
}
"""Qwen-Image in code that quantized less; the shapes shipped are the current code's."""

UNANSWERABLE = {
    "gradient_checkpointing_cpu_offload: HunyuanVideo 1280x720@41f 42.7->31.9; "
    "Wan2.2 1280x720@25f 46.4->34.4 (rest of table truncated in store)": "HunyuanVideo",
    "FramePack 640x640": "FramePack",
    "inference 720p 121f swap51": "HunyuanVideo",
    "HunyuanVideo without fp8_base": "HunyuanVideo",
    "full finetune --full_bf16 saves ~30GB": "a full finetune, no LoRA",
    "full finetune --full_bf16 saves ~20GB; save_state ~40GB RAM": "a full finetune, no LoRA",
    "image training 12GB+, video 24GB+, RAM 64GB+ (32GB+swap may work)": "about no model",
    "Qwen LoRA RTX 3090 swap40: classic 14 s/sample, h2d 11 s (resolution not given)": (
        "its resolution isn't known"
    ),
    "ai-toolkit (not musubi) Z-Image Turbo r128 1536: 22 GB, 11.2 GB offloaded; "
    "6.7 / 9 s/it RTX 5090": "another trainer",
}
"""What can't be asked: models that fitplan doesn't know, or why it is no question about a LoRA."""


def test_every_published_figure_is_claimed_or_refused() -> None:
    """No row is left out, and none is in two lists."""
    lists = [COVERED, BOUNDS, REFUSED_RUNS, OTHER_CODE, UNANSWERABLE]
    listed = [cfg for group in lists for cfg in group]
    assert sorted(listed) == sorted(row["cfg"] for row in PUBLISHED)


@pytest.mark.parametrize("cfg", COVERED)
def test_claimed_figures_are_met_within_their_margin(cfg: str) -> None:
    """Within the margin, and half of the last digit that the author wrote."""
    figure = COVERED[cfg]
    refuse_unclaimed(FILE.claims, figure.run)
    total = vram(FILE.vram, QWEN, figure.run).total
    allowed = claim(FILE, QWEN, figure.run, total).margin_bytes + GIB // 2
    assert abs(total - figure.gib * GIB) <= allowed


def test_kontext_without_swap_overflows_12_gib_as_reported() -> None:
    """Weights in fp8 alone exceed the card, at any size and even at the low end of the margin."""
    run = Run("fp8", 0, 256, 256)
    memory = vram(FILE.vram, KONTEXT, run)
    assert memory.weights_resident > 14 * GIB
    assert memory.total - claim(FILE, KONTEXT, run, memory.total).margin_bytes > 12 * GIB


@pytest.mark.parametrize("vram_gib", [12, 11])
def test_klein_9b_trains_with_swap_and_fp8_as_reported(vram_gib: int) -> None:
    """On 12 and on 11 GiB, at 512 and at 1024, with 16 GiB of RAM."""
    for side in (512, 1024):
        asked = wish(vram_gib, 16, side, precision="fp8")
        (plan,) = fitting(FILE, model("klein-9b"), asked)
        assert plan.run.precision == "fp8"
        assert not plan.run.offload


@pytest.mark.parametrize("cfg", REFUSED_RUNS)
def test_figures_out_of_the_claim_are_refused(cfg: str) -> None:
    """Rank 128 is an error that says what is covered, not a guess."""
    with pytest.raises(FitplanError, match="rank 128 is outside") as caught:
        refuse_unclaimed(FILE.claims, REFUSED_RUNS[cfg])
    assert "ranks of 1 to 64 are covered" in caught.value.hint


@pytest.mark.parametrize("cfg", OTHER_CODE)
def test_figures_of_other_code_are_met_by_that_code_s_shapes(cfg: str) -> None:
    """The formula fits them when modulation stays in bf16; for current code they are no figures."""
    figure = OTHER_CODE[cfg]
    group = QWEN.blocks["transformer_blocks"]
    linears = {
        name: linear.model_copy(update={"fp8": "_mod" not in name})
        for name, linear in group.linears.items()
    }
    blocks = {"transformer_blocks": group.model_copy(update={"linears": linears})}
    total = vram(FILE.vram, QWEN.model_copy(update={"blocks": blocks}), figure.run).total
    assert abs(total - figure.gib * GIB) <= max(700 * MIB, total * 0.05) + GIB // 2
    current = vram(FILE.vram, QWEN, figure.run).total
    assert current < total, OLD_CODE


@pytest.mark.parametrize("name", ["HunyuanVideo", "FramePack"])
def test_models_without_a_formula_can_t_be_asked_about(name: str) -> None:
    """They are no models of the catalog."""
    assert name in UNANSWERABLE.values()
    with pytest.raises(FitplanError, match=f"no model is called '{name}'"):
        catalog().pipeline_ids(name)
