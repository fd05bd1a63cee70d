"""Cards: found by the names people and drivers use, each figure with its source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitplan.errors import ErrorKind, FitplanError
from fitplan.timing.gpus import OutsideGpu, detected_gpu, find_gpu
from fitplan.timing.reading import timing_data
from fitplan.timing.schema import GpuSpec
from fitplan.units import GIB

DATA = timing_data()


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("RTX 3060", "RTX 3060 12GB"),
        ("rtx3060", "RTX 3060 12GB"),
        ("3060", "RTX 3060 12GB"),
        ("NVIDIA GeForce RTX 3060", "RTX 3060 12GB"),
        ("RTX 4060 Ti 16 GiB", "RTX 4060 Ti 16GB"),
        ("rtx 4070 ti super", "RTX 4070 Ti SUPER"),
        ("RTX 3060 Ti", "RTX 3060 Ti"),
    ],
)
def test_a_card_is_found_by_what_people_call_it(name: str, card: str) -> None:
    """Case, spaces, maker and memory don't matter where they tell nothing apart."""
    assert find_gpu(DATA, name).name == card


def test_a_shared_name_asks_which() -> None:
    """RTX 4060 Ti is sold with 8 and with 16 GB, and the memory decides what overflows."""
    with pytest.raises(FitplanError) as caught:
        find_gpu(DATA, "RTX 4060 Ti")
    assert caught.value.kind is ErrorKind.USAGE
    assert "RTX 4060 Ti 8GB, RTX 4060 Ti 16GB" in caught.value.hint


@given(st.text(max_size=30))
def test_any_name_is_a_card_or_a_clear_error(name: str) -> None:
    """No text ends in anything but a card, an unknown name or a question back."""
    try:
        found: object = find_gpu(DATA, name)
    except FitplanError as error:
        found = error
    if isinstance(found, FitplanError):
        assert (found.exit_code, bool(found.hint)) == (2, True)
    else:
        assert isinstance(found, GpuSpec | OutsideGpu)


def test_a_driver_tells_cards_apart_by_memory() -> None:
    """A laptop's card, or one of another memory size, isn't taken for the one in the table."""
    found = detected_gpu(DATA, "NVIDIA GeForce RTX 4060 Ti", 16 * GIB - 300_000_000)
    assert found is not None
    assert found.name == "RTX 4060 Ti 16GB"
    assert detected_gpu(DATA, "NVIDIA GeForce RTX 3060", 8 * GIB) is None
    assert detected_gpu(DATA, "NVIDIA GeForce RTX 3080 Laptop GPU", 8 * GIB) is None
    assert isinstance(detected_gpu(DATA, "NVIDIA GeForce RTX 2060", 6 * GIB), OutsideGpu)


def test_every_figure_of_a_card_has_a_source_or_says_unverified() -> None:
    """No card has a clock or a memory without a source's name."""
    for gpu in DATA.gpus:
        assert {gpu.clock_source, gpu.vram_source} <= DATA.gpu_sources.keys()
    assert len({gpu.name for gpu in DATA.gpus}) == len(DATA.gpus)


def test_every_constant_lies_in_its_range() -> None:
    """Where a range is known the value is inside it; every one has a source."""
    for name in type(DATA.constants).model_fields:
        constant = getattr(DATA.constants, name)
        assert constant.source
        if constant.low is not None and constant.high is not None:
            assert constant.low < constant.value < constant.high
