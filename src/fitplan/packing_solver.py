"""Solve a packing problem exactly: an integer program on HiGHS.

    z[i] ∈ {0, 1}      file i is loaded
    y[b, o] ∈ [0, 1]   bundle b is loaded as option o
    Σ z[i] ≤ 1                      over the files of a component
    Σ y[b, o] ≤ z[i]                over the options of b that use file i
    Σ y[b, o] ≤ Σ z[i]              over the files i of a component that b needs besides
    Σ y[b, o] ≤ 1 (= 1: required)   over the options of b
    Σ bytes[i]·z[i] ≤ limit         cache bytes; real bytes too where the machine's RAM is known

HiGHS counts in floating point. Its answer is rounded to a set of files and re-added in integers
(`packing.fault`); a set that breaks a limit by a byte is cut off, with every set that holds it, and
the program is solved again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import floor, inf
from time import monotonic
from typing import Any

from fitplan.packing import (
    Limits,
    Objective,
    Problem,
    Proof,
    Resource,
    Selection,
    fault,
    first_guess,
    settle,
    total,
)
from fitplan.units import MIB

SCALE = 1000
"""Points of value per unit of the solver's objective: keeps its numbers near 1."""


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


def solve(problem: Problem, objective: Objective, time_limit: float) -> Outcome:
    """The best set: the most valuable, or the most models and among those the most valuable.

    `time_limit` is in seconds, for everything.
    """
    deadline = monotonic() + time_limit
    if objective == "value":
        return _best(problem, objective, _values(problem), deadline)
    most = _best(problem, objective, _counts(problem), deadline)
    if not isinstance(most, Solved) or most.proof.status != "optimal":
        return most
    enough = _Row(most.selection.count, inf, _counts(problem))
    finest = _best(problem, objective, _values(problem), deadline, (enough,))
    return finest if isinstance(finest, Solved) else most


def least(problem: Problem, resource: Resource, time_limit: float) -> int | None:
    """The fewest bytes of `resource` that hold the required bundles, whatever the limits.

    None when no set holds them, or time ran out.
    """
    wanted = tuple(bundle for bundle in problem.bundles if bundle.required)
    everything = total(problem, range(len(problem.items)), "cache_bytes")
    unlimited = Problem(problem.items, wanted, Limits(everything))
    costs = {i: -getattr(item, resource) / MIB for i, item in enumerate(problem.items)}
    answer = _run(unlimited, costs, [], time_limit)
    if answer.loaded is None or not answer.optimal:
        return None
    return total(problem, settle(unlimited, answer.loaded, "count").loaded, resource)


@dataclass(frozen=True, slots=True)
class _Row:
    """lower ≤ Σ coefficient·column ≤ upper."""

    lower: float
    upper: float
    terms: dict[int, float]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What HiGHS said."""

    loaded: frozenset[int] | None = None
    optimal: bool = False
    infeasible: bool = False
    bound: float = inf


def _best(
    problem: Problem,
    objective: Objective,
    gains: dict[int, float],
    deadline: float,
    extra: Iterable[_Row] = (),
) -> Outcome:
    rows = list(extra)
    while True:
        answer = _run(problem, gains, rows, deadline - monotonic())
        if answer.infeasible:
            return Infeasible()
        found = _settled(problem, answer, objective)
        if found is None or not fault(problem, found):
            break
        rows.append(_cut(answer.loaded or frozenset()))
    guess = None if answer.optimal else first_guess(problem, objective)
    best = max((s for s in (found, guess) if s), key=lambda s: s.score(objective), default=None)
    if best is None:
        return OutOfTime()
    bound = min(answer.bound, _ceiling(problem, gains))
    return Solved(best, _proof(answer.optimal, bound, sum(_gain(problem, best, gains))))


def _settled(problem: Problem, answer: _Answer, objective: Objective) -> Selection | None:
    return None if answer.loaded is None else settle(problem, answer.loaded, objective)


def _cut(loaded: frozenset[int]) -> _Row:
    return _Row(-inf, len(loaded) - 1, dict.fromkeys(loaded, 1.0))


def _gain(problem: Problem, selection: Selection, gains: dict[int, float]) -> Iterable[float]:
    columns = {(b, option): c for c, b, option in _columns(problem)}
    return (gains[columns[chosen]] for chosen in selection.chosen)


def _ceiling(problem: Problem, gains: dict[int, float]) -> float:
    """What all bundles at their best would gain: a bound that needs no solver."""
    best: dict[int, float] = {}
    for column, b, _ in _columns(problem):
        best[b] = max(best.get(b, 0.0), gains[column])
    return sum(best.values())


def _proof(optimal: bool, bound: float, reached: float) -> Proof:
    """Values are whole points, so a bound less than a point above what is reached proves it."""
    missing = floor((bound - reached) * SCALE + 0.5)
    if optimal and missing < 1:
        return Proof("optimal")
    return Proof("time-limit", max(0, missing) / SCALE / max(abs(reached), 1.0))


def _columns(problem: Problem) -> Iterable[tuple[int, int, Any]]:
    """Column, bundle and option of each y; the columns of z come first."""
    column = len(problem.items)
    for b, bundle in enumerate(problem.bundles):
        for option in bundle.options:
            yield column, b, option
            column += 1


def _values(problem: Problem) -> dict[int, float]:
    return {column: option.value / SCALE for column, _, option in _columns(problem)}


def _counts(problem: Problem) -> dict[int, float]:
    return {column: 1.0 for column, _, _ in _columns(problem)}


def _rows(problem: Problem) -> Iterable[_Row]:
    yield from _limit_rows(problem)
    files: dict[str, list[int]] = {}
    for i, item in enumerate(problem.items):
        files.setdefault(item.component, []).append(i)
    yield from (_Row(-inf, 1, dict.fromkeys(f, 1.0)) for f in files.values() if len(f) > 1)
    column = len(problem.items)
    for bundle in problem.bundles:
        own = range(column, column + len(bundle.options))
        column += len(bundle.options)
        whole = dict.fromkeys(own, 1.0)
        yield _Row(1 if bundle.required else -inf, 1, whole)
        for component in bundle.rest:
            yield _Row(-inf, 0, whole | dict.fromkeys(files.get(component, ()), -1.0))
        used: dict[int, dict[int, float]] = {}
        for y, option in zip(own, bundle.options, strict=True):
            for i in {option.denoiser, option.encoder}:
                used.setdefault(i, {i: -1.0})[y] = 1.0
        yield from (_Row(-inf, 0, terms) for terms in used.values())


def _limit_rows(problem: Problem) -> Iterable[_Row]:
    resources: tuple[Resource, ...] = ("cache_bytes", "real_bytes")
    for resource in resources:
        limit = problem.limits.of(resource)
        if limit is not None:
            sizes = {i: getattr(item, resource) / MIB for i, item in enumerate(problem.items)}
            yield _Row(-inf, limit / MIB, sizes)


@dataclass(slots=True)
class _Matrix:
    """Rows in the compressed form HiGHS takes."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    index: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def add(self, row: _Row) -> None:
        self.lower.append(row.lower)
        self.upper.append(row.upper)
        self.index += row.terms.keys()
        self.value += row.terms.values()
        self.start.append(len(self.index))


def _run(
    problem: Problem, gains: dict[int, float], extra: Iterable[_Row], seconds: float
) -> _Answer:
    if seconds <= 0:
        return _Answer()
    if not problem.bundles:
        return _Answer(frozenset(), optimal=True, bound=0.0)
    import highspy

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {"output_flag": False, "threads": 1, "time_limit": seconds}
    exact = {"mip_rel_gap": 0.0, "mip_abs_gap": 0.5 / SCALE}
    for name, value in {**options, **exact}.items():
        solver.setOptionValue(name, value)
    solver.passModel(_model(problem, gains, extra))
    solver.run()
    return _read(solver, len(problem.items))


def _model(problem: Problem, gains: dict[int, float], extra: Iterable[_Row]) -> Any:
    import highspy
    import numpy as np

    files, columns = len(problem.items), len(problem.items) + len(_values(problem))
    matrix = _Matrix()
    for row in (*_rows(problem), *extra):
        matrix.add(row)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, len(matrix.lower)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = np.array([gains.get(c, 0.0) for c in range(columns)])
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.ones(columns)
    model.row_lower_, model.row_upper_ = np.array(matrix.lower), np.array(matrix.upper)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(matrix.start, dtype=np.int32)
    model.a_matrix_.index_ = np.array(matrix.index, dtype=np.int32)
    model.a_matrix_.value_ = np.array(matrix.value)
    whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    model.integrality_ = [whole] * files + [real] * (columns - files)
    return model


def _read(solver: Any, files: int) -> _Answer:
    import highspy

    status, info = solver.getModelStatus(), solver.getInfo()
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return _Answer(infeasible=True)
    loaded = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        values = list(solver.getSolution().col_value)[:files]
        loaded = frozenset(i for i, value in enumerate(values) if value > 0.5)
    optimal = status == highspy.HighsModelStatus.kOptimal
    return _Answer(loaded, optimal, bound=info.mip_dual_bound)
