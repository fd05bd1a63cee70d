"""Solve a packing problem exactly: an integer program on HiGHS (`packing_program`).

HiGHS counts in floating point. Its answer is rounded to a set of files and re-added in integers
(`packing.fault`); a set that breaks a limit by a byte is cut off, with every set that holds it, and
the program is solved again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, inf
from time import monotonic

from fitplan.questions.pack.problem import (
    Limits,
    Objective,
    PackingProblem,
    Proof,
    Resource,
    Selection,
    fault,
    first_guess,
    settle,
    total,
)
from fitplan.questions.pack.program import (
    SCALE,
    ConstraintRow,
    Solution,
    counts,
    option_columns,
    run,
    values,
)
from fitplan.units import MIB


@dataclass(frozen=True, slots=True)
class Solved:
    """The best set found, and the proof of it."""

    selection: Selection
    proof: Proof


@dataclass(frozen=True, slots=True)
class Infeasible:
    """No set holds all wanted models."""


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """Time ran out before any set with all wanted models was found."""


Outcome = Solved | Infeasible | OutOfTime


def solve(problem: PackingProblem, objective: Objective, time_limit: float) -> Outcome:
    """The best set: the most valuable, or the most models and among those the most valuable.

    `time_limit` is in seconds, for everything. Ctrl-C ends it with the best set so far; raises
    KeyboardInterrupt when there is none.
    """
    deadline = monotonic() + time_limit
    if objective == "value":
        return _best(problem, objective, values(problem), deadline)
    most = _best(problem, objective, counts(problem), deadline)
    if not isinstance(most, Solved) or most.proof.status != "optimal":
        return most
    enough = ConstraintRow(most.selection.count, inf, counts(problem))
    try:
        finest = _best(problem, objective, values(problem), deadline, (enough,))
    except KeyboardInterrupt:
        return Solved(most.selection, Proof("interrupted"))
    return _better(most.selection, finest)


def _better(most: Selection, finest: Outcome) -> Solved:
    """Of two sets with the most models the more valuable; `most` is known to have that many."""
    if not isinstance(finest, Solved):
        return Solved(most, Proof("time-limit"))
    best = max(finest.selection, most, key=lambda selection: selection.score("count"))
    return Solved(best, finest.proof)


def least(problem: PackingProblem, resource: Resource, time_limit: float) -> int | None:
    """The fewest bytes of `resource` that hold the required bundles, whatever the limits.

    None when no set holds them, or time ran out. Raises KeyboardInterrupt on Ctrl-C.
    """
    wanted = tuple(bundle for bundle in problem.bundles if bundle.required)
    everything = total(problem, range(len(problem.items)), "cache_bytes")
    unlimited = PackingProblem(problem.items, wanted, Limits(everything))
    costs = {i: -getattr(item, resource) / MIB for i, item in enumerate(problem.items)}
    answer = run(unlimited, costs, [], time_limit)
    if answer.interrupted:
        raise KeyboardInterrupt
    if answer.loaded is None or not answer.optimal:
        return None
    return total(problem, settle(unlimited, answer.loaded, "count").loaded, resource)


def _best(
    problem: PackingProblem,
    objective: Objective,
    gains: dict[int, float],
    deadline: float,
    extra: Iterable[ConstraintRow] = (),
) -> Outcome:
    rows = list(extra)
    while True:
        answer = run(problem, gains, rows, deadline - monotonic())
        if answer.infeasible:
            return Infeasible()
        found = _settled(problem, answer, objective)
        if found is None or not fault(problem, found):
            break
        rows.append(_cut(answer.loaded or frozenset()))
        if answer.interrupted:
            found = None
            break
    guess = None if answer.optimal else first_guess(problem, objective)
    best = max((s for s in (found, guess) if s), key=lambda s: s.score(objective), default=None)
    if best is None:
        return _without(answer)
    bound = min(answer.bound, _ceiling(problem, gains))
    return Solved(best, _proof(answer, bound, sum(_gain(problem, best, gains))))


def _without(answer: Solution) -> OutOfTime:
    if answer.interrupted:
        raise KeyboardInterrupt
    return OutOfTime()


def _settled(problem: PackingProblem, answer: Solution, objective: Objective) -> Selection | None:
    return None if answer.loaded is None else settle(problem, answer.loaded, objective)


def _cut(loaded: frozenset[int]) -> ConstraintRow:
    return ConstraintRow(-inf, len(loaded) - 1, dict.fromkeys(loaded, 1.0))


def _gain(
    problem: PackingProblem, selection: Selection, gains: dict[int, float]
) -> Iterable[float]:
    columns = {(b, option): c for c, b, option in option_columns(problem)}
    return (gains[columns[chosen]] for chosen in selection.chosen)


def _ceiling(problem: PackingProblem, gains: dict[int, float]) -> float:
    """What all bundles at their best would gain: a bound that needs no solver."""
    best: dict[int, float] = {}
    for column, b, _ in option_columns(problem):
        best[b] = max(best.get(b, 0.0), gains[column])
    return sum(best.values())


def _proof(answer: Solution, bound: float, reached: float) -> Proof:
    """Values are whole points, so a bound less than a point above what is reached proves it."""
    missing = floor((bound - reached) * SCALE + 0.5)
    gap = max(0, missing) / SCALE / max(abs(reached), 1.0)
    if answer.interrupted:
        return Proof("interrupted", gap)
    return Proof("optimal") if answer.optimal and missing < 1 else Proof("time-limit", gap)
