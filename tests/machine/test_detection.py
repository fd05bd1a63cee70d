"""Detecting a computer from recorded texts of systems and drivers."""

from pathlib import Path

import pytest

from fitplan.machine.computer import Card, Machine
from fitplan.machine.detection import detect, swaps
from fitplan.units import GIB

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
    return detect(
        root / "proc",
        root / "cgroup",
        root / "sys",
        system=system,
        processor="arm64",
        nvml=NoDriver(),
        installed=lambda: 16 * GIB,
    )


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
    found = computer(tmp_path, {}, system="Darwin")
    assert found.os == "macos"
    assert found.card == Card("Apple", None, "apple", integrated=True)
    assert found.vram_bytes is None


def test_a_system_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    """Without its files, and where even its RAM can't be asked for."""

    def refuse() -> int:
        raise OSError

    found = detect(tmp_path, tmp_path, tmp_path, system="Plan9", nvml=NoDriver(), installed=refuse)
    assert found.ram_bytes is None
    assert found.os is None
    assert found.cards is None
