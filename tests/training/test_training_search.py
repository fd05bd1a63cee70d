"""What fits: against brute force over every swap, and the findings of the page."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitplan.training.launch import commands, memory_flags, shell
from fitplan.training.nearest import unfit
from fitplan.training.plan import TrainingPlan
from fitplan.training.reading import shipped
from fitplan.training.search import Wish, fitting
from fitplan.training.swap import steps
from fitplan.training.warnings import warnings
from fitplan.units import GIB, MIB
from training_oracle import PIPELINES, model, most, vram_mib, weights_mib, wish

FILE = shipped()
NAMES = st.sampled_from(sorted(PIPELINES))
SIDES = st.sampled_from([256, 512, 768, 1024, 1536, 2048])
BUDGETS = st.tuples(st.integers(4, 48), st.none() | st.integers(3, 70))


def plans(name: str, **asked: Any) -> list[TrainingPlan]:
    """The plans for the inventory's `name`."""
    return fitting(FILE, model(name), wish(**asked))


def choices(found: list[TrainingPlan]) -> list[tuple[str, int, bool]]:
    """Precision, swap and offload of each plan."""
    return [(plan.run.precision, plan.run.blocks_to_swap, plan.run.offload) for plan in found]


def smallest_swap(name: str, precision: str, asked: Wish) -> int | None:
    """Brute force: the smallest of all values that fits, by the inventory's own arithmetic."""
    fp8, tokens = precision == "fp8", (asked.width // 16) * (asked.height // 16)
    room = (asked.budget.vram_bytes - asked.budget.headroom_bytes) / MIB
    for swap in range(most(name) + 1):
        ram = 2560 + (weights_mib(name, fp8) if swap else 0)
        enough = asked.budget.ram_bytes is None or ram <= asked.budget.ram_bytes / MIB
        if enough and vram_mib(name, fp8, swap, tokens) <= room:
            return swap
    return None


def brute_force(name: str, asked: Wish) -> list[tuple[str, int, bool]]:
    """What must be found, without offload."""
    bf16 = None if name == "flux2-dev" else smallest_swap(name, "bf16", asked)
    fp8 = None if bf16 == 0 else smallest_swap(name, "fp8", asked)
    found = (("bf16", bf16), ("fp8", fp8))
    return [(precision, swap, False) for precision, swap in found if swap is not None]


@settings(deadline=None)
@given(NAMES, SIDES, BUDGETS)
def test_the_search_equals_brute_force(
    name: str, side: int, budget: tuple[int, int | None]
) -> None:
    """The smallest swap of all values, bf16 beside fp8; offload only where neither fits."""
    asked = wish(*budget, side)
    expected = brute_force(name, asked)
    found = choices(fitting(FILE, model(name), asked))
    assert found == expected or (not expected and all(offload for _, _, offload in found))


@settings(deadline=None)
@given(NAMES, SIDES, BUDGETS)
def test_a_swap_that_changes_nothing_is_never_proposed(
    name: str, side: int, budget: tuple[int, int | None]
) -> None:
    """Every proposed swap is 0 or a distinct step, also among the nearest fits."""
    asked = wish(*budget, side)
    found = fitting(FILE, model(name), asked)
    if not found:
        found = [plan for _, plan in unfit(FILE, model(name), asked).nearest]
    distinct = {0, *steps(model(name).architecture)}
    assert {plan.run.blocks_to_swap for plan in found} <= distinct


@settings(deadline=None)
@given(NAMES, SIDES, BUDGETS)
def test_what_is_proposed_fits(name: str, side: int, budget: tuple[int, int | None]) -> None:
    """Plans and nearest fits stay in VRAM less headroom, and in RAM."""
    asked = wish(*budget, side)
    found = fitting(FILE, model(name), asked)
    nearest = () if found else unfit(FILE, model(name), asked).nearest
    for plan in [*found, *(plan for _, plan in nearest)]:
        assert plan.vram.total + 400 * MIB <= asked.budget.vram_bytes
        assert asked.budget.ram_bytes is None or plan.ram_bytes <= asked.budget.ram_bytes


@settings(deadline=None)
@given(NAMES, SIDES, BUDGETS, st.integers(0, 16), st.integers(0, 16))
def test_more_budget_never_loses_a_fit(
    name: str, side: int, budget: tuple[int, int | None], vram: int, ram: int
) -> None:
    """Whatever fits a budget has a plan in every larger one."""
    gib, memory = budget
    larger = wish(gib + vram, None if memory is None else memory + ram, side)
    if fitting(FILE, model(name), wish(gib, memory, side)):
        assert fitting(FILE, model(name), larger)


def test_the_page_s_findings() -> None:
    """12 GB and 16 GB: Z-Image bf16 at 1024 swaps 10 blocks; Klein 4B Base needs no swap."""
    assert choices(plans("zimage", precision="bf16")) == [("bf16", 10, False)]
    assert choices(plans("zimage")) == [("bf16", 10, False), ("fp8", 0, False)]
    assert choices(plans("klein-4b", side=512)) == [("bf16", 0, False)]
    assert choices(plans("klein-4b", side=1024)) == [("bf16", 0, False)]


def test_offload_is_the_last_resort() -> None:
    """Where no precision and swap fits, the checkpoints go to RAM; its time is not guessed."""
    (plan,) = plans("klein-4b", vram=7, ram=6, side=1024)
    assert plan.run.offload
    assert plan.pace.seconds is None
    assert "--gradient_checkpointing_cpu_offload" in memory_flags(plan)
    assert "offload" in [one.kind for one in warnings(plan, wish(7, 6).budget, None)]


def test_impossible_wishes_say_the_nearest_that_fits() -> None:
    """Another swap, another precision, a smaller batch or image, and why."""
    swap = unfit(FILE, model("zimage"), wish(precision="bf16", blocks_to_swap=4))
    assert [change for change, _ in swap.nearest][:2] == ["another swap", "fp8"]
    assert choices([swap.nearest[0][1]]) == [("bf16", 10, False)]
    assert swap.reason.startswith("needs 12.91 GiB of VRAM, headroom included")
    ram = unfit(FILE, model("klein-9b"), wish(precision="bf16"))
    assert ram.reason.startswith("needs 19.41 GiB of RAM to fit this VRAM")
    assert ram.nearest[0][0] == "fp8"
    batch = unfit(FILE, model("klein-9b"), wish(10, 16, batch=4))
    assert [change for change, _ in batch.nearest] == ["a batch of 1", "a smaller image"]
    above = unfit(FILE, model("klein-4b"), wish(blocks_to_swap=14))
    assert above.reason == "at most 13 of its blocks can be swapped, not 14"
    dev = unfit(FILE, model("flux2-dev"), wish(32, 64, precision="bf16"))
    assert dev.reason == "the formula covers it in fp8 only, not in bf16"
    assert dev.nearest[0][0] == "fp8"


def test_a_smaller_image_is_the_largest_that_fits_and_keeps_its_shape() -> None:
    """1536x2048 shrinks in steps of 64 on the longer side; the next larger step doesn't fit."""
    asked = Wish(wish(7, 3).budget, 1536, 2048, wish().card, precision="bf16", text_tokens=100)
    (change, plan) = unfit(FILE, model("klein-4b"), asked).nearest[-1]
    assert change == "a smaller image"
    assert plan.run.width / plan.run.height == pytest.approx(0.75, rel=0.03)
    longer = plan.run.height + 64
    larger = Wish(asked.budget, longer * 3 // 4 // 16 * 16, longer, asked.card, text_tokens=100)
    assert not fitting(FILE, model("klein-4b"), larger)


def test_warnings_name_their_figures() -> None:
    """Little VRAM free, a margin that overflows, little RAM, a large encoder, a distilled model."""
    asked = wish(12, 16, precision="fp8")
    (plan,) = fitting(FILE, model("klein-9b"), asked)
    kinds = {one.kind: one.text for one in warnings(plan, asked.budget, None)}
    assert kinds["tight-vram"].startswith("only 493 MiB of VRAM stay free")
    assert kinds["margin-overflows"].endswith("overflows by 207 MiB")
    assert kinds["large-encoder"].endswith("in bf16: cache with --fp8_text_encoder")
    tight = wish(12, 12, precision="fp8")
    assert "tight-ram" in {one.kind for one in warnings(plan, tight.budget, None)}
    (kontext,) = plans("flux1-dev", vram=24, ram=64, side=512, precision="bf16")
    found = {one.kind for one in warnings(kontext, wish(24, 64).budget, None)}
    assert {"unvalidated", "model"} <= found


def test_the_launch_line_is_the_one_users_want() -> None:
    """Z-Image at 1024: every option of the page's run, and placeholders only for paths."""
    asked = wish(precision="bf16")
    (plan,) = fitting(FILE, model("zimage"), asked)
    line = " ".join(commands(plan, 1500, asked.budget).train)
    for part in (
        "accelerate launch --num_cpu_threads_per_process 1 --mixed_precision bf16 "
        "src/musubi_tuner/zimage_train_network.py",
        "--sdpa --mixed_precision bf16 --gradient_checkpointing --blocks_to_swap 10",
        "--timestep_sampling shift --discrete_flow_shift 2.0 --weighting_scheme none",
        "--optimizer_type adamw8bit --learning_rate 1e-4",
        "--network_module networks.lora_zimage --network_dim 16 --network_alpha 16",
        "--max_data_loader_n_workers 2",
        "--max_train_steps 1500",
    ):
        assert part in line
    assert "--vae" not in line
    assert "--sample_prompts" not in line
    assert shell(("accelerate", "launch", "--a", "b c")) == "accelerate launch \\\n  --a 'b c'"


def test_flux2_commands_say_their_version_and_fp8_says_both_flags() -> None:
    """Klein 9B in fp8: --fp8_scaled with --fp8_base; the encoder is cached in fp8 on 12 GiB."""
    asked = wish(precision="fp8")
    (plan,) = fitting(FILE, model("klein-9b"), asked)
    made = commands(plan, 100, asked.budget)
    for line in (made.cache_latents, made.cache_prompts, made.train):
        assert " ".join(line).count("--model_version klein-base-9b") == 1
    assert "--fp8_text_encoder" in made.cache_prompts
    assert memory_flags(plan)[1:] == ["--fp8_base", "--fp8_scaled", "--blocks_to_swap 4"]
    roomy = wish(40, 64).budget
    assert "--fp8_text_encoder" not in commands(plan, 100, roomy).cache_prompts


def test_budgets_are_bytes() -> None:
    """One byte of VRAM decides."""
    (plan,) = plans("klein-4b")
    exact = plan.vram.total + 400 * MIB
    assert choices(plans("klein-4b", vram=exact / GIB)) == [("bf16", 0, False)]
    assert choices(plans("klein-4b", vram=(exact - 1) / GIB))[0] == ("bf16", 1, False)


def test_more_swap_than_the_docs_advise_is_warned_about() -> None:
    """Qwen-Image, where bf16 must swap much: above 45 blocks the trainer's docs warn of RAM."""
    qwen = replace(model("zimage"), architecture=FILE.architectures["qwen-image"])
    asked = wish(11.5, 64)
    deep, shallow = fitting(FILE, qwen, asked)
    assert deep.run.blocks_to_swap > 45 >= shallow.run.blocks_to_swap
    kinds = [{one.kind for one in warnings(plan, asked.budget, None)} for plan in (deep, shallow)]
    assert "swap-above-advice" in kinds[0] - kinds[1]
