"""Check a catalog of 5,000 variants and load the shipped one, in one run.

Usage: python benchmarks/check.py. Prints CPU seconds; the aims are under 3 s for the check, reading
included, and under 60 ms for loading. The made-up catalog has no mistake, so every rule looks at
all of it; then it is checked with mistakes in many files.
"""

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import yaml

from fitplan.catalog import CatalogFile, reading
from fitplan.catalog.document import Document
from fitplan.questions import check as checks

DENOISERS, PUBLISHERS = 46, 10
QUANTS = {
    "F16": "F16",
    "Q8_0": "Q8_0",
    "Q6_K": "Q6_K",
    "Q5_1": "Q5_1",
    "Q5_K_S": "Q5_K",
    "Q5_0": "Q5_0",
    "Q4_1": "Q4_1",
    "Q4_K_S": "Q4_K",
    "Q4_0": "Q4_0",
    "Q3_K_S": "Q3_K",
    "Q2_K": "Q2_K",
}
BITS = {"F16": (1, 2), "Q8_0": (32, 34), "Q6_K": (256, 210), "Q5_1": (32, 24), "Q5_K": (256, 176)}
BITS |= {"Q5_0": (32, 22), "Q4_1": (32, 20), "Q4_K": (256, 144), "Q4_0": (32, 18)}
BITS |= {"Q3_K": (256, 110), "Q2_K": (256, 84)}
ELEMENTS, VECTORS, HEADER = 11_898_322_944, 3_085_376, 54_304


def made_up_catalog() -> str:
    """A catalog as text, in canonical form: 460 ladders of 11 files, and parts to go with them."""
    shipped = reading.shipped_path().read_text(encoding="utf-8")
    head = ["version: 1", "", "sources:", "  s:", "    title: made up", "", "architectures:"]
    lines = [*head, *_architecture()]
    for id in ("t5-xxl", "clip-l", "flux1-vae"):
        lines += _entry(shipped, "architectures", id)
    lines += ["", "components:"]
    for i in range(DENOISERS):
        lines += _denoiser(i)
    for id in ("t5-xxl", "clip-l", "flux1-vae"):
        lines += [_sourced(line) for line in _entry(shipped, "components", id)]
    lines += ["", "pipelines:"]
    for i in range(DENOISERS):
        parts = ["encoders: [t5-xxl, clip-l]", "vae: flux1-vae", "license: MIT", "distilled: steps"]
        lines += [
            f"  p{i}:",
            f"    name: P{i}",
            f"    denoiser: d{i}",
            *(f"    {p}" for p in parts),
        ]
    return "\n".join(lines) + "\n"


def _architecture() -> Iterator[str]:
    yield from ("  made-up:", "    family: flux1", f"    parameters: {ELEMENTS + VECTORS}")
    yield from ("    hidden_size: 3072", "    recipes:", "      r:", "        note: Made up.")
    yield "        quants:"
    for quant, name in QUANTS.items():
        yield f"          {quant}: {{weights: {{{name}: {ELEMENTS}}}, vectors: {{F32: {VECTORS}}}}}"


def _denoiser(i: int) -> Iterator[str]:
    yield from (f"  d{i}:", "    kind: denoiser", f"    name: D{i}", "    architecture: made-up")
    yield "    releases:"
    for p in range(PUBLISHERS):
        yield from (f"      - publisher: p{p}", "        format: gguf", "        recipe: r")
        yield from ("        source: s", "        confidence: high", "        variants:")
        for quant, name in QUANTS.items():
            size, block = BITS[name]
            count = ELEMENTS // size * block + VECTORS * 4 + HEADER
            yield f"          - {{quant: {quant}, bytes: {count}}}"


def _entry(text: str, section: str, id: str) -> Iterator[str]:
    """The lines of one entry of the shipped catalog."""
    lines = iter(text.split(f"\n{section}:\n", 1)[1].splitlines())
    for line in lines:
        if line == f"  {id}:":
            yield line
            break
    for line in lines:
        if line and not line.startswith("    "):
            break
        if line and not line.strip().startswith("#"):
            yield line


def _sourced(line: str) -> str:
    """A line of a component with the made-up source for every other."""
    return re.sub(r"\bsource: [a-z0-9.-]+", "source: s", line)


def checked(text: str) -> int:
    """The number of findings."""
    empty = CatalogFile(version=1)
    return len(checks.check([Document(text, "made-up.yaml")], lambda: empty).findings)


def seconds(act: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of one call, and what it returned."""
    start = time.process_time()
    answer = act()
    return time.process_time() - start, answer


KEYS = 200_000
MANY_KEYS = {
    "unknown keys": "version: 1\n" + "".join(f"k{i}: {i}\n" for i in range(KEYS)),
    "repeated keys": "version: 1\n" + "name: x\n" * KEYS,
}


def composed(text: str) -> object:
    """The nodes that libyaml makes of `text`: what reading is measured against."""
    return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def main() -> None:
    """Check the made-up catalog twice; load the shipped one a few times."""
    for name, keys in MANY_KEYS.items():
        base, _ = seconds(partial(composed, keys))
        took, _ = seconds(partial(checked, keys))
        print(f"check {KEYS:,} {name}: {took:.2f} s, {took / base:.1f} times composing the text")
    text = made_up_catalog()
    variants = text.count("{quant: ")
    took, found = seconds(lambda: checked(text))
    print(f"check {variants:,} variants ({len(text) / 1e3:.0f} kB): {took:.2f} s, {found} findings")
    wrong = text.replace("bytes: 1", "bytes: 2")
    took, found = seconds(lambda: checked(wrong))
    print(f"the same with mistakes: {took:.2f} s, {found} findings")
    path = reading.shipped_path()
    shipped = path.read_text(encoding="utf-8")
    took = median(seconds(lambda: reading.load(path))[0] for _ in range(9))
    print(f"load the shipped catalog: {took * 1e3:.0f} ms")
    took = median(seconds(lambda: reading.parse(shipped))[0] for _ in range(9))
    print(f"read and validate its text: {took * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
