"""What a cache that is too small reads again, and how fast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitplan.timing.reading import timing_data
from fitplan.timing.reread import RereadPart, reread, seconds_per_byte

DATA = timing_data()
CIRCLE = (1, 0, 2)
VAE_FIRST = (1, 2, 0, 2)


def _parts(*sizes: int) -> list[RereadPart]:
    return [RereadPart("any", size, size) for size in sizes]


sizes = st.lists(st.integers(1, 50), min_size=3, max_size=3)


@given(sizes=sizes, more=st.integers(0, 20))
def test_what_fits_is_never_read_again(sizes: list[int], more: int) -> None:
    """At the sum of the parts, or above it, nothing is read twice."""
    assert reread(_parts(*sizes), CIRCLE, sum(sizes) + more) == ()


@given(vae=st.integers(1, 5), rest=st.tuples(st.integers(6, 50), st.integers(6, 50)))
def test_one_byte_too_many_costs_as_much_as_all(vae: int, rest: tuple[int, int]) -> None:
    """Asked for in a circle, every part is gone when its turn comes; a VAE asked twice stays."""
    parts = _parts(*rest, vae)
    limit = sum(rest) + vae - 1
    assert reread(parts, CIRCLE, limit) == (0, 1, 2)
    assert reread(parts, VAE_FIRST, limit) == (0, 1)


@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    limit=st.integers(0, 40),
    data=st.data(),
)
def test_the_set_is_what_a_plain_simulation_settles_on(
    sizes: list[int], limit: int, data: st.DataObject
) -> None:
    """Twenty images through an independently written cache read the same parts at the end."""
    order = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8))
    used: dict[int, int] = {}
    missed: set[int] = set()
    for turn in range(20 * len(order)):
        index = order[turn % len(order)]
        if turn % len(order) == 0:
            missed = set()
        if index not in used:
            missed.add(index)
            for old in sorted(used, key=used.__getitem__):
                if sum(sizes[i] for i in used) + sizes[index] > limit:
                    del used[old]
        used[index] = turn
    assert set(reread(_parts(*sizes), order, limit)) == missed


@given(st.integers(10**6, 10**11), st.integers(1, 10**10))
def test_a_faster_disk_never_loads_slower(disk: int, more: int) -> None:
    """Loading is never faster than reading, nor than copying, and only gains by a faster disk."""
    slow, fast = seconds_per_byte(DATA, disk), seconds_per_byte(DATA, disk + more)
    assert fast <= slow
    assert slow >= 1 / disk
    assert slow >= 1 / 4.3e9


def test_the_pages_own_loads_come_out() -> None:
    """22.17, 11.85, 7.85 and 6.47 GiB in 68, 36, 24 and 20 s at 350 MB/s, within 2 %."""
    for gib, seconds in ((22.17, 68), (11.85, 36), (7.85, 24), (6.47, 20)):
        assert gib * 2**30 * seconds_per_byte(DATA, 350 * 10**6) == pytest.approx(seconds, rel=0.02)
