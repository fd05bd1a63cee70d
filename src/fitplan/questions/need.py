"""What a pair needs of a machine, and at which limits the best pair of a model changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fitplan.accounting.fitting import InTurn
from fitplan.accounting.runtime import Runtime
from fitplan.machine.memory import SYSTEM_RESERVE
from fitplan.planning.candidates import Called, Candidates
from fitplan.planning.pairs import Plan
from fitplan.units import GIB

MACHINES = tuple(size * GIB for size in (8, 12, 16, 24, 32, 48, 64, 96, 128))
"""RAM of machines that people have, in bytes."""


@dataclass(frozen=True)
class Need:
    """What one pair needs, in bytes."""

    plan: Plan
    runtime: Runtime

    @property
    def has_cache(self) -> bool:
        """Whether the program limits a cache of its own; else the machine's RAM is the limit."""
        return self.runtime.budget_setting is not None

    @cached_property
    def cache_bytes(self) -> int:
        """The cache limit, or available RAM, under which it stays resident (or runs in turn)."""
        return self.runtime.fit.least([choice.residency for choice in self.plan.choices])

    @property
    def real_bytes(self) -> int:
        """What it holds in RAM at once."""
        if isinstance(self.runtime.fit, InTurn):
            return max(choice.residency.real_bytes for choice in self.plan.choices)
        return self.plan.real_bytes

    @property
    def system_ram_bytes(self) -> int:
        """RAM of the machine: what the pair takes there, and the reserve for everything else."""
        return (self.real_bytes if self.has_cache else self.cache_bytes) + SYSTEM_RESERVE

    @property
    def disk_bytes(self) -> int:
        """Every file of the pipeline, as downloaded."""
        return sum(choice.file.weights.file_bytes for choice in self.plan.choices)

    @property
    def transient_bytes(self) -> int:
        """The most that loading any one part needs on top; parts load one after another."""
        return max(choice.residency.transient_bytes for choice in self.plan.choices)

    def fits_machine(self, ram_bytes: int) -> bool:
        """Whether a machine can set such a limit, and holds the pair beside the reserve."""
        held = max(self.cache_bytes, self.real_bytes) if self.has_cache else self.cache_bytes
        return held <= ram_bytes - SYSTEM_RESERVE


@dataclass(frozen=True, slots=True)
class Rung:
    """The best pair on a machine of so much RAM; None: no pair fits."""

    ram_bytes: int
    need: Need | None


def needs(
    candidates: Candidates,
    pipeline_id: str,
    denoiser: str | None = None,
    encoder: str | None = None,
) -> tuple[Need, ...]:
    """The needs of a model's pairs, best quality first; none when the runtime can't load it.

    `denoiser` and `encoder` (`QUANT` or `publisher/QUANT`) narrow it down to the cheapest file of
    that name; what isn't named takes all files of its frontier. Raises FitplanError (unknown-name,
    usage) for names without a file.
    """
    ids = candidates.catalog.file.pipelines[pipeline_id].pair
    pair = [
        candidates.best(id) if name is None else (candidates.meant(id, name).choice,)
        for id, name in zip(ids, (denoiser, encoder), strict=True)
    ]
    others = candidates.others(pipeline_id)
    if others is None:
        return ()
    plans = [candidates.plan(pipeline_id, d, e, others) for d in pair[0] for e in pair[1]]
    found = (Need(plan, candidates.runtime) for plan in plans)
    return tuple(sorted(found, key=lambda need: need.plan.sort_key))


def named_files(
    candidates: Candidates,
    pipeline_id: str,
    denoiser: str | None = None,
    encoder: str | None = None,
) -> tuple[Called, ...]:
    """The files that `needs` takes for the names it is given, and their namesakes."""
    ids = candidates.catalog.file.pipelines[pipeline_id].pair
    names = zip(ids, (denoiser, encoder), strict=True)
    return tuple(candidates.meant(id, name) for id, name in names if name is not None)


def steps(found: Iterable[Need]) -> tuple[Need, ...]:
    """The pairs that are the best one at some cache limit, from the lowest limit up."""
    climbed: list[Need] = []
    for need in sorted(found, key=lambda need: (need.cache_bytes, need.plan.sort_key)):
        if not climbed or need.plan.sort_key[0] < climbed[-1].plan.sort_key[0]:
            climbed.append(need)
    return tuple(climbed)


def best_within(found: Sequence[Need], cache_bytes: int) -> Need | None:
    """Of needs, best first, the first that a cache limit holds."""
    return next((need for need in found if need.cache_bytes <= cache_bytes), None)


def ladder(found: Sequence[Need], machines: Iterable[int] = MACHINES) -> tuple[Rung, ...]:
    """The best pair per size of machine; `found` is best first, `machines` bytes of RAM."""
    return tuple(
        Rung(ram, next((need for need in found if need.fits_machine(ram)), None))
        for ram in machines
    )
