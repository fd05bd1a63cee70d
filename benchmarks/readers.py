"""Reading headers: against gguf.GGUFReader, as a whole process, and a scan of 1,000 files.

Usage: python benchmarks/readers.py. Writes header-true files (gigabytes on paper, little on disk)
to a temporary folder; prints seconds, ratios and the scan's peak memory, all of one run.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gguf

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))

from fitplan import readers
from sparse import install, inventory, write_gguf

FITPLAN = [sys.executable, "-c", "from fitplan.cli.app import run; run()"]
TOKENS = 151_936
FILES, FOLDERS = 1000, 50
SMALL = ("klein-4b-q8_0", "flux2-vae-f32", "z-image-turbo-q8_0", "t5-bfloat16-r2")


def seconds(work: Callable[[], object], runs: int = 1) -> float:
    """The fastest of `runs`."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def run(command: list[str]) -> None:
    """One whole process, its answer thrown away."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def encoder(folder: Path) -> None:
    """A Qwen3-4B file with its whole tokenizer: 151,936 tokens and as many merges."""
    path = write_gguf(folder / "encoder.gguf", inventory("qwen3-4b-q8_0").tensors, tokens=TOKENS)
    ours = seconds(lambda: readers.read(path), runs=5)
    theirs = seconds(lambda: gguf.GGUFReader(path))
    print(f"header of an encoder with {TOKENS} tokens: {ours:.3f} s", end="")
    print(f", gguf.GGUFReader {theirs:.1f} s, ratio {theirs / ours:.0f}")
    command = [*FITPLAN, "inspect", str(path)]
    whole = seconds(lambda: run(command), runs=3)
    print(f"fitplan inspect of it as a whole process: {whole:.2f} s")


def many(folder: Path) -> None:
    """A thousand files in fifty folders."""
    for number in range(FILES):
        below = folder / f"{number % FOLDERS:02d}" / f"{number:04d}"
        install(SMALL[number % len(SMALL)], below)
    took = seconds(lambda: run([*FITPLAN, "scan", str(folder)]))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"fitplan scan of {FILES} models: {took:.2f} s, peak {peak / 2**10:.0f} MiB resident")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        many(Path(made) / "many")
        encoder(Path(made))
