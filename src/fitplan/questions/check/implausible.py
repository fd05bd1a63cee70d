"""Benchmarks that can't be true: those that imply more than their card can compute."""

from collections.abc import Iterator

from fitplan.catalog import Benchmark, CatalogFile
from fitplan.timing.model import implied_share_of_peak
from fitplan.timing.operations import Size, operations
from fitplan.timing.schema import GpuSpec, TimingData

Finding = tuple[tuple[int | str, ...], str, str]
"""Path of keys and indexes to the entry, what is wrong, the cure."""


def implausible_benchmarks(
    file: CatalogFile, known: CatalogFile, data: TimingData
) -> Iterator[Finding]:
    """Benchmarks of `file` on no known card, or over 105 % of their card's peak.

    Only the denoiser's operations are counted, so what is left out can't make a true figure look
    false. `known`: the catalog that `file` belongs to. A model without an operation count passes.
    """
    cards = {gpu.name: gpu for gpu in data.gpus}
    for i, seen in enumerate(file.benchmarks):
        if seen.gpu not in cards:
            place = ("benchmarks", i, "gpu")
            yield place, f"no card is called {seen.gpu!r}", "name one of the table of cards"
            continue
        share = _share(seen, cards[seen.gpu], known, data)
        if share > data.limits.peak_share:
            gpu = cards[seen.gpu]
            yield (
                ("benchmarks", i),
                f"implies {share * gpu.peak_tflops:.0f} TFLOP/s, and {gpu.name} peaks at "
                f"{gpu.peak_tflops:.0f}",
                "check seconds, steps and forwards at the source, or remove it",
            )


def _share(seen: Benchmark, gpu: GpuSpec, known: CatalogFile, data: TimingData) -> float:
    architecture = known.components[known.pipelines[seen.model].denoiser].architecture
    dimensions = data.dimensions.get(architecture)
    if dimensions is None:
        return 0.0
    width, _, height = seen.size.partition("x")
    count = seen.all_forwards * operations(dimensions, Size(int(width), int(height)))
    return implied_share_of_peak(gpu, count, seen.stated_seconds)
