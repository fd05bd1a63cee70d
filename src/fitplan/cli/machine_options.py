"""Options that describe the machine that runs the models; without them, this one is looked at."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import usage_error
from fitplan.units import GIB, parse_size

if TYPE_CHECKING:
    from fitplan.accounting.card_rules import Picture
    from fitplan.machine.computer import Card, Machine

AUTO = "auto"


class OsName(StrEnum):
    """Operating systems that differ in what they leave to programs."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"


RamTotalOption = Annotated[
    str | None,
    typer.Option(
        "--ram-total",
        metavar="SIZE",
        help="RAM of the machine; without --ram the cache limit is this minus 2 GiB.",
    ),
]
SwapOption = Annotated[
    str | None,
    typer.Option(
        "--swap", metavar="SIZE", help="Its swap or page file on disk. [0 with --ram-total]"
    ),
]
VramOption = Annotated[
    str | None,
    typer.Option("--vram", metavar="SIZE", help="Memory of its graphics card; 0: no card."),
]
OsOption = Annotated[
    OsName | None,
    typer.Option("--os", help="Its operating system.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class MachineOptions:
    """The options about the machine, as given; `--gpu` is among those about time."""

    ram_total: str | None = None
    swap: str | None = None
    vram: str | None = None
    os: OsName | None = None

    def machine(self, gpu: str | None, ram: str | None) -> "Machine | None":
        """The machine in question; None: the question is about a limit (`--ram`) alone.

        This machine is looked at where neither `--ram` nor `--ram-total` says what there is.
        Raises FitplanError (usage, unknown-name).
        """
        from fitplan.machine.computer import Machine
        from fitplan.machine.detection import detect

        if ram is not None and gpu is None and self == MachineOptions():
            return None
        looks = ram is None and self.ram_total is None
        base = detect() if looks else Machine()
        return self._described(base, gpu)

    def _described(self, base: "Machine", gpu: str | None) -> "Machine":
        """`base` with what the options say in place of what was found."""
        sources = dict(base.sources)
        if self.ram_total is not None:
            base = replace(base, ram_bytes=parse_size(self.ram_total), limit_bytes=None)
            sources["ram"] = "option"
        if self.swap is not None or self.ram_total is not None:
            size = _size_or_none(self.swap or "0")
            base = replace(base, swap_bytes=size, swap_kind="disk" if size else None)
            sources["swap"] = "option" if self.swap is not None else "no --swap: none assumed"
        if self.os is not None:
            base = replace(base, os=self.os.value)
            sources["os"] = "option"
        if gpu is not None or self.vram is not None:
            cards, sources["cards"] = self._cards(base, gpu)
            base = replace(base, cards=cards)
        return replace(base, sources=sources)

    def _cards(self, base: "Machine", gpu: str | None) -> "tuple[tuple[Card, ...] | None, str]":
        from fitplan.machine.computer import Card
        from fitplan.machine.detection import detect

        if gpu is not None and gpu.strip().lower() == AUTO:
            found = base if base.sources.get("cards") else detect()
            if self.vram is None:
                return found.cards, found.sources["cards"]
            named = found.card or Card(None, None)
        else:
            named = Card(None, None) if gpu is None else _named(gpu)
        if self.vram is not None:
            size = _size_or_none(self.vram)
            return (replace(named, vram_bytes=size),) if size else (), "option"
        return () if named.name == "CPU" else (named,), "its name"


def picture(size: str | None) -> "Picture":
    """The image in question (`--size`); 1024x1024 without one."""
    from fitplan.accounting.card_rules import Picture
    from fitplan.cli.timing_options import parse_image_size

    if size is None:
        return Picture()
    wanted = parse_image_size(size)
    return Picture(wanted.width, wanted.height)


def _size_or_none(text: str) -> int:
    """Bytes; "0" is none, which other sizes can't be."""
    return 0 if text.strip() == "0" else parse_size(text)


def _named(gpu: str) -> "Card":
    """The card called `gpu`; its memory is None where the name does not tell it."""
    from fitplan.machine.computer import Card
    from fitplan.timing.gpus import OutsideGpu, find_gpu
    from fitplan.timing.reading import timing_data

    found = find_gpu(timing_data(), gpu)
    if not isinstance(found, OutsideGpu):
        return Card(found.name, round(found.vram_gib * GIB), "nvidia", integrated=False)
    if found.architecture == "Apple":
        return Card(found.name, None, "apple", integrated=True)
    vendor = found.architecture.startswith("AMD")
    return Card(found.name, None, "amd" if vendor else "nvidia", integrated=False)


def budget_of(machine: "Machine") -> int:
    """The cache limit of a machine: its RAM minus the reserve; usage error where that is none."""
    from fitplan.machine.memory import SYSTEM_RESERVE
    from fitplan.units import format_gib

    if machine.ram_bytes is None:
        raise usage_error("this machine does not tell its RAM", "say --ram SIZE or --ram-total")
    if machine.ram_bytes <= SYSTEM_RESERVE:
        had, kept = format_gib(machine.ram_bytes), format_gib(SYSTEM_RESERVE)
        message = f"{had} of RAM leave no room: {kept} are kept for the system"
        raise usage_error(message, "say --ram SIZE for the limit itself")
    return machine.ram_bytes - SYSTEM_RESERVE
