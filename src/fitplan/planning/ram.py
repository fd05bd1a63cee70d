"""Whether a machine's RAM holds a pair: what stays, what is read again, and the worst moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fitplan.accounting.residency import Residency
from fitplan.machine.computer import Machine
from fitplan.machine.memory import SYSTEM_RESERVE
from fitplan.units import format_gib

RamWord = Literal["fits", "swaps-once", "swaps", "killed", "unknown"]

ZRAM_SAVES_PER_CENT = 21
"""RAM that zram frees of weights, at best: pages of them shrink to 79 % with zstd, and not at all
with lz4."""


@dataclass(frozen=True, slots=True)
class RamNeed:
    """What a pair needs of RAM, bytes; the system's reserve is not in it."""

    held_bytes: int
    """Weights that stay."""
    untouched_bytes: int
    """Of those never read or written again: swap takes them once."""
    mapped_bytes: int
    """Of those in files that are mapped: the system takes them back and reads them again."""
    peak_bytes: int
    """The most at any moment of loading."""
    hard_peak_bytes: int
    """The most of it that can't be taken back, mapped files left out."""

    @property
    def working_bytes(self) -> int:
        """What every image reads."""
        return self.held_bytes - self.untouched_bytes


@dataclass(frozen=True, slots=True)
class RamVerdict:
    """What becomes of a pair in a machine's RAM."""

    verdict: RamWord
    need: RamNeed
    swap_needed_bytes: int | None
    """On disk, for the pair to load, and where that is enough to run without reading again; None:
    unknown."""
    reason: str = ""
    """"" when it fits."""

    @property
    def runs(self) -> bool:
        """Whether images are made without swapping for each."""
        return self.verdict in ("fits", "swaps-once")


def ram_need(parts: Sequence[Residency]) -> RamNeed:
    """What `parts` need, in the order in which they are loaded."""
    held = hard = peak = hard_peak = 0
    for part in parts:
        held += part.real_bytes
        hard += part.hard_bytes
        peak = max(peak, held + part.transient_bytes)
        hard_peak = max(hard_peak, hard + part.transient_bytes)
    return RamNeed(
        held_bytes=held,
        untouched_bytes=sum(part.untouched_bytes for part in parts),
        mapped_bytes=held - hard,
        peak_bytes=peak,
        hard_peak_bytes=hard_peak,
    )


def ram_verdict(need: RamNeed, machine: Machine, *, keeps_parts: bool, miss: str) -> RamVerdict:
    """What becomes of `need` in the RAM and swap of `machine`.

    `keeps_parts`: whether the program keeps what it loaded however little RAM is left; else `miss`
    says what it does.
    """
    if machine.ram_bytes is None:
        return RamVerdict("unknown", need, None, "the machine's RAM is not known: say --ram-total")
    free = machine.ram_bytes - SYSTEM_RESERVE
    lacking = max(0, need.hard_peak_bytes - free)
    if need.peak_bytes <= free or (not lacking and need.held_bytes <= free):
        return RamVerdict("fits", need, 0)
    if not keeps_parts:
        return RamVerdict("unknown", need, None, f"more than the RAM at its peak: {miss}")
    return _swapping(need, machine, free, lacking)


def _swapping(need: RamNeed, machine: Machine, free: int, lacking: int) -> RamVerdict:
    """`lacking`: bytes over `free` at the peak that no file holds."""
    swap, had = _disk_swap(machine), format_gib(free)
    over = need.held_bytes - free
    once = over <= need.untouched_bytes
    needed = max(lacking, over) if once else lacking
    if lacking > swap:
        what = f"loading takes {format_gib(need.peak_bytes)} of RAM where {had} are free"
        word, why = _without_swap(machine, lacking)
        return RamVerdict(word, need, needed, f"{what}{why}")
    if once and swap >= needed:
        what = f"{format_gib(needed)} go to swap while it loads and are not needed again"
        return RamVerdict("swaps-once", need, needed, what)
    again = "swap and files" if need.mapped_bytes and lacking else "swap" if lacking else "files"
    what = f"{format_gib(need.held_bytes)} stay in use where {had} are free"
    return RamVerdict("swaps", need, needed, f"{what}: {again} are read again for every image")


def _disk_swap(machine: Machine) -> int:
    return 0 if machine.swap_kind == "zram" else machine.swap_bytes or 0


def _without_swap(machine: Machine, lacking: int) -> tuple[RamWord, str]:
    """The verdict for more than disk swap takes, and what to say of the swap there is."""
    needs = f"; {format_gib(lacking)} of swap on disk would take the rest"
    if machine.swap_bytes is None:
        return "unknown", f" and its swap is not known{needs}"
    if machine.swap_kind == "zram":
        saved = machine.swap_bytes * ZRAM_SAVES_PER_CENT // 100
        word: RamWord = "unknown" if lacking <= saved else "killed"
        return word, f", and zram hardly shrinks weights{needs}"
    return "killed", needs
