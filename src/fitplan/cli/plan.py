"""`fitplan`: plan the pairs that stay resident in a budget."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from fitplan.cli.machine_options import MachineOptions, budget_of, picture
from fitplan.cli.options import Common
from fitplan.cli.output import Format, console, show, write, write_json
from fitplan.cli.places import OwnFiles
from fitplan.cli.timing_options import TimingOptions, apply
from fitplan.errors import EXIT_ANSWER, EXIT_NOTHING, usage_error
from fitplan.units import parse_size

if TYPE_CHECKING:
    from fitplan.machine.computer import Machine
    from fitplan.planning.machine_plan import MachineAnswer, PassedOver
    from fitplan.planning.planner import Answer, Show
    from fitplan.planning.report import Budget, PlanReport

TOP = 3
"""Pairs per model without --top, --frontier or --all."""

RamOption = Annotated[
    str | None,
    typer.Option(
        "--ram",
        metavar="SIZE",
        help="InvokeAI's cache limit, or the RAM available to another --runtime: 14 (GiB), 14GiB, "
        "15GB, 14336MiB. [this machine's RAM minus 2 GiB]",
    ),
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model", metavar="NAME", help="Only this model, or all whose name holds NAME; repeatable."
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="Every pair that fits.")]
FrontierOption = Annotated[
    bool, typer.Option("--frontier", help="Every pair that no other fitting pair beats.")
]
TopOption = Annotated[
    int | None,
    typer.Option("--top", metavar="N", min=1, help=f"Best N pairs of each model. [{TOP}]"),
]


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The plan's own options, as given."""

    ram: str | None = None
    models: tuple[str, ...] = ()
    all_pairs: bool = False
    frontier: bool = False
    top: int | None = None
    timing: TimingOptions = field(default_factory=TimingOptions)
    own: OwnFiles = field(default_factory=OwnFiles)
    machine: MachineOptions = field(default_factory=MachineOptions)

    @property
    def misses(self) -> int | None:
        """How many pairs over the budget to add per model; None: all."""
        return None if self.all_pairs or self.frontier else self.top or 1

    def show(self) -> "Show":
        """Which pairs to list; usage error when two options contradict each other."""
        given = [self.all_pairs, self.frontier, self.top is not None]
        if sum(given) > 1:
            raise usage_error("--all, --frontier and --top exclude each other", "give one of them")
        return "all" if self.all_pairs else "frontier" if self.frontier else "best"


def execute(options: PlanOptions, shared: Common) -> int:
    """Plan and print; exit code 1 when nothing fits."""
    from fitplan.planning.machine_plan import held_only, plan_for
    from fitplan.planning.planner import plan
    from fitplan.planning.report import judged, make_report
    from fitplan.planning.verdicts import Judge

    show_pairs = options.show()
    machine = options.machine.machine(options.timing.gpu, options.ram)
    budget = _budget(options.ram, machine)
    candidates, shortfall = options.own.candidates(shared.candidates())
    ids = [id for name in options.models for id in candidates.catalog.pipeline_ids(name)]
    models = ids or list(candidates.catalog.file.pipelines)

    judge = None if machine is None else Judge(candidates, machine, picture(options.timing.size))

    def answer(show: "Show") -> "Answer | MachineAnswer":
        wanted = (models, budget.cache_bytes, show, options.top or TOP)
        return plan(candidates, *wanted) if judge is None else plan_for(judge, *wanted)

    def contenders() -> "Answer":
        fitting = plan(candidates, models, budget.cache_bytes, "all")
        return fitting if judge is None else held_only(fitting, judge)

    found = answer(show_pairs)
    report = make_report(found, budget, candidates, shared.runtime)
    report = replace(report, shortfall=shortfall, catalogs=shared.catalog_files())
    timing, misses = options.timing, options.misses
    if judge is not None:
        report = judged(report, judge, _passed_over(found))
    report = apply(timing, report, candidates, models, misses, contenders)
    if judge is not None:
        report = judged(report, judge, report.passed_over)
    _print(report, shared.output)
    return EXIT_ANSWER if report.rows else EXIT_NOTHING


def _passed_over(answer: "Answer | MachineAnswer") -> "tuple[PassedOver, ...]":
    from fitplan.planning.machine_plan import MachineAnswer

    return answer.passed_over if isinstance(answer, MachineAnswer) else ()


def _budget(ram: str | None, machine: "Machine | None") -> "Budget":
    """The limit that `ram` gives, else the machine's RAM less the reserve."""
    from fitplan.planning.report import Budget

    if ram is not None or machine is None:
        return Budget(parse_size(ram or ""), "option")
    return Budget(budget_of(machine), "machine")


def _print(report: "PlanReport", format: Format) -> None:
    match format:
        case Format.TABLE:
            from fitplan.render.table import plan_table

            on = console()
            show(plan_table(report, on.width), on)
        case Format.JSON:
            from fitplan.render.plan_document import plan_document

            write_json(plan_document(report))
        case Format.CSV:
            from fitplan.render.delimited import plan_csv

            write(plan_csv(report))
        case Format.MARKDOWN:
            from fitplan.render.markdown import plan_markdown

            write(plan_markdown(report))
        case _:
            assert_never(format)
