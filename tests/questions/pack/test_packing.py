"""The packing solver against brute force, and the properties that a user relies on."""

from itertools import product
from random import Random

import pytest

from fitplan.questions.pack import solver
from fitplan.questions.pack.problem import (
    Bundle,
    Item,
    Limits,
    Option,
    PackingProblem,
    Selection,
    fault,
    first_guess,
    settle,
    total,
)
from fitplan.questions.pack.program import Solution
from fitplan.questions.pack.solver import Infeasible, OutOfTime, Solved, least, solve

QUARTER_GIB = 2**28


def a_problem(random: Random) -> PackingProblem:
    """Up to three bundles that share encoders and VAEs; sizes in bytes; some are required."""
    items: list[Item] = []
    files: dict[str, list[int]] = {}

    def component(name: str, count: int) -> list[int]:
        if name not in files:
            files[name] = list(range(len(items), len(items) + count))
            for _ in range(count):
                size = random.randint(1, 40) * QUARTER_GIB + random.randint(0, 99)
                items.append(Item(name, size, size * random.choice([1, 1, 2])))
        return files[name]

    bundles = []
    for b in range(random.randint(1, 3)):
        pairs = product(
            component(f"denoiser-{b}", random.randint(1, 3)),
            component(f"encoder-{random.randint(0, 1)}", random.randint(1, 3)),
        )
        options = tuple(Option(d, e, random.randint(-5, 2000)) for d, e in pairs)
        vae = f"vae-{random.randint(0, 1)}"
        component(vae, random.randint(1, 2))
        bundles.append(Bundle(str(b), options, (vae,), random.random() < 0.2))
    everything = sum(item.cache_bytes for item in items)
    real = random.randint(1, 2 * everything) if random.random() < 0.4 else None
    limits = Limits(random.randint(1, everything) * 2 // 3, real)
    return PackingProblem(tuple(items), tuple(bundles), limits)


def best_by_brute_force(problem: PackingProblem) -> tuple[int | None, tuple[int, int] | None]:
    """The most value, and the most bundles with the most value, of any set within the limits."""
    files: dict[str, list[int | None]] = {}
    for i, item in enumerate(problem.items):
        files.setdefault(item.component, [None]).append(i)
    values, counts = [], []
    for combination in product(*files.values()):
        loaded = {i for i in combination if i is not None}
        if not _within(problem, loaded):
            continue
        present = {problem.items[i].component for i in loaded}
        gained = [_best_value(bundle, loaded, present) for bundle in problem.bundles]
        if any(b.required and v is None for b, v in zip(problem.bundles, gained, strict=True)):
            continue
        known = [value for value in gained if value is not None]
        counts.append((len(known), sum(known)))
        values.append(
            sum(
                value if bundle.required else max(0, value)
                for bundle, value in zip(problem.bundles, gained, strict=True)
                if value is not None
            )
        )
    return max(values, default=None), max(counts, default=None)


def _within(problem: PackingProblem, loaded: set[int]) -> bool:
    real = problem.limits.real_bytes
    cache = sum(problem.items[i].cache_bytes for i in loaded)
    held = sum(problem.items[i].real_bytes for i in loaded)
    return cache <= problem.limits.cache_bytes and (real is None or held <= real)


def _best_value(bundle: Bundle, loaded: set[int], present: set[str]) -> int | None:
    values = [o.value for o in bundle.options if {o.denoiser, o.encoder} <= loaded]
    return max(values) if values and present.issuperset(bundle.rest) else None


@pytest.mark.parametrize("seed", range(10))
def test_the_solver_equals_brute_force(seed: int) -> None:
    """300 random problems: the same best value (or count), proved, and true to the byte."""
    random = Random(seed)
    for _ in range(30):
        problem = a_problem(random)
        value, count_and_value = best_by_brute_force(problem)
        by_value, by_count = solve(problem, "value", 10), solve(problem, "count", 10)
        if value is None:
            assert by_value == by_count == Infeasible()
            continue
        assert isinstance(by_value, Solved)
        assert isinstance(by_count, Solved)
        assert by_value.proof.status == by_count.proof.status == "optimal"
        assert by_value.selection.value == value
        assert by_count.selection.score("count") == count_and_value
        assert fault(problem, by_value.selection) == fault(problem, by_count.selection) == ""


@pytest.mark.parametrize(
    ("above", "status", "gap"),
    [(0, "optimal", 0), (0.4, "optimal", 0), (1, "time-limit", 0.001), (500, "time-limit", 0.5)],
)
def test_a_set_is_proved_only_by_a_bound_less_than_a_point_above_it(
    above: float, status: str, gap: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the solver calls its answer: with a whole point left to gain it proves nothing."""
    items = (Item("d", 1, 1), Item("e", 1, 1), Item("e", 2, 2))
    options = (Option(0, 1, 1000), Option(0, 2, 9000))
    said = Solution(frozenset({0, 1}), optimal=True, bound=1 + above / 1000)
    monkeypatch.setattr(solver, "run", lambda *_: said)
    found = solve(PackingProblem(items, (Bundle("b", options),), Limits(3)), "value", 10)
    assert isinstance(found, Solved)
    assert found.selection.value == 1000
    assert found.proof.status == status
    assert found.proof.gap == pytest.approx(gap)


def two_files(first: int, second: int, limit: int) -> PackingProblem:
    """One bundle of two files, worth a point."""
    items = (Item("d", first, first), Item("e", second, second))
    return PackingProblem(items, (Bundle("b", (Option(0, 1, 1),)),), Limits(limit))


@pytest.mark.parametrize("size", [1, 7_004_345_857, 2**40 + 1])
def test_a_limit_holds_to_the_byte(size: int) -> None:
    """Exactly the limit fits; a byte more doesn't, however small a byte is to a float."""
    fits, exceeds = (solve(two_files(size, 8, size + 8 - less), "value", 10) for less in (0, 1))
    assert isinstance(fits, Solved)
    assert isinstance(exceeds, Solved)
    assert (fits.selection.count, exceeds.selection.count) == (1, 0)


def test_more_bytes_never_hold_less() -> None:
    """The best value grows with the limit."""
    random = Random(7)
    for _ in range(10):
        problem = a_problem(random)
        free = tuple(Bundle(b.id, b.options, b.rest) for b in problem.bundles)
        most = total(problem, range(len(problem.items)), "cache_bytes")
        values = []
        for eighth in range(9):
            limited = PackingProblem(problem.items, free, Limits(most * eighth // 8))
            solved = solve(limited, "value", 10)
            assert isinstance(solved, Solved)
            values.append(solved.selection.value)
        assert values == sorted(values)


def test_the_fewest_bytes_are_the_lowest_limit_that_does() -> None:
    """With the limit `least` names, the wanted bundles fit; with a byte less, they don't."""
    random = Random(3)
    for _ in range(20):
        problem = a_problem(random)
        wanted = tuple(Bundle(b.id, b.options, b.rest, required=True) for b in problem.bundles)
        needed = least(PackingProblem(problem.items, wanted, problem.limits), "cache_bytes", 10)
        assert needed is not None
        for limit, outcome in ((needed, Solved), (needed - 1, Infeasible)):
            limited = PackingProblem(problem.items, wanted, Limits(limit))
            assert isinstance(solve(limited, "count", 10), outcome)


def test_no_time_still_gives_an_honest_answer() -> None:
    """Without time for the solver a greedy set is shown, with the gap it may have."""
    random = Random(1)
    for _ in range(20):
        problem = a_problem(random)
        outcome = solve(problem, "value", 0)
        if isinstance(outcome, Solved):
            value, _ = best_by_brute_force(problem)
            assert value is not None
            assert fault(problem, outcome.selection) == ""
            reached, gap = outcome.selection.value, outcome.proof.gap
            assert outcome.proof.status == "time-limit"
            assert value <= reached + gap * max(abs(reached), 1000) + 1
        else:
            assert outcome == OutOfTime()


BROKEN = [
    (Selection(frozenset({0}), ((0, Option(0, 1, 1)),)), "not loaded as"),
    (Selection(frozenset({0, 1}), ((0, Option(1, 0, 1)),)), "not loaded as"),
    (Selection(frozenset({0, 1}), ((0, Option(0, 1, 1)), (0, Option(0, 1, 1)))), "twice"),
    (Selection(frozenset({0, 1, 2}), ((0, Option(0, 1, 1)),)), "two files"),
    (Selection(frozenset({0, 1}), ((1, Option(0, 1, 1)),)), "lacks a part"),
    (Selection(frozenset(), ()), "missing"),
    (Selection(frozenset({0, 1, 3}), ((0, Option(0, 1, 1)),)), "more bytes"),
]


@pytest.mark.parametrize(("selection", "said"), BROKEN)
def test_the_integer_check_finds_every_fault(selection: Selection, said: str) -> None:
    """Whatever a solver might get wrong is named before anything is shown."""
    items = (Item("d", 1, 1), Item("e", 1, 1), Item("e", 1, 1), Item("v", 9, 9))
    pair = Option(0, 1, 1)
    bundles = (Bundle("a", (pair,), required=True), Bundle("b", (pair,), ("v",)))
    assert said in fault(PackingProblem(items, bundles, Limits(5)), selection)


def test_unused_files_are_unloaded() -> None:
    """A file that no model of the set uses isn't counted."""
    items = (Item("d", 1, 1), Item("e", 1, 1), Item("x", 1, 1))
    problem = PackingProblem(items, (Bundle("a", (Option(0, 1, 5),)),), Limits(9))
    assert settle(problem, frozenset({0, 1, 2}), "value").loaded == {0, 1}


def test_a_greedy_set_keeps_to_the_limits() -> None:
    """What is shown when time runs out was re-added as well."""
    random = Random(2)
    for _ in range(100):
        problem = a_problem(random)
        guess = first_guess(problem, "count")
        assert guess is None or fault(problem, guess) == ""
