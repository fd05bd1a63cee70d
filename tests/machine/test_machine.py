"""Detecting memory, on machines made up for the test."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fitplan.cli import main
from fitplan.machine import memory
from fitplan.machine.memory import Gpu, Ram, gpus, ram, swap
from fitplan.runtimes.invokeai import default_limit
from fitplan.units import GIB


def files(root: Path, contents: dict[str, str]) -> tuple[Path, Path]:
    """A /proc and a /sys/fs/cgroup with such files."""
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "proc", root / "cgroup"


V2 = "0::/user.slice/box.scope\n"
V1 = "5:cpu,cpuacct:/box\n4:memory:/docker/box\n0::/\n"
CASES: dict[str, tuple[dict[str, str], Ram]] = {
    "no cgroups": ({}, Ram(16 * GIB, "machine")),
    "version 2": (
        {"proc/self/cgroup": V2, "cgroup/user.slice/box.scope/memory.max": f"{8 * GIB}\n"},
        Ram(8 * GIB, "cgroup"),
    ),
    "version 2, limit of a parent": (
        {
            "proc/self/cgroup": V2,
            "cgroup/user.slice/box.scope/memory.max": "max\n",
            "cgroup/user.slice/memory.max": f"{4 * GIB}\n",
        },
        Ram(4 * GIB, "cgroup"),
    ),
    "version 2, the container's own root": (
        {"proc/self/cgroup": V2, "cgroup/memory.max": f"{6 * GIB}"},
        Ram(6 * GIB, "cgroup"),
    ),
    "version 1": (
        {
            "proc/self/cgroup": V1,
            "cgroup/memory/docker/box/memory.limit_in_bytes": f"{3 * GIB}\n",
            "cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
        Ram(3 * GIB, "cgroup"),
    ),
    "version 1 without a limit": (
        {
            "proc/self/cgroup": V1,
            "cgroup/memory/docker/box/memory.limit_in_bytes": "9223372036854771712\n",
        },
        Ram(16 * GIB, "machine"),
    ),
    "junk": (
        {"proc/self/cgroup": "??\n0::/../../etc\n", "cgroup/memory.max": "lots\n"},
        Ram(16 * GIB, "machine"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_lowest_limit_of_a_container_binds(name: str, tmp_path: Path) -> None:
    """Control groups of both versions, and machines without them."""
    contents, expected = CASES[name]
    proc, cgroups = files(tmp_path, contents)
    assert ram(lambda: 16 * GIB, proc, cgroups) == expected


class FakeNvml(SimpleNamespace):
    """What `pynvml` looks like, with cards or without a driver."""

    class NVMLError(Exception):
        """What the library raises."""

    def __init__(self, cards: list[tuple[Any, int]] | None) -> None:
        super().__init__(cards=cards, open=0)

    def nvmlInit(self) -> None:  # noqa: N802
        if self.cards is None:
            raise self.NVMLError
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetName(self, handle: int) -> Any:  # noqa: N802
        return self.cards[handle][0]

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:  # noqa: N802
        if self.cards[handle][1] == 0:
            raise self.NVMLError
        return SimpleNamespace(total=self.cards[handle][1])


def test_cards_are_told_in_the_drivers_order() -> None:
    """Names come as text or bytes; the library is shut down again."""
    nvml = FakeNvml([("RTX 3060", 12 * GIB), (b"RTX 4090", 24 * GIB)])
    assert gpus(nvml) == (Gpu("RTX 3060", 12 * GIB), Gpu("RTX 4090", 24 * GIB))
    assert nvml.open == 0


@pytest.mark.parametrize("cards", [None, [], [("broken", 0)]])
def test_no_driver_no_card_and_a_failing_card_are_no_cards(cards: Any) -> None:
    """Whatever NVML refuses, detection answers."""
    nvml = FakeNvml(cards)
    assert gpus(nvml) == ()
    assert nvml.open == 0


def test_swap_that_cannot_be_told_is_none() -> None:
    """Some kernels hide it."""

    def refuse() -> int:
        raise OSError

    assert swap(refuse) == 0
    assert swap(lambda: 5) == 5


def setup(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON that `fitplan setup` answers."""
    assert main(["setup", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("ram_gib", "vram", "default_gib"),
    [(16, "12", 6), (32, "12", 9), (64, "24", 21), (128, "0", 32), (16, "none", 6), (8, "8", 4)],
)
def test_invokeais_own_limit_and_ours(
    ram_gib: int, vram: str, default_gib: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """min(RAM/2 - 2, VRAM - 3) GiB, at least 4, against RAM - 2 GiB."""
    found = setup(capsys, "--ram-total", str(ram_gib), "--vram", vram)
    assert found["schema"] == "fitplan.setup/1"
    assert found["default_limit_bytes"] == default_gib * GIB
    assert found["limit_bytes"] == (ram_gib - 2) * GIB
    setting = {"file": "invokeai.yaml", "key": "max_cache_ram_gb", "value": f"{ram_gib - 2}"}
    assert found["setting"] == setting
    assert f"max_cache_ram_gb: {ram_gib - 2}" in found["lines"]


def test_pairs_heavier_than_the_machine_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """On 16 GiB both Z-Images' best pairs hold more than there is, and another pair fits both."""
    found = setup(capsys, "--ram-total", "16")
    assert {heavy["model_id"] for heavy in found["heavy"]} == {"z-image-base", "z-image-turbo"}
    for heavy in found["heavy"]:
        assert heavy["best"]["cache_bytes"] <= 14 * GIB < heavy["best"]["real_bytes"]
        assert heavy["instead"]["real_bytes"] <= 14 * GIB
    assert main(["setup", "--ram-total", "16"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "fits the cache (13.09 GiB) but needs 17.97 GiB of RAM; 14.00 GiB are left" in out


def test_detection_feeds_the_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container of 15.4 GiB with an RTX 3060: the limit is rounded down, the sources are told."""
    total = 15 * GIB + 2 * GIB // 5 + 77
    monkeypatch.setattr(memory, "ram", lambda: Ram(total, "cgroup"))
    monkeypatch.setattr(memory, "gpus", lambda: (Gpu("RTX 3060", 12 * GIB),))
    monkeypatch.setattr(memory, "swap", lambda: 2 * GIB)
    found = setup(capsys)
    assert found["machine"]["ram_source"] == "cgroup"
    assert found["machine"]["vram_source"] == "RTX 3060"
    assert found["setting"]["value"] == "13.4"
    assert total - 2 * GIB - GIB // 100 < found["limit_bytes"] <= total - 2 * GIB
    assert found["default_limit_bytes"] == default_limit(total, 12 * GIB)


def test_without_a_driver_setup_asks_for_the_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit to set doesn't depend on VRAM; the runtime's own does, so it isn't told."""
    monkeypatch.setattr(memory, "gpus", lambda: ())
    found = setup(capsys)
    assert found["default_limit_bytes"] is None
    assert main(["setup"]) == 0
    assert "say --vram SIZE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ram-total", "2"], "leave no room"),
        (["--ram-total", "x"], "invalid size"),
        (["--vram", "-3"], "invalid size"),
        (["--format", "csv"], "no format csv"),
        (["--runtime", "comfyui"], "has none"),
    ],
)
def test_junk_is_a_usage_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and what is wrong."""
    assert main(["setup", *arguments]) == 2
    assert said in capsys.readouterr().err
