"""How long the best set takes to find and prove: 10, 30, 100 and 300 models.

Models share encoders and VAEs by families of five; each component has six files.
Run: python benchmarks/packing.py
"""

from itertools import product
from random import Random
from time import perf_counter

from fitplan.accounting.quality import QualityRule
from fitplan.questions.pack.problem import Bundle, Item, Limits, Option, PackingProblem
from fitplan.questions.pack.solver import Solved, solve
from fitplan.units import GIB

LADDER = ((1.0, 0.0), (0.53, 0.0054), (0.41, 0.0178), (0.36, 0.0336), (0.3, 0.0654), (0.2, 0.297))
"""Size as a share of BF16's, and relative error."""

FAMILY = 5
TIME_LIMIT = 60.0


def problem(models: int, limit: int, seed: int = 1) -> PackingProblem:
    """A catalog of `models` pipelines under `limit` cache bytes."""
    random = Random(seed)
    items: list[Item] = []
    bundles = []
    for model in range(models):
        family = model // FAMILY
        if model % FAMILY == 0:
            encoders = _files(items, f"encoder-{family}", random.uniform(5, 15))
            _files(items, f"vae-{family}", 0.16)
        denoisers = _files(items, f"denoiser-{model}", random.uniform(4, 24))
        elo = random.randint(870, 1150)
        options = tuple(_option(d, e, elo) for d, e in product(denoisers, encoders))
        bundles.append(Bundle(f"model-{model}", options, (f"vae-{family}",)))
    return PackingProblem(tuple(items), tuple(bundles), Limits(limit))


def _files(items: list[Item], component: str, gib: float) -> list[tuple[int, float]]:
    """Add a component's files; their indexes and errors."""
    first = len(items)
    sizes = [int(gib * share * GIB) for share, _ in LADDER]
    items += [Item(component, size, size) for size in sizes]
    return [(first + i, error) for i, (_, error) in enumerate(LADDER)]


def _option(denoiser: tuple[int, float], encoder: tuple[int, float], elo: int) -> Option:
    error = QualityRule().pair_error(denoiser[1], encoder[1])
    return Option(denoiser[0], encoder[0], round(1000 * (elo - 400 * error)))


def main() -> None:
    """Print one line per size and limit."""
    print("models  limit GiB  files  pairs  seconds  in set  proof")
    for models, limit in product((10, 30, 100, 300), (14, 32, 128)):
        posed = problem(models, limit * GIB)
        started = perf_counter()
        solved = solve(posed, "value", TIME_LIMIT)
        seconds = perf_counter() - started
        assert isinstance(solved, Solved)
        pairs = sum(len(bundle.options) for bundle in posed.bundles)
        gap = f" (gap {solved.proof.gap:.3%})" if solved.proof.gap else ""
        print(
            f"{models:6}  {limit:9}  {len(posed.items):5}  {pairs:5}  {seconds:7.2f}"
            f"  {solved.selection.count:6}  {solved.proof.status}{gap}"
        )


if __name__ == "__main__":
    main()
