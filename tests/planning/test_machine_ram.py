"""What is held in RAM and what a machine makes of it: measured figures, and what must hold."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fitplan import find_runtime
from fitplan.accounting.residency import Residency
from fitplan.machine.computer import Machine
from fitplan.planning.ram import RamNeed, RamVerdict, ram_need, ram_verdict
from fitplan.units import GIB
from inventory import weight_file

DATA = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "vram" / "measured.yaml").read_text(encoding="utf-8")
)
WORST_FIRST = ("killed", "unknown", "swaps", "swaps-once", "fits")


def residency(name: str) -> Residency:
    """What an inventory's file becomes in the newest InvokeAI."""
    found = find_runtime("invokeai").residency(weight_file(name))
    assert isinstance(found, Residency)
    return found


PAIR = ram_need([residency(DATA["pair"][part]) for part in ("encoder", "denoiser", "vae")])


def judged(need: RamNeed, ram: float, swap: float = 0, kind: Any = "disk") -> RamVerdict:
    """On a machine with GiB of RAM and swap, in a program that keeps what it loaded."""
    machine = Machine(round(ram * GIB), round(swap * GIB), kind if swap else None)
    return ram_verdict(need, machine, keeps_parts=True, miss="")


@pytest.mark.parametrize("seen", DATA["ram"], ids=lambda seen: seen["file"])
def test_held_untouched_and_peak_are_the_measured_ones(seen: Any) -> None:
    """Within 0.1 GiB of the anonymous memory of InvokeAI's process."""
    need = ram_need([residency(seen["file"])])
    for key, found in (
        ("held", need.held_bytes),
        ("untouched", need.untouched_bytes),
        ("peak", need.peak_bytes),
    ):
        assert found / GIB == pytest.approx(seen[key], abs=0.1), key


def test_a_pair_peaks_while_its_denoiser_loads_beside_its_encoder() -> None:
    """Z-Image Turbo Q8_0 + Qwen3-4B Q8_0: 18.94 GiB at the peak, 11.92 in use."""
    for key, found in (
        ("held", PAIR.held_bytes),
        ("untouched", PAIR.untouched_bytes),
        ("working", PAIR.working_bytes),
        ("peak", PAIR.peak_bytes),
    ):
        assert found / GIB == pytest.approx(DATA["pair"][key], abs=0.1), key


@pytest.mark.parametrize(
    ("ram", "swap", "kind", "expected"),
    [
        (16, 0, None, "killed"),
        (16, 6, "disk", "swaps-once"),
        (16, 4, "disk", "killed"),
        (16, 4, "zram", "killed"),
        (12, 16, "disk", "swaps"),
        (24, 0, None, "fits"),
        (20, 3, "zram", "killed"),
        (20, 8, "zram", "unknown"),
    ],
)
def test_the_pair_of_the_page_on_machines(ram: int, swap: int, kind: Any, expected: str) -> None:
    """16 GiB without swap kill it; 6 GiB on disk take what is never needed again; zram doesn't."""
    verdict = judged(PAIR, ram, swap, kind)
    assert verdict.verdict == expected
    assert bool(verdict.reason) == (expected != "fits")


def test_swap_needed_is_what_makes_it_load() -> None:
    """One byte less of disk swap and it is killed."""
    needed = judged(PAIR, 16).swap_needed_bytes or 0
    machine = Machine(16 * GIB, needed - 1, "disk")
    less = ram_verdict(PAIR, machine, keeps_parts=True, miss="")
    assert less.verdict == "killed"
    assert judged(PAIR, 16, needed / GIB).verdict == "swaps-once"


def test_unknown_ram_or_swap_says_so() -> None:
    """And a program that lets parts go is not said to swap."""
    nothing = ram_verdict(PAIR, Machine(), keeps_parts=True, miss="")
    assert (nothing.verdict, nothing.swap_needed_bytes) == ("unknown", None)
    assert (
        "swap is not known"
        in ram_verdict(PAIR, Machine(16 * GIB), keeps_parts=True, miss="").reason
    )
    lets_go = ram_verdict(PAIR, Machine(16 * GIB, 0), keeps_parts=False, miss="it is read again")
    assert (lets_go.verdict, "it is read again" in lets_go.reason) == ("unknown", True)


SIZES = st.integers(0, 20 * GIB)
PARTS = st.builds(
    lambda hard, mapped, transient, share: (hard, mapped, transient, hard * share // 100),
    SIZES,
    SIZES,
    SIZES,
    st.integers(0, 100),
)
GIBS = st.floats(2.5, 80)


def need_of(hard: int, mapped: int, transient: int, untouched: int) -> RamNeed:
    """What one part needs."""
    held = hard + mapped
    return RamNeed(held, untouched, mapped, held + transient, hard + transient)


@given(parts=PARTS, rams=st.tuples(GIBS, GIBS), swaps=st.tuples(GIBS, GIBS))
def test_more_ram_or_swap_is_never_worse(parts: Any, rams: Any, swaps: Any) -> None:
    """Whatever a pair needs."""
    need = need_of(*parts)
    (small, large), (little, much) = sorted(rams), sorted(swaps)
    words = [
        WORST_FIRST.index(judged(need, *machine).verdict)
        for machine in ((small, 0), (small, little), (small, much), (large, much))
    ]
    assert words == sorted(words)
