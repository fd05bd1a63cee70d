"""The formula of VRAM, RAM and time against the worked table, the inventory and measured runs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitplan.errors import FitplanError
from fitplan.timing.reading import timing_data
from fitplan.training.formula import Run, checkpoint_bytes, ram_bytes, vram, weight_bytes
from fitplan.training.margins import claim, refuse_unclaimed
from fitplan.training.pace import find_card, operations, pace
from fitplan.training.plan import residual_mib, weigh
from fitplan.training.reading import parse, shipped
from fitplan.training.schema import MeasuredRun, TrainedArchitecture
from fitplan.training.search import PRECISIONS
from fitplan.training.swap import effective, split, steps, why_no_effect
from fitplan.units import GIB, MIB
from training_oracle import (
    ARCHITECTURES,
    INVENTORY,
    PIPELINES,
    card,
    catalog,
    model,
    most,
    read,
    vram_mib,
    weights_mib,
)
from training_oracle import split as expected_split

FILE = shipped()
NAMES = st.sampled_from(sorted(ARCHITECTURES))


def architecture(name: str) -> TrainedArchitecture:
    """The data of the inventory's `name`."""
    return FILE.architectures[ARCHITECTURES[name]]


def runs() -> st.SearchStrategy[Run]:
    """Any run that the formula claims to cover, swap aside."""
    return st.builds(
        Run,
        st.sampled_from(["bf16", "fp8"]),
        st.just(0),
        st.integers(256, 2048),
        st.integers(256, 2048),
        st.integers(1, 64),
        st.integers(1, 4),
        st.sampled_from(["adamw8bit", "adamw", "adafactor"]),
        st.none() | st.integers(1, 1024),
    )


@pytest.mark.parametrize("row", FILE.measured, ids=lambda row: f"{row.pipeline}-{row.side}")
def test_measured_rows_come_out_within_the_stated_margin(row: MeasuredRun) -> None:
    """The page's four rows: claimed to 250 MiB, and all within; time within 5 %."""
    name = next(name for name, id in PIPELINES.items() if id == row.pipeline)
    plan = weigh(FILE, model(name), Run("bf16", row.blocks_to_swap, row.side, row.side), card())
    assert plan.claim.kind == "checked"
    assert plan.claim.margin_bytes == 250 * MIB
    assert abs(plan.vram.total - row.vram_mib * MIB) <= plan.claim.margin_bytes
    assert (plan.pace.basis, plan.pace.seconds) == ("measured", row.seconds_per_step)
    other = replace(card(), name="RTX 3060 Ti")
    guessed = pace(FILE, row.pipeline, plan.model.architecture, plan.run, other).seconds
    assert guessed == pytest.approx(row.seconds_per_step, rel=0.05)


def test_residuals_of_the_measured_rows_are_the_published_ones() -> None:
    """+171, -52, -217, +25 MiB, predicted minus measured."""
    plans = [
        weigh(FILE, model(name), Run("bf16", row.blocks_to_swap, row.side, row.side), card())
        for row in FILE.measured
        for name, id in PIPELINES.items()
        if id == row.pipeline
    ]
    assert [residual_mib(plan) for plan in plans] == [171, -52, -217, 25]


def test_the_worked_table_comes_out_to_the_mib() -> None:
    """All rows of the table: VRAM, RAM and seconds as far as they are printed."""
    compared = 0
    for name, _, *cells in read("plan_table.json"):
        for side, (precision, swap, mib, *rest) in zip((512, 512, 1024, 1024), cells, strict=True):
            run = Run(precision, most(name) if swap == "none" else swap, side, side)
            total = vram(FILE.vram, architecture(name), run).total / MIB
            if swap == "none" and name == "qwen-image":
                continue  # the table stops at the swap that the docs advise
            assert total == pytest.approx(mib, abs=0.6)
            compared += 1
            if rest:
                ram, seconds = rest
                got = ram_bytes(FILE.ram, FILE.vram, architecture(name), run) / GIB
                assert got == pytest.approx(ram, abs=0.051)
                # The table counts FLUX.1's modulation weights as one byte; they stay in bf16.
                slack = 0.4 if (name, precision) == ("flux1-dev", "fp8") else 0.051
                found = pace(FILE, "another", architecture(name), run, card()).seconds
                assert found == pytest.approx(seconds, abs=slack)
    assert compared == 70


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_shapes_are_the_inventory(name: str) -> None:
    """Parameters, blocks, linears, LoRA, bytes and swap splits equal the inventory's."""
    known, data = INVENTORY[name], architecture(name)
    assert data.parameters == known["total"]
    assert data.lora_parameters_per_rank == known["lora_per_rank"]
    assert data.swap.most == known["max_swap"]
    for precision in PRECISIONS:
        expected = weights_mib(name, precision == "fp8")
        assert weight_bytes(FILE.vram, data, precision) / MIB == pytest.approx(expected)
    assert list(data.blocks) == list(known["blocks"])
    for group, block in known["blocks"].items():
        found = data.blocks[group]
        assert (found.count, found.parameters) == (block["n"], block["params"])
        assert {k: v.shape for k, v in found.linears.items()} == block["linears"]
        assert sum(linear.weights for linear in found.linears.values()) == block["linear_swap"]
    for swap in range(most(name) + 1):
        assert list(split(data, swap).values()) == expected_split(name, swap)


@settings(deadline=None)
@given(NAMES, runs(), st.data())
def test_vram_equals_the_inventory_s_formula(name: str, run: Run, data: st.DataObject) -> None:
    """At any size, rank, precision and swap the bytes are those of the formula in MiB."""
    swap = data.draw(st.integers(0, most(name)))
    plain = Run(run.precision, swap, run.width, run.height, run.rank)
    expected = vram_mib(name, run.precision == "fp8", swap, run.image_tokens, run.rank)
    got = vram(FILE.vram, architecture(name), plain).total
    assert isinstance(got, int)
    assert got == pytest.approx(expected * MIB, abs=16)


@settings(deadline=None)
@given(NAMES, runs(), st.data())
def test_swap_moves_bytes_and_loses_none(name: str, run: Run, data: st.DataObject) -> None:
    """Resident and swapped weights add up to all; a larger swap never needs more VRAM."""
    shapes = architecture(name)
    few, many = sorted(data.draw(st.tuples(*[st.integers(0, most(name))] * 2)))
    less = vram(FILE.vram, shapes, replace(run, blocks_to_swap=few))
    more = vram(FILE.vram, shapes, replace(run, blocks_to_swap=many))
    for one in (less, more):
        total = one.weights_resident + one.weights_swapped
        assert total == weight_bytes(FILE.vram, shapes, run.precision)
    assert more.total <= less.total
    assert (more.total == less.total) == (effective(shapes, few) == effective(shapes, many))


@settings(deadline=None)
@given(NAMES, runs())
def test_more_work_never_needs_less(name: str, run: Run) -> None:
    """VRAM and operations grow with width, rank and batch; offload never adds VRAM."""
    shapes = architecture(name)
    base = vram(FILE.vram, shapes, run).total
    for larger in (
        replace(run, width=run.width + 16),
        replace(run, rank=run.rank + 1),
        replace(run, batch=run.batch + 1),
    ):
        assert vram(FILE.vram, shapes, larger).total > base
        assert operations(shapes, larger) >= operations(shapes, run)
    away = replace(run, offload=True)
    assert vram(FILE.vram, shapes, away).total <= base
    moved = ram_bytes(FILE.ram, FILE.vram, shapes, away)
    assert moved - ram_bytes(FILE.ram, FILE.vram, shapes, run) == checkpoint_bytes(shapes, run)


def test_flux2_swaps_in_uneven_steps() -> None:
    """The distinct values, and what a value in between is told."""
    assert steps(architecture("klein-4b")) == [1, 2, 5, 8, 11]
    assert steps(architecture("klein-9b")) == [1, 2, 4, 7, 9, 12, 14]
    assert steps(architecture("flux2-dev")) == [1, 3, 6, 11, 14, 19, 22, 27]
    assert why_no_effect(architecture("klein-4b"), 5) is None
    assert why_no_effect(architecture("klein-4b"), 7) == (
        "swapping 7 blocks is the same as 5 (2 of 5 double blocks and 8 of 20 single blocks); "
        "the next that changes anything is 8"
    )
    assert (why_no_effect(architecture("klein-4b"), 13) or "").endswith("none frees more")


def test_margins_are_as_claimed() -> None:
    """250 MiB where measured, 400 nearby, the larger of 5 % and 700 MiB elsewhere."""

    def margin(name: str, run: Run, size: int = 10 * GIB) -> int:
        return claim(FILE, architecture(name), run, size).margin_bytes // MIB

    near = [
        Run("bf16", 5, 512, 512),
        Run("bf16", 8, 1536, 1024),
        Run("bf16", 8, 512, 512, rank=32),
        Run("bf16", 8, 512, 512, batch=2),
        Run("bf16", 8, 512, 512, optimizer="adamw"),
        Run("bf16", 8, 512, 512, text_tokens=300),
    ]
    assert margin("zimage", Run("bf16", 9, 768, 1152)) == 250
    assert [margin("zimage", run) for run in near] == [400] * len(near)
    assert margin("zimage", Run("fp8", 0, 512, 512)) == 700
    assert margin("klein-9b", Run("bf16", 0, 512, 512)) == 700
    assert margin("klein-9b", Run("bf16", 0, 512, 512), 20 * GIB) == 1024
    offloaded = Run("bf16", 9, 1024, 1024, offload=True)
    extra = checkpoint_bytes(architecture("zimage"), offloaded) * 3 // 10 // MIB
    assert margin("zimage", offloaded) == 250 + extra


@pytest.mark.parametrize(
    "run",
    [
        Run("bf16", 0, 240, 1024),
        Run("bf16", 0, 1024, 4096),
        Run("bf16", 0, 1024, 1024, rank=65),
        Run("bf16", 0, 1024, 1024, rank=0),
        Run("bf16", 0, 1024, 1024, batch=5),
        Run("bf16", 0, 1024, 1024, text_tokens=0),
        Run("bf16", 0, 1024, 1024, text_tokens=5000),
    ],
)
def test_what_is_not_claimed_is_refused(run: Run) -> None:
    """Sizes, ranks, batches and prompts out of the claim: an error that says what is covered."""
    with pytest.raises(FitplanError, match="outside of what the formula covers") as caught:
        refuse_unclaimed(FILE.claims, run)
    assert "covered" in caught.value.hint


def test_time_is_scaled_only_by_compute_and_with_a_margin() -> None:
    """Another card: the operations' share shrinks with its peak, the rest stays; margin 35 %."""
    run, shapes = Run("bf16", 4, 1024, 1024), architecture("klein-9b")
    here = pace(FILE, "x", shapes, run, card())
    faster = find_card(FILE, timing_data(), "NVIDIA GeForce RTX 3090")
    there = pace(FILE, "x", shapes, run, faster)
    assert faster.scale is not None
    assert here.seconds is not None
    assert there.seconds is not None
    compute = operations(shapes, run) / 17.9e12
    assert here.seconds - there.seconds == pytest.approx(compute * (1 - 1 / faster.scale))
    assert (there.basis, there.margin) == ("scaled", 0.35)
    assert (here.basis, here.margin) == ("estimated", 0.15)


def test_no_data_for_a_card_is_said() -> None:
    """A card out of the table, or one known to be outside of it: no figure, and why."""
    for name in ("Arc B580", "RX 7900 XT"):
        found = pace(
            FILE,
            "x",
            architecture("zimage"),
            Run("bf16", 0, 512, 512),
            find_card(FILE, timing_data(), name),
        )
        assert (found.seconds, found.basis) == (None, "no-data")
        assert found.why.startswith(f"no data for this card: {name}")


def test_the_data_names_pipelines_of_the_catalog() -> None:
    """Every id is a pipeline of the catalog, but Qwen-Image's, which it may not have yet."""
    ids = {*FILE.pipelines, *FILE.untrainable} - {"qwen-image"}
    assert ids <= set(catalog().file.pipelines)


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (("  context_mib: 318", "  context_mb: 318"), "vram.context_mib"),
        (("  context_mib: 318", "  context_mib: '318'"), "vram.context_mib"),
        (("source: replay", "source: reply"), "no source is called 'reply'"),
        (("group: layers", "group: layer"), "no blocks 'layer'"),
        (("1: [0, 1], 2: [1, 4]", "1: [1], 2: [1, 4]"), "one number per group"),
        (("{architecture: z-image}", "{architecture: z-imag}"), "no architecture is called"),
        (("version: 1", "version: ["), "training.yaml"),
    ],
)
def test_a_wrong_training_file_is_refused(edit: tuple[str, str], complaint: str) -> None:
    """Unknown keys, wrong types and names that lead nowhere each give one clear error."""
    from importlib import resources

    text = (resources.files("fitplan") / "data" / "training.yaml").read_text(encoding="utf-8")
    assert edit[0] in text
    with pytest.raises(FitplanError, match=r"training\.yaml") as caught:
        parse(text.replace(*edit, 1))
    assert complaint in caught.value.message
