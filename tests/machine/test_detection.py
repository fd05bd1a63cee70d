"""Detecting a computer from recorded texts of systems and drivers."""

from pathlib import Path

import pytest

from fitplan.machine.computer import Card, Machine
from fitplan.machine.detection import detect, meminfo_total, swaps
from fitplan.units import GIB

MEMINFO = """\
MemTotal:       16303428 kB
MemFree:          734616 kB
MemAvailable:    9811200 kB
SwapTotal:       8388604 kB
"""
SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
FILE = "/swapfile                               file\t\t8388604\t\t1024\t\t-2\n"
ZRAM = "/dev/zram0                              partition\t4194300\t\t0\t\t100\n"


class NoDriver:
    """What `pynvml` looks like without a driver."""

    class NVMLError(Exception):
        """What the library raises."""

    def nvmlInit(self) -> None:  # noqa: N802
        raise self.NVMLError


def computer(root: Path, contents: dict[str, str], system: str = "Linux") -> Machine:
    """A computer with such files below /proc, /sys and /sys/fs/cgroup."""
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    places = (root / "proc", root / "cgroup", root / "sys")
    return detect(*places, system=system, processor="arm64", nvml=NoDriver())


def test_ram_is_read_in_kib() -> None:
    """MemTotal's "kB" are units of 1024 bytes; other texts tell nothing."""
    assert meminfo_total(MEMINFO) == 16303428 * 1024
    assert meminfo_total("MemTotal:\n") is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", (0, None)),
        (FILE, (8388604 * 1024, "disk")),
        (ZRAM, (4194300 * 1024, "zram")),
        (ZRAM + FILE, (8388604 * 1024, "disk")),
        ("/dev/sda2 partition lots\n", (0, None)),
    ],
)
def test_swap_on_disk_counts_before_zram(lines: str, expected: tuple[int, str | None]) -> None:
    """A machine with both has the disk's swap; zram's pages stay in RAM."""
    assert swaps(SWAPS + lines) == expected


def test_limits_of_a_container_lower_ram_and_swap(tmp_path: Path) -> None:
    """memory.high binds like memory.max; memory.swap.max of 0 is no swap."""
    found = computer(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/swaps": SWAPS + FILE,
            "proc/self/cgroup": "0::/box\n",
            "cgroup/box/memory.max": "max\n",
            "cgroup/box/memory.high": f"{12 * GIB}\n",
            "cgroup/box/memory.swap.max": "0\n",
        },
    )
    assert (found.ram_bytes, found.limit_bytes) == (12 * GIB, 12 * GIB)
    assert (found.swap_bytes, found.swap_kind) == (0, None)
    assert found.cards == ()
    assert found.vram_bytes == 0


def test_the_kernel_tells_the_memory_of_amd_cards(tmp_path: Path) -> None:
    """A discrete card beside the processor's: the one with more memory is used."""
    found = computer(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "sys/class/drm/card0/device/vendor": "0x8086\n",
            "sys/class/drm/card0/device/device": "0xa780\n",
            "sys/class/drm/card1/device/vendor": "0x1002\n",
            "sys/class/drm/card1/device/device": "0x744c\n",
            "sys/class/drm/card1/device/mem_info_vram_total": "25753026560\n",
            "sys/class/drm/card1-DP-1/status": "connected\n",
        },
    )
    assert found.cards == (
        Card("Intel card a780", None, "intel"),
        Card("AMD card 744c", 25753026560, "amd"),
    )
    assert found.vram_bytes == 25753026560


def test_apples_card_shares_the_ram(tmp_path: Path) -> None:
    """How much of it Metal gives depends on the macOS version: unknown."""
    found = computer(tmp_path, {"proc/meminfo": MEMINFO}, system="Darwin")
    assert found.os == "macos"
    assert found.card == Card("Apple", None, "apple", integrated=True)
    assert found.vram_bytes is None


def test_a_system_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    """Files that are missing or junk leave RAM to the system's own answer and cards unknown."""
    found = computer(tmp_path, {"proc/meminfo": "?\n", "proc/swaps": ""}, system="Plan9")
    assert found.os is None
    assert found.cards is None
