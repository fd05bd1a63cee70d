"""The integer program of a packing problem, and one run of HiGHS on it.

    z[i] ∈ {0, 1}      file i is loaded
    w[c] ∈ {0, 1}      some file of component c is loaded:  w[c] = Σ z[i] over its files
    x[b] ∈ {0, 1}      bundle b is in:                      x[b] = Σ y[b, o] over its options
    y[b, o] ∈ [0, 1]   bundle b is loaded as option o
    Σ y[b, o] ≤ z[i]              over the options of b that use file i
    x[b] ≤ w[c]                   for every component c of b
    x[b] = 1                      where b is required
    Σ bytes[i]·z[i] ≤ limit       cache bytes; real bytes too where the machine's RAM is known

w and x follow from the others; they are there to be branched on, which decides models before
quantizations and proves the shipped catalog about ten times as fast.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from fitplan.machine.native import silent_stdout
from fitplan.questions.pack.problem import Bundle, Option, PackingProblem, Resource
from fitplan.units import MIB

SCALE = 1000
"""Points of value per unit of the solver's objective: keeps its numbers near 1."""

_HEARTBEAT = 0.1
"""Seconds between two looks at whether Ctrl-C came."""

_PATIENCE = 0.8
"""Seconds that HiGHS has to stop after it."""


@dataclass(frozen=True, slots=True)
class ConstraintRow:
    """lower ≤ Σ coefficient·column ≤ upper."""

    lower: float
    upper: float
    terms: dict[int, float]


@dataclass(frozen=True, slots=True)
class Solution:
    """What HiGHS said."""

    loaded: frozenset[int] | None = None
    optimal: bool = False
    infeasible: bool = False
    bound: float = inf
    interrupted: bool = False
    """Ctrl-C ended it; `loaded` is the best set until then."""


def option_columns(problem: PackingProblem) -> Iterable[tuple[int, int, Option]]:
    """Column, bundle and option of each y; the columns of z come first."""
    column = len(problem.items)
    for b, bundle in enumerate(problem.bundles):
        for option in bundle.options:
            yield column, b, option
            column += 1


def values(problem: PackingProblem) -> dict[int, float]:
    """An objective that gains each option's value."""
    return {column: option.value / SCALE for column, _, option in option_columns(problem)}


def counts(problem: PackingProblem) -> dict[int, float]:
    """An objective that gains one for each bundle."""
    return {column: 1.0 for column, _, _ in option_columns(problem)}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns stand for what: z, then y, then x, then w."""

    files: dict[str, list[int]]
    """Columns of z, per component."""
    options: list[range]
    """Columns of y, per bundle."""
    bundles: range
    """Columns of x."""
    components: dict[str, int]
    """Column of w, per component."""

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.bundles.stop + len(self.components)


def _layout(problem: PackingProblem) -> _Layout:
    files: dict[str, list[int]] = {}
    for i, item in enumerate(problem.items):
        files.setdefault(item.component, []).append(i)
    column, options = len(problem.items), []
    for bundle in problem.bundles:
        options.append(range(column, column + len(bundle.options)))
        column = options[-1].stop
    bundles = range(column, column + len(problem.bundles))
    return _Layout(files, options, bundles, {c: bundles.stop + k for k, c in enumerate(files)})


def _rows(problem: PackingProblem, layout: _Layout) -> Iterable[ConstraintRow]:
    yield from _limit_rows(problem)
    for component, files in layout.files.items():
        yield ConstraintRow(0, 0, {**dict.fromkeys(files, 1.0), layout.components[component]: -1.0})
    columns = zip(problem.bundles, layout.options, layout.bundles, strict=True)
    for bundle, options, x in columns:
        yield from _bundle_rows(problem, layout, bundle, options, x)


def _bundle_rows(
    problem: PackingProblem, layout: _Layout, bundle: Bundle, options: range, x: int
) -> Iterable[ConstraintRow]:
    yield ConstraintRow(0, 0, {**dict.fromkeys(options, 1.0), x: -1.0})
    if bundle.required:
        yield ConstraintRow(1, 1, {x: 1.0})
    users: dict[int, dict[int, float]] = {}
    for y, option in zip(options, bundle.options, strict=True):
        for i in {option.denoiser, option.encoder}:
            users.setdefault(i, {i: -1.0})[y] = 1.0
    yield from (ConstraintRow(-inf, 0, terms) for terms in users.values())
    for component in sorted({*bundle.rest, *(problem.items[i].component for i in users)}):
        yield ConstraintRow(-inf, 0, {x: 1.0, layout.components[component]: -1.0})


def _limit_rows(problem: PackingProblem) -> Iterable[ConstraintRow]:
    resources: tuple[Resource, ...] = ("cache_bytes", "real_bytes")
    for resource in resources:
        limit = problem.limits.of(resource)
        if limit is not None:
            sizes = {i: getattr(item, resource) / MIB for i, item in enumerate(problem.items)}
            yield ConstraintRow(-inf, limit / MIB, sizes)


@dataclass(slots=True)
class _Matrix:
    """Rows in the compressed form HiGHS takes."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    index: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def add(self, row: ConstraintRow) -> None:
        self.lower.append(row.lower)
        self.upper.append(row.upper)
        self.index += row.terms.keys()
        self.value += row.terms.values()
        self.start.append(len(self.index))


def run(
    problem: PackingProblem, gains: dict[int, float], extra: Iterable[ConstraintRow], seconds: float
) -> Solution:
    """Maximize Σ gain·column under the problem's rows and `extra`, within so many seconds."""
    if seconds <= 0:
        return Solution()
    if not problem.bundles:
        return Solution(frozenset(), optimal=True, bound=0.0)
    with silent_stdout():
        return _run(problem, gains, extra, seconds)


def _run(
    problem: PackingProblem, gains: dict[int, float], extra: Iterable[ConstraintRow], seconds: float
) -> Solution:
    import highspy

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {"output_flag": False, "threads": 1, "time_limit": seconds}
    exact = {"mip_rel_gap": 0.0, "mip_abs_gap": 0.5 / SCALE, "mip_allow_restart": False}
    for name, value in {**options, **exact}.items():
        solver.setOptionValue(name, value)
    solver.passModel(_model(problem, gains, extra))
    interrupted = _solve(solver)
    return replace(_read(solver, len(problem.items)), interrupted=interrupted)


def _solve(solver: Any) -> bool:
    """Let HiGHS work in a thread of its own, so that this one hears Ctrl-C; whether it came.

    Raises KeyboardInterrupt when HiGHS doesn't stop for it.
    """
    solver.HandleUserInterrupt = True
    try:
        solver.startSolve()
        while not solver.wait(_HEARTBEAT)[0]:
            pass
    except KeyboardInterrupt:
        solver.cancelSolve()
        if not solver.wait(_PATIENCE)[0]:
            raise
        return True
    return False


def _model(problem: PackingProblem, gains: dict[int, float], extra: Iterable[ConstraintRow]) -> Any:
    import highspy
    import numpy as np

    layout = _layout(problem)
    files, columns, free = len(problem.items), layout.width, layout.bundles.start
    matrix = _Matrix()
    for row in (*_rows(problem, layout), *extra):
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
    model.integrality_ = [whole] * files + [real] * (free - files) + [whole] * (columns - free)
    return model


def _read(solver: Any, files: int) -> Solution:
    import highspy

    status, info = solver.getModelStatus(), solver.getInfo()
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return Solution(infeasible=True)
    loaded = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        values = list(solver.getSolution().col_value)[:files]
        loaded = frozenset(i for i, value in enumerate(values) if value > 0.5)
    optimal = status == highspy.HighsModelStatus.kOptimal
    return Solution(loaded, optimal, bound=info.mip_dual_bound)
