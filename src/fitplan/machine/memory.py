"""How much memory this machine has: RAM (container limits included), swap, and each GPU's VRAM.

The only core module that asks the machine. Everything it asks can be handed in, so that tests need
no particular machine.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fitplan.units import GIB

SYSTEM_RESERVE = 2 * GIB
"""RAM left to the runtime itself and the operating system: the page's own finding on 16 GB."""

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card, and its memory in bytes as the driver tells it."""

    name: str
    vram_bytes: int


@dataclass(frozen=True, slots=True)
class Ram:
    """RAM that this process may use, in bytes."""

    total_bytes: int
    source: Literal["machine", "cgroup", "option"]
    """`cgroup`: a limit of the container, lower than the machine; `option`: as the user said."""


def ram(
    installed: Callable[[], int] | None = None, proc: Path = PROC, cgroups: Path = CGROUPS
) -> Ram:
    """RAM of this machine, or of the container that fitplan runs in where that has less."""
    total = (installed or installed_ram)()
    limit = min(cgroup_limits(proc, cgroups), default=total)
    return Ram(limit, "cgroup") if limit < total else Ram(total, "machine")


def cgroup_limits(
    proc: Path = PROC, cgroups: Path = CGROUPS, names: Sequence[str] = ("memory.max",)
) -> Iterable[int]:
    """Limits, in bytes, of the control groups that hold this process (versions 1 and 2).

    `names` are files of version 2; version 1 has one for `memory.max` alone.
    """
    for line in _lines(proc / "self" / "cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            for name in names:
                yield from _limits(cgroups, path, name)
                yield from _limits(cgroups / "unified", path, name)
        elif "memory" in controllers.split(",") and "memory.max" in names:
            yield from _limits(cgroups / "memory", path, "memory.limit_in_bytes")


def _limits(root: Path, path: str, name: str) -> Iterable[int]:
    """Limits from a group up to the root: the lowest binds.

    A container often sees its own group as the root, under a path that exists only outside.
    """
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for depth in range(len(parts), -1, -1):
        for line in _lines(root.joinpath(*parts[:depth], name)):
            if line.isdecimal() and (int(line) > 0 or name == "memory.swap.max"):
                yield int(line)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []


def swap(ask: Callable[[], int] | None = None) -> int:
    """Bytes of swap space; 0 where unknown."""
    try:
        return (ask or _swap)()
    except (OSError, RuntimeError):
        return 0


def gpus(nvml: Any = None) -> tuple[Gpu, ...]:
    """The NVIDIA cards, in the driver's order; none without a driver.

    `nvml` replaces the `pynvml` module.
    """
    library = nvml or _nvml()
    try:
        library.nvmlInit()
    except library.NVMLError:
        return ()
    try:
        return tuple(_gpu(library, i) for i in range(library.nvmlDeviceGetCount()))
    except library.NVMLError:
        return ()
    finally:
        library.nvmlShutdown()


def _gpu(library: Any, index: int) -> Gpu:
    device = library.nvmlDeviceGetHandleByIndex(index)
    name = library.nvmlDeviceGetName(device)
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return Gpu(text, int(library.nvmlDeviceGetMemoryInfo(device).total))


def _nvml() -> Any:
    import pynvml

    return pynvml


def installed_ram() -> int:
    """Bytes of RAM that the system tells, limits of containers left out."""
    import psutil

    return int(psutil.virtual_memory().total)


def _swap() -> int:
    import warnings

    import psutil

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return int(psutil.swap_memory().total)
