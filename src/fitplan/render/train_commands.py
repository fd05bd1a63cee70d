"""A training plan as a shell script: comments and commands, nothing else."""

from collections.abc import Iterator
from itertools import groupby

from fitplan.render.text import printable
from fitplan.training.launch import commands, dataset_lines, shell
from fitplan.training.plan import TrainingPlan, describe
from fitplan.training.report import TrainingRow, TrainReport
from fitplan.units import MIB


def train_commands(report: TrainReport) -> str:
    """The commands of every plan, to be run in a checkout of musubi-tuner."""
    lines: list[str] = []
    for _, rows in groupby(report.rows, _same_caches):
        lines += _group(report, [*rows])
    return "\n".join(lines)


def _same_caches(row: TrainingRow) -> tuple[str, int, int]:
    return row.plan.model.id, row.plan.run.width, row.plan.run.height


def _group(report: TrainReport, rows: list[TrainingRow]) -> Iterator[str]:
    first = rows[0].plan
    caching = commands(first, report.steps, report.budget)
    size = f"{first.run.width}x{first.run.height}"
    yield f"# {printable(first.model.name)}, {size}: once, with a dataset.toml that says"
    yield from (f"#   {line}" for line in dataset_lines(first))
    yield shell(caching.cache_latents)
    yield shell(caching.cache_prompts)
    for number, row in enumerate(rows):
        yield f"# {'or: ' * (number > 0)}{_summary(row.plan)}"
        yield from (f"# ! {printable(warning.text)}" for warning in row.warnings)
        yield shell(commands(row.plan, report.steps, report.budget).train)


def _summary(plan: TrainingPlan) -> str:
    used, margin = round(plan.vram.total / MIB), round(plan.claim.margin_bytes / MIB)
    return f"{describe(plan)}: {used} ±{margin} MiB of VRAM"
