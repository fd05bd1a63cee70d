"""The answer to a plan as one value, which every renderer takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from fitplan.accounting.quality import ENCODER_FLOOR
from fitplan.accounting.runtime import Runtime
from fitplan.catalog.overlays import UsedFile
from fitplan.machine.computer import Machine
from fitplan.planning.candidates import Candidates, FindRuntime
from fitplan.planning.installed import Shortfall
from fitplan.planning.machine_plan import MachineAnswer, PassedOver
from fitplan.planning.observations import Observed, observed
from fitplan.planning.pairs import Plan
from fitplan.planning.planner import Answer, Excluded
from fitplan.planning.verdicts import Judge, Verdicts
from fitplan.timing.answers import Question, Time
from fitplan.units import format_gib


@dataclass(frozen=True, slots=True)
class Budget:
    """The cache limit, and who set it."""

    cache_bytes: int
    source: Literal["option", "machine"]
    real_bytes: int | None = None
    """RAM that the machine has for what is really held; None: the machine isn't known."""


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """Something to know before trusting or downloading a pair."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One plan with what was measured and what to beware of."""

    plan: Plan
    observed: Observed | None
    warnings: tuple[PlanWarning, ...]
    time: Time | None = None
    """Seconds per image; None when no card was named."""
    verdicts: Verdicts | None = None
    """What the machine makes of it; None: the question is about no machine."""

    @property
    def name(self) -> str:
        """Display name of the pair: "Z-Image Turbo Q8_0 + Q8_0"."""
        plan = self.plan
        return f"{plan.pipeline.name} {plan.denoiser.file.quant} + {plan.encoder.file.quant}"


@dataclass(frozen=True, slots=True)
class PlanReport:
    """Everything a renderer shows of a plan."""

    rows: tuple[Row, ...]
    excluded: Excluded
    budget: Budget
    runtime: Runtime
    question: Question | None = None
    """What was asked about time."""
    misses: tuple[Row, ...] = ()
    """The best pairs that don't fit, when asked for."""
    fastest: tuple[Row, ...] = ()
    """Over all models, each faster than every pair that is as good."""
    shortfall: Shortfall = field(default_factory=Shortfall)
    by_model: bool = True
    """Whether rows of one model stand together."""
    catalogs: tuple[UsedFile, ...] = ()
    """The files that the catalog is made of."""
    machine: Machine | None = None
    """What the question is about; None: a limit alone."""
    passed_over: tuple[PassedOver, ...] = ()
    """Pairs that would be best in the cache, and that the machine does not hold."""

    def headroom(self, plan: Plan) -> int:
        """Budget minus what the runtime's fit test asks of it."""
        budget = self.budget.cache_bytes
        residencies = [choice.residency for choice in plan.choices]
        return budget - self.runtime.fit.needed(residencies, budget)


def make_report(
    answer: Answer | MachineAnswer,
    budget: Budget,
    candidates: Candidates,
    find_runtime: FindRuntime,
) -> PlanReport:
    """Join an answer with observations and warnings."""
    rows = tuple(
        Row(
            plan,
            observed(plan, candidates.catalog, find_runtime),
            (*warnings_of(plan), *_judged(plan, budget)),
        )
        for plan in answer.plans
    )
    return PlanReport(rows, answer.excluded, budget, candidates.runtime)


def judged(report: PlanReport, judge: Judge, passed_over: tuple[PassedOver, ...]) -> PlanReport:
    """`report` with what a machine makes of every row."""

    def rows(listed: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(replace(row, verdicts=judge.of(row.plan)) for row in listed)

    return replace(
        report,
        rows=rows(report.rows),
        misses=rows(report.misses),
        fastest=rows(report.fastest),
        machine=judge.machine,
        passed_over=passed_over,
    )


def _judged(plan: Plan, budget: Budget) -> Iterator[PlanWarning]:
    """A pair that the cache holds and the machine doesn't."""
    if budget.real_bytes is not None and plan.real_bytes > budget.real_bytes:
        needed, had = format_gib(plan.real_bytes), format_gib(budget.real_bytes)
        text = f"fits the cache, but needs {needed} of RAM where the machine has {had} for it"
        yield PlanWarning("exceeds-machine", text)


def warnings_of(plan: Plan) -> Iterator[PlanWarning]:
    """What to know before trusting or downloading a pair."""
    if plan.real_bytes > plan.cache_bytes:
        held, counted = format_gib(plan.real_bytes), format_gib(plan.cache_bytes)
        text = f"holds {held} in RAM, the cache counts {counted}"
        yield PlanWarning("real-exceeds-cache", text)
    if plan.denoiser.file.assumed_among:
        listed = ", ".join(plan.denoiser.file.assumed_among)
        text = f"taken for this model by its shapes; its name does not say which it is of {listed}"
        yield PlanWarning("assumed-model", text)
    yield from _unknown_errors(plan)
    error = plan.encoder.file.rel_error
    if error is not None and error > ENCODER_FLOOR:
        yield PlanWarning(
            "encoder-below-q4", "text encoder below Q4_K_M, where damage grows suddenly"
        )
    unsure = sum(choice.file.cache_error_bytes for choice in plan.choices)
    if unsure:
        text = (
            f"cache may be off by {format_gib(unsure)}: the file's mix of types is not fully known"
        )
        yield PlanWarning("cache-uncertain", text)
    for choice in plan.choices:
        if choice.residency.beware:
            yield PlanWarning("loads-wrongly", f"{choice.file.quant}: {choice.residency.beware}")
        scratch = choice.residency.scratch
        if scratch is not None and scratch.basis == "unknown":
            yield PlanWarning("scratch-unknown", scratch.why)
    if plan.pipeline.elo is None:
        yield PlanWarning("no-elo", "no Elo known for this model: listed after those with one")


def _unknown_errors(plan: Plan) -> Iterator[PlanWarning]:
    """A pair that can't be ranked by quality."""
    unknown = [c.file for c in (plan.denoiser, plan.encoder) if c.file.rel_error is None]
    if unknown:
        names = " and ".join(dict.fromkeys(file.quant for file in unknown))
        text = f"quality unknown (weight error of {names}): listed after pairs with a known one"
        yield PlanWarning("error-unknown", text)
