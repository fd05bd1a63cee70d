"""What this computer has, read from files and drivers; what can't be read is unknown, no error."""

import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from fitplan.machine import memory
from fitplan.machine.computer import Card, Machine, SwapKind, System, Vendor

SYS = Path("/sys")
_SYSTEMS: dict[str, System] = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
_PCI_VENDORS: dict[str, Vendor] = {"0x1002": "amd", "0x8086": "intel"}
"""NVIDIA's cards are left to its driver, which knows their names."""


def detect(
    proc: Path = memory.PROC,
    cgroups: Path = memory.CGROUPS,
    sys: Path = SYS,
    system: str = "",
    processor: str = "",
    nvml: Any = None,
    installed: Callable[[], int] | None = None,
) -> Machine:
    """This computer; every argument replaces something that is asked, for tests.

    `system` and `processor` are as `platform` calls them ("Linux", "arm64"), `installed` tells the
    bytes of RAM.
    """
    os = _SYSTEMS.get(system or platform.system())
    processor = processor or platform.machine()
    total = _ram(installed or memory.installed_ram)
    limit = min(memory.cgroup_limits(proc, cgroups, _RAM_LIMITS), default=None)
    limited = limit is not None and total is not None and limit < total
    swap, kind, swap_source = _swap(proc, cgroups)
    cards, card_source = _cards(sys, os, processor, nvml)
    sources = {"ram": "the container's limit" if limited else "the system", "swap": swap_source}
    sources |= {"cards": card_source, "os": "this system"}
    return Machine(
        ram_bytes=limit if limited else total,
        swap_bytes=swap,
        swap_kind=kind,
        os=os,
        cards=cards,
        limit_bytes=limit if limited else None,
        sources=sources,
    )


_RAM_LIMITS = ("memory.max", "memory.high")
"""Above the second a process is slowed down until it hardly runs."""


def swaps(text: str) -> tuple[int, SwapKind | None]:
    """Bytes and kind of the swap that `/proc/swaps` tells; of several, disks alone count."""
    sizes = {"disk": 0, "zram": 0}
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 4 and words[-3].isdecimal():
            kind = "zram" if words[0].startswith("/dev/zram") else "disk"
            sizes[kind] += int(words[-3]) * 1024
    kinds = [kind for kind, size in sizes.items() if size]
    return (sizes[kinds[0]], cast("SwapKind", kinds[0])) if kinds else (0, None)


def _ram(installed: Callable[[], int]) -> int | None:
    try:
        return installed()
    except (ImportError, OSError, RuntimeError):
        return None


def _swap(proc: Path, cgroups: Path) -> tuple[int | None, SwapKind | None, str]:
    text = _text(proc / "swaps")
    if not text:
        size = memory.swap()
        return size, "disk" if size else None, "the system"
    size, kind = swaps(text)
    allowed = min(memory.cgroup_limits(proc, cgroups, ("memory.swap.max",)), default=size)
    if allowed < size:
        return allowed, kind if allowed else None, "the container's limit"
    return size, kind, "/proc/swaps"


def _cards(
    sys: Path, os: System | None, processor: str, nvml: Any
) -> tuple[tuple[Card, ...] | None, str]:
    """All cards: NVIDIA's driver first, then what the kernel lists; Apple's is part of the chip."""
    if os == "macos":
        apple = Card("Apple", None, "apple", integrated=True)
        return ((apple,), "the processor") if processor == "arm64" else (None, "not asked for")
    told = memory.gpus() if nvml is None else memory.gpus(nvml)
    nvidia = tuple(Card(gpu.name, gpu.vram_bytes, "nvidia", False) for gpu in told)
    others = tuple(_listed(sys))
    if nvidia or others:
        return nvidia + others, "NVML" if nvidia else "/sys/class/drm"
    return ((), "no driver tells of one") if os == "linux" else (None, "NVML tells of none")


def _listed(sys: Path) -> Iterator[Card]:
    """Cards of AMD and Intel; only AMD's driver tells their memory."""
    for device in _devices(sys / "class" / "drm"):
        vendor = _PCI_VENDORS.get(_text(device / "vendor").strip())
        size = _text(device / "mem_info_vram_total").strip()
        if vendor == "amd":
            name = _text(device / "product_name").strip() or _numbered("AMD", device)
            yield Card(name, int(size) if size.isdecimal() else None, vendor)
        elif vendor == "intel":
            yield Card(_numbered("Intel", device), None, vendor)


def _devices(drm: Path) -> Iterable[Path]:
    try:
        numbered = (p for p in drm.iterdir() if p.name.removeprefix("card").isdecimal())
        return sorted(path / "device" for path in numbered)
    except OSError:
        return ()


def _numbered(maker: str, device: Path) -> str:
    number = _text(device / "device").strip().removeprefix("0x")
    return f"{maker} card {number}" if number else f"{maker} card"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
