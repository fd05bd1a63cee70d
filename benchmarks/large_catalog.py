"""Plan a catalog of 2,000 variants (20 models, 50 denoisers and 50 text encoders each), in one run.

Usage: python benchmarks/large_catalog.py. Prints CPU seconds for planning and for reading the YAML;
the aim is under 2 s for both together.
"""

import time

from fitplan import runtimes
from fitplan.catalog import Catalog, reading
from fitplan.planning.candidates import Candidates
from fitplan.planning.planner import Show, plan
from fitplan.units import GIB

MODELS, FILES = 20, 50


def made_up_catalog() -> str:
    """A catalog as text: every component has a ladder of 50 Q8_0-like files of growing size."""
    lines = ["version: 1", "sources:", "  s: {title: made up}", "architectures:"]
    lines += [
        f"  {f}: {{family: {f}, parameters: 1, recipes: {{}}}}"
        for f in ("flux1", "qwen3", "flux1-vae")
    ]
    lines += ["components:", *_component("vae", "vae", "flux1-vae", 1)]
    for i in range(MODELS):
        lines += _component(f"d{i}", "denoiser", "flux1", FILES)
        lines += _component(f"e{i}", "encoder", "qwen3", FILES)
    lines += ["pipelines:"]
    for i in range(MODELS):
        parts = f"denoiser: d{i}, encoders: [e{i}], vae: vae"
        lines.append(f"  p{i}: {{name: P{i}, {parts}, license: x, distilled: 'no'}}")
    return "\n".join(lines)


def _component(id: str, kind: str, architecture: str, files: int) -> list[str]:
    head = [f"  {id}:", f"    kind: {kind}", f"    name: {id}", f"    architecture: {architecture}"]
    release = [
        "    releases:",
        "      - publisher: p",
        "        format: gguf" if kind != "vae" else "        format: safetensors",
        "        source: s",
        "        confidence: high",
        "        variants:",
    ]
    return [*head, *release, *(_variant(n) for n in range(files))]


def _variant(n: int) -> str:
    elements = 32 * 10**6 * (n + 1)
    types = f"{{weights: {{BF16: {elements // 2}, F16: {elements}}}}}"
    error = f"{0.3 / (n + 1):.6f}"
    fields = f"quant: Q{n}, bytes: {elements * 4}, weights: {types}, rel_error: {error}"
    return f"          - {{{fields}}}"


def timed(catalog: Catalog, show: Show) -> tuple[float, int]:
    """CPU seconds for one plan, and its number of pairs."""
    runtime = runtimes.find()
    start = time.process_time()
    answer = plan(Candidates(catalog, runtime), catalog.file.pipelines, 14 * GIB, show)
    return time.process_time() - start, len(answer.plans)


def main() -> None:
    """Read once, plan three ways."""
    text = made_up_catalog()
    start = time.process_time()
    catalog = reading.parse(text)
    print(f"read {len(text) / 1e3:.0f} kB of YAML: {time.process_time() - start:.2f} s")
    shows: tuple[Show, ...] = ("best", "frontier", "all")
    for show in shows:
        seconds, pairs = timed(catalog, show)
        print(f"plan {2 * MODELS * FILES + 1} variants, {show}: {seconds:.2f} s, {pairs} pairs")


if __name__ == "__main__":
    main()
