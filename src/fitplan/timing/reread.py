"""What a cache that is too small reads again for every image, and how long that takes. Pure.

No measured run of a pair that doesn't fit exists: these are models. A least-recently-used cache
that is one byte too small for parts asked for in a circle drops each just before its next use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fitplan.timing.schema import TimingData
from fitplan.units import GB

MB = 10**6


@dataclass(frozen=True, slots=True)
class RereadPart:
    """One file: its place in the order of use, bytes in the cache and on disk."""

    slot: str
    cache_bytes: int
    file_bytes: int


def reread(parts: Sequence[RereadPart], order: Sequence[int], limit: int) -> tuple[int, ...]:
    """Indexes of `parts` that every further image reads again, when used in `order` under `limit`.

    `limit` is cache bytes. The cache drops least recently used parts until the next one fits, and
    takes that one even when it alone is over the limit.
    """
    held: list[int] = []
    for _ in range(len(parts) + 1):
        before, missed = tuple(held), []
        for index in order:
            if index not in held:
                missed.append(index)
                _make_room(held, parts, limit - parts[index].cache_bytes)
            else:
                held.remove(index)
            held.append(index)
        if tuple(held) == before:
            break
    return tuple(sorted(set(missed)))


def _make_room(held: list[int], parts: Sequence[RereadPart], room: int) -> None:
    while held and sum(parts[index].cache_bytes for index in held) > room:
        held.pop(0)


def seconds_per_byte(data: TimingData, disk: int) -> float:
    """Seconds to load one byte from a disk that reads `disk` bytes per second.

    Straight line in 1/disk through two measured points: the reference machine's loads, end to end
    (which reading alone explains), and copying what the page cache holds, as an endlessly fast disk
    would leave it; never less than reading itself.
    """
    copy = 1 / (data.constants.copy_gb_s.value * GB)
    known = data.constants.loading_mb_s.value * MB
    return max(1 / disk, copy + (1 - copy * known) / disk)
