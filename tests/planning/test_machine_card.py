"""InvokeAI on a card: its own cache's figures, and what must always hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fitplan import Candidates, Plan, find_runtime, load_catalog
from fitplan.accounting.card import CardVerdict, PhaseOnCard
from fitplan.accounting.card_cache import MORE, CachedPart, second_image
from fitplan.accounting.card_rules import CardSpace, Picture, Working
from fitplan.accounting.weights import Container, WeightFile
from fitplan.machine.computer import Card, Machine
from fitplan.planning.planner import plan
from fitplan.planning.verdicts import Judge
from fitplan.runtimes.invokeai.card import _decoding
from fitplan.units import GIB

DATA = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "vram" / "measured.yaml").read_text(encoding="utf-8")
)
CELLS = [(row, card) for row in DATA["card"] for card in row["cards"]]
WORDS = ("out-of-memory", "unknown", "streams", "whole")


@pytest.fixture(scope="module")
def candidates() -> Candidates:
    """The shipped catalog in the newest InvokeAI."""
    return Candidates(load_catalog(), find_runtime("invokeai"))


def pair(candidates: Candidates, row: Any) -> Plan:
    """The pair of a row."""
    pipeline = candidates.catalog.file.pipelines[row["model"]]
    denoiser = candidates.meant(pipeline.denoiser, row["denoiser"]).choice
    encoder = candidates.meant(pipeline.parts[1], row["encoder"]).choice
    return candidates.plan(
        row["model"], denoiser, encoder, candidates.others(row["model"]) or (), frontier=True
    )


def on_card(candidates: Candidates, plan: Plan, gib: float) -> CardVerdict:
    """`plan` on a card of `gib` GiB."""
    machine = Machine(cards=(Card(None, round(gib * GIB), "nvidia"),))
    return Judge(candidates, machine, Picture()).of(plan).card


def resident(phase: PhaseOnCard, besides: int = 0) -> float:
    """GiB of a phase's weights on the card, without `besides` bytes."""
    assert phase.resident_bytes is not None
    return (phase.resident_bytes - besides) / GIB


@pytest.mark.parametrize(
    ("row", "card"), CELLS, ids=[f"{row['model']}-{row['denoiser']}-{c}" for row, c in CELLS]
)
def test_resident_streamed_and_uploaded_are_the_caches(
    row: Any, card: int, candidates: Candidates
) -> None:
    """Within 0.05 GiB, and half a digit where uploads were written down in tenths.

    The figures leave out encoders beside the first (CLIP-L), which always find room.
    """
    found = pair(candidates, row)
    beside = sum(choice.residency.cache_bytes for choice in found.others[:-1])
    verdict = on_card(candidates, found, card)
    encode, denoise, _ = verdict.phases
    encoder, denoiser, streamed, uploaded = row["cards"][card]
    whole = dict(zip(("encode", "denoise"), row["counted"], strict=True))
    expected = {"encode": encoder, "denoise": denoiser}
    for phase, besides in ((encode, beside), (denoise, 0)):
        wanted = expected[phase.phase]
        wanted = whole[phase.phase] if wanted == "all" else wanted
        assert resident(phase, besides) == pytest.approx(wanted, abs=0.05)
    assert (denoise.streamed_bytes or 0) / GIB == pytest.approx(streamed, abs=0.05)
    assert verdict.uploaded_bytes is not None
    assert (verdict.uploaded_bytes - beside) / GIB == pytest.approx(uploaded, abs=0.1)
    assert verdict.verdict == ("whole" if (encoder, denoiser) == ("all", "all") else "streams")


@pytest.mark.parametrize("seen", DATA["decode"])
def test_a_decode_takes_at_most_what_is_asked_for(seen: Any) -> None:
    """The node's estimate is 1.6 to 8.9 % above what was measured as reserved."""
    file = WeightFile(seen["vae"], Container.SAFETENSORS, "F32", 0, ())
    space = CardSpace(24 * GIB, seen.get("vendor", "nvidia"))
    working = _decoding("6.14", file, Picture(seen["width"], seen["height"]), space)
    assert isinstance(working, Working)
    assert 1.015 <= (working.used_bytes or 0) / GIB / seen["reserved"] <= 1.0891


@pytest.fixture(scope="module")
def plans(candidates: Candidates) -> Sequence[Plan]:
    """The best pair of every model."""
    return plan(candidates, candidates.catalog.file.pipelines, 100 * GIB, top=1).plans


@given(index=st.integers(0, 10**6), less=st.floats(0, 32), more=st.floats(0, 32))
def test_more_vram_is_never_worse(
    index: int, less: float, more: float, candidates: Candidates, plans: Sequence[Plan]
) -> None:
    """And what does not lie on the card is streamed, byte for byte."""
    found = plans[index % len(plans)]
    small, large = sorted((less + 0.01, more + 0.01))
    one, other = (on_card(candidates, found, size) for size in (small, large))
    assert WORDS.index(one.verdict) <= WORDS.index(other.verdict)
    for verdict in (one, other):
        counted = [phase.resident_bytes + phase.streamed_bytes for phase in verdict.phases]  # type: ignore[operator]
        assert sum(counted) in (0, found.cache_bytes)


PARTS = st.lists(
    st.builds(CachedPart, st.integers(1, 10**10), st.integers(0, 5 * 10**9)),
    min_size=1,
    max_size=4,
)


@given(parts=PARTS, free=st.integers(0, 3 * 10**10))
def test_the_cache_never_holds_more_than_the_card_leaves(
    parts: list[CachedPart], free: int
) -> None:
    """Weights and working memory fit, but for the layers that can't be streamed."""
    for part, lock in zip(parts, second_image(parts, free, partial=True), strict=True):
        assert 0 <= lock.resident_bytes <= min(part.bytes, lock.all_bytes)
        assert lock.resident_bytes <= max(0, free - part.asked_bytes) + MORE
        assert 0 <= lock.uploaded_bytes <= part.bytes


def test_without_partial_loading_a_model_that_is_too_large_fails() -> None:
    """Klein 9B's BF16 denoiser is more than a card of 12 GiB; on Windows it spills, unmodelled."""
    off = Candidates(load_catalog(), find_runtime("invokeai", partial_loading=False))
    row = {"model": "flux2-klein-9b", "denoiser": "BF16", "encoder": "Q8_0"}
    found = pair(off, row)
    assert on_card(off, found, 12).verdict == "out-of-memory"
    windows = Machine(os="windows", cards=(Card(None, 12 * GIB, "nvidia"),))
    verdict = Judge(off, windows, Picture()).of(found).card
    assert (verdict.verdict, "shared memory" in verdict.reason) == ("unknown", True)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine(), "--vram"),
        (Machine(cards=()), "no graphics card"),
        (Machine(cards=(Card("Apple M2", None, "apple", integrated=True),)), "Apple M2"),
        (Machine(cards=(Card("Intel card", 8 * GIB, "intel"),)), "not for intel"),
    ],
)
def test_a_card_without_rules_is_unknown_with_the_reason(
    machine: Machine, said: str, candidates: Candidates, plans: Sequence[Plan]
) -> None:
    """No figure is made up."""
    verdict = Judge(candidates, machine, Picture()).of(plans[0]).card
    assert (verdict.verdict, verdict.phases, verdict.uploaded_bytes) == ("unknown", (), None)
    assert said in verdict.reason


def test_comfyui_leaves_a_z_image_denoiser_1_3_gib(candidates: Candidates) -> None:
    """F - 1.3 GiB on Linux, F - 1.5 on Windows, where InvokeAI leaves it F - 3."""
    comfy = Candidates(load_catalog(), find_runtime("comfyui"))
    row = {"model": "z-image-turbo", "denoiser": "Comfy-Org/BF16", "encoder": "Q8_0"}
    found = pair(comfy, row)
    for os, left in (("linux", 1.3), ("windows", 1.5)):
        machine = Machine(os=os, cards=(Card(None, 8 * GIB, "nvidia"),))  # type: ignore[arg-type]
        verdict = Judge(comfy, machine, Picture()).of(found).card
        assert resident(verdict.phases[1]) == pytest.approx(8 - 0.8 - left, abs=0.05)
        assert verdict.uploaded_bytes is None
