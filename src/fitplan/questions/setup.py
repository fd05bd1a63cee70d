"""What a machine's settings should be, and why."""

from dataclasses import dataclass

from fitplan.accounting.runtime import BudgetSetting
from fitplan.errors import usage_error
from fitplan.machine.memory import SYSTEM_RESERVE, Ram
from fitplan.planning.candidates import Candidates
from fitplan.questions.need import Need, best_within, needs
from fitplan.units import GIB, format_gib


@dataclass(frozen=True, slots=True)
class Vram:
    """Memory of the graphics card, in bytes."""

    total_bytes: int | None
    """None: no usable card, or unknown."""
    source: str
    """`option`, `unknown`, or the card's name."""

    @property
    def known(self) -> bool:
        """Whether it was given or detected; a machine may be known to have no card."""
        return self.source != "unknown"


@dataclass(frozen=True, slots=True)
class Heavy:
    """A model whose best pair fits the cache but not the machine's RAM."""

    best: Need
    instead: Need | None
    """The best pair that fits both."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The limit to set on a machine. All sizes are bytes."""

    setting: BudgetSetting
    ram_bytes: int
    ram_source: str
    vram: Vram
    swap_bytes: int | None
    """None: the machine in question isn't this one."""
    limit_bytes: int
    default_bytes: int | None
    """What the runtime takes by itself; None: VRAM isn't known."""
    heavy: tuple[Heavy, ...]

    @property
    def line(self) -> str:
        """The line of the settings file."""
        return f"{self.setting.key}: {self.setting.value(self.limit_bytes)}"

    @property
    def free_bytes(self) -> int:
        """RAM that the models may hold."""
        return self.ram_bytes - SYSTEM_RESERVE


def advise(
    candidates: Candidates,
    setting: BudgetSetting,
    ram: Ram,
    vram: Vram,
    swap_bytes: int | None,
) -> Advice:
    """The cache limit for a machine: its RAM less the reserve, in whole hundredths of a GiB.

    Raises FitplanError (usage) when the reserve leaves nothing.
    """
    limit = _hundredths(ram.total_bytes - SYSTEM_RESERVE)
    if limit <= 0:
        had, kept = format_gib(ram.total_bytes), format_gib(SYSTEM_RESERVE)
        hint = "say --ram-total SIZE for another machine"
        raise usage_error(f"{had} of RAM leave no room: {kept} are kept for the system", hint)
    found = (
        _heavy(needs(candidates, id), limit, ram.total_bytes)
        for id in sorted(candidates.catalog.file.pipelines)
    )
    return Advice(
        setting=setting,
        ram_bytes=ram.total_bytes,
        ram_source=ram.source,
        vram=vram,
        swap_bytes=swap_bytes,
        limit_bytes=limit,
        default_bytes=setting.default(ram.total_bytes, vram.total_bytes) if vram.known else None,
        heavy=tuple(heavy for heavy in found if heavy),
    )


def _hundredths(size: int) -> int:
    """The smallest size that shows the same whole hundredths of a GiB; never above `size`."""
    return -(-(size * 100 // GIB) * GIB // 100)


def _heavy(found: tuple[Need, ...], limit: int, ram: int) -> Heavy | None:
    best = best_within(found, limit)
    if best is None or best.fits_machine(ram):
        return None
    return Heavy(best, next((need for need in found if need.fits_machine(ram)), None))
