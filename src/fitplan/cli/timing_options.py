"""Options about time: the card, the disk, and how an image is made."""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import FitplanError, usage_error
from fitplan.units import parse_size

if TYPE_CHECKING:
    from fitplan.planning.candidates import Candidates
    from fitplan.planning.clock import Clock
    from fitplan.planning.pairs import Plan
    from fitplan.planning.planner import Answer
    from fitplan.planning.report import PlanReport
    from fitplan.timing.answers import Question
    from fitplan.timing.gpus import OutsideGpu
    from fitplan.timing.operations import Size
    from fitplan.timing.schema import GpuSpec, TimingData

AUTO = "auto"
SIDES = range(256, 4097)
"""Sides of an image that are taken for a size at all, pixels."""


class Sort(StrEnum):
    """Orders over all models."""

    TIME = "time"
    QUALITY = "quality"
    HEADROOM = "headroom"


GpuOption = Annotated[
    str | None,
    typer.Option(
        "--gpu",
        metavar="NAME|auto",
        help='Show seconds per image on this card: "RTX 3060"; auto asks the driver.',
    ),
]
DiskOption = Annotated[
    str | None,
    typer.Option(
        "--disk",
        metavar="RATE",
        help="Also show what an image takes when its pair is read again: 350MB/s, 3GB/s.",
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option(
        "--steps", metavar="N", min=1, max=1000, help="Steps. [as benchmarked, else recommended]"
    ),
]
GuidanceOption = Annotated[
    float | None,
    typer.Option(
        "--guidance", metavar="X", help="Guidance scale; above 1 it costs a second forward. [usual]"
    ),
]
SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="WxH", help="Image size. [1024x1024]")
]
MissesOption = Annotated[
    bool,
    typer.Option(
        "--include-misses", help="Add the best pairs that don't fit, and what they cost (--disk)."
    ),
]
SortOption = Annotated[
    Sort | None,
    typer.Option("--sort", help="One order over all models. [by model]", show_default=False),
]


@dataclass(frozen=True, slots=True)
class TimingOptions:
    """The options about time, as given."""

    gpu: str | None = None
    disk: str | None = None
    steps: int | None = None
    guidance: float | None = None
    size: str | None = None
    misses: bool = False
    sort: Sort | None = None

    def question(self, data: "TimingData") -> "Question | None":
        """What is asked about time; None when no card is found.

        Raises FitplanError (usage, unknown-name).
        """
        from fitplan.timing.answers import Question
        from fitplan.timing.operations import Size

        disk = None if self.disk is None else parse_rate(self.disk)
        size = Size(1024, 1024) if self.size is None else parse_image_size(self.size)
        if self.guidance is not None and not 0 <= self.guidance <= 100:
            raise usage_error(f"{self.guidance} is no guidance scale", "give one from 0 to 100")
        gpu = _gpu(self.gpu or "", data)
        return None if gpu is None else Question(gpu, size, self.steps, self.guidance, disk)

    def clock(self, candidates: "Candidates") -> "Clock | None":
        """What tells the time of a plan; None without a card."""
        from fitplan.planning.clock import Clock
        from fitplan.timing.reading import timing_data

        self._refuse_contradictions()
        if self.gpu is None:
            return None
        data = timing_data()
        question = self.question(data)
        if question is None:
            return None
        return Clock(question, candidates.catalog, candidates.runtime, data)

    def _refuse_contradictions(self) -> None:
        need_a_card = {
            "--disk": self.disk,
            "--steps": self.steps,
            "--guidance": self.guidance,
            "--size": self.size,
            "--include-misses": self.misses or None,
            "--sort time": self.sort is Sort.TIME or None,
        }
        given = next((name for name, value in need_a_card.items() if value is not None), None)
        if given and self.gpu is None:
            raise usage_error(f"{given} is about time, which needs a card", "add --gpu NAME")
        if self.misses and self.disk is None:
            raise usage_error(
                "--include-misses prices what doesn't fit by reading it again",
                "add --disk RATE, such as 350MB/s",
            )


NO_TIMES = TimingOptions()
"""Nothing asked about time."""


def apply(
    options: TimingOptions,
    report: "PlanReport",
    candidates: "Candidates",
    pipeline_ids: Iterable[str],
    top: int | None,
    all_fitting: Callable[[], "Answer"],
) -> "PlanReport":
    """`report` with times, misses (`top` per model; None: all) and order as the options ask."""
    if options == NO_TIMES:
        return report
    from fitplan.planning.planner import near_misses
    from fitplan.planning.timed_report import sorted_report, with_times

    clock = options.clock(candidates)
    if clock is not None:
        misses: tuple[Plan, ...] = ()
        if options.misses:
            _refuse_unmodelled(clock)
            misses = near_misses(candidates, pipeline_ids, report.budget.cache_bytes, top)
        report = with_times(report, clock, misses, all_fitting().plans)
    return report if options.sort is None else sorted_report(report, options.sort.value)


def _refuse_unmodelled(clock: "Clock") -> None:
    if not clock.models_rereading:
        modelled = ", ".join(name for name, engine in clock.data.engines.items() if engine.loads)
        raise usage_error(
            f"--include-misses: what {clock.runtime.title} reads again is not modelled",
            f"it is for {modelled}",
        )


def parse_rate(text: str) -> int:
    """Bytes per second of what a user calls a disk's speed: "350MB/s"; a unit is needed.

    Raises FitplanError (usage).
    """
    plain = re.sub(r"(/|p)s$", "", text.strip(), flags=re.IGNORECASE)
    hint = "write a rate like 350MB/s or 3GB/s"
    if not plain[-1:].isalpha():
        raise usage_error(f"{text!r} is no rate", hint)
    try:
        return parse_size(plain)
    except FitplanError:
        raise usage_error(f"{text!r} is no rate", hint) from None


def parse_image_size(text: str) -> "Size":
    """An image size as users write it: "1024x768", or one side of a square.

    Raises FitplanError (usage) for junk and for sides that aren't multiples of 16.
    """
    from fitplan.timing.operations import PIXELS_PER_TOKEN, Size

    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:[x*×]\s*(\d{1,5})\s*)?", text, re.IGNORECASE)  # noqa: RUF001
    if match is None:
        raise usage_error(f"{text!r} is no image size", "write a size like 1024x768")
    size = Size(int(match[1]), int(match[2] or match[1]))
    for side in (size.width, size.height):
        if side not in SIDES or side % PIXELS_PER_TOKEN:
            raise usage_error(
                f"{side} is no side of an image",
                f"give multiples of {PIXELS_PER_TOKEN} from {SIDES[0]} to {SIDES[-1]}",
            )
    return size


def _gpu(name: str, data: "TimingData") -> "GpuSpec | OutsideGpu | None":
    from fitplan.timing.gpus import find_gpu

    return _detected(data) if name.strip().lower() == AUTO else find_gpu(data, name)


def _detected(data: "TimingData") -> "GpuSpec | OutsideGpu | None":
    """The first card its driver tells of; says on stderr when there is none that fitplan knows."""
    from fitplan.machine.memory import gpus
    from fitplan.render.text import printable
    from fitplan.timing.gpus import detected_gpu

    card = next(iter(gpus()), None)
    if card is None:
        sys.stderr.write("fitplan: no NVIDIA card found, so no times: name one with --gpu\n")
        return None
    gpu = detected_gpu(data, card.name, card.vram_bytes)
    if gpu is None:
        name = printable(card.name)
        sys.stderr.write(f"fitplan: no figures for the card found, {name}, so no times\n")
    return gpu
