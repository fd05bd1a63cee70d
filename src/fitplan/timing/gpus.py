"""Find a card by the name people, drivers and benchmarks call it."""

import re
from dataclasses import dataclass

from fitplan.errors import unknown_name, usage_error
from fitplan.timing.schema import GpuSpec, OutsideGpus, TimingData
from fitplan.units import GIB


@dataclass(frozen=True, slots=True)
class OutsideGpu:
    """A card that is known by name only, and why nothing is estimated for it."""

    name: str
    architecture: str
    reason: str


def find_gpu(data: TimingData, name: str) -> GpuSpec | OutsideGpu:
    """The card called `name`; case, spaces, "NVIDIA", "GeForce" and "RTX" don't matter.

    Memory ("16GB") may be left out where one card has the name. Raises FitplanError: unknown-name
    with the nearest names, usage where several cards share the name.
    """
    found = _named(data, name)
    if len(found) > 1:
        names = ", ".join(gpu.name for gpu in found)
        raise usage_error(f"{name!r} is more than one card", f"say which: {names}")
    if found:
        return found[0]
    outside = _outside(data, name)
    if outside is None:
        raise unknown_name("GPU", name, [gpu.name for gpu in data.gpus])
    return outside


def detected_gpu(data: TimingData, name: str, vram_bytes: int) -> GpuSpec | OutsideGpu | None:
    """The card that a driver calls `name`, told apart by its memory; None when it isn't known.

    A driver reports a little less than the memory on the box.
    """
    found = [g for g in _named(data, name) if abs(g.vram_gib - vram_bytes / GIB) < 1]
    return found[0] if len(found) == 1 else _outside(data, name)


def _named(data: TimingData, name: str) -> list[GpuSpec]:
    wanted = _squash(name)
    exact = [gpu for gpu in data.gpus if _squash(gpu.name) == wanted]
    return exact or [gpu for gpu in data.gpus if _without_memory(_squash(gpu.name)) == wanted]


def _outside(data: TimingData, name: str) -> OutsideGpu | None:
    for group in data.outside:
        for known in group.names:
            if _squash(known) == _squash(name):
                return _outside_gpu(known, group)
    return None


def _outside_gpu(name: str, group: OutsideGpus) -> OutsideGpu:
    return OutsideGpu(name, group.architecture, group.reason)


def _squash(name: str) -> str:
    plain = re.sub(r"nvidia|geforce|amd|radeon|rtx|gtx|[^a-z0-9]", "", name.casefold())
    return re.sub(r"gib$", "gb", plain)


def _without_memory(squashed: str) -> str:
    """ "306012gb" → "3060": a card's number has four digits."""
    return re.sub(r"^(\D*\d{4}\D*)\d+gb$", r"\1", squashed)
