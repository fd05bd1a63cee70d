"""The answer to `fitplan train` as one value, which every renderer takes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fitplan.catalog import Catalog
from fitplan.training.nearest import unfit
from fitplan.training.pace import Card
from fitplan.training.plan import TrainingBudget, TrainingPlan, find_model, why_untrainable
from fitplan.training.schema import TrainingFile
from fitplan.training.search import Unfit, Wish, fitting
from fitplan.training.warnings import TrainingWarning, warnings


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One plan with its warnings."""

    plan: TrainingPlan
    warnings: tuple[TrainingWarning, ...]


@dataclass(frozen=True, slots=True)
class TrainReport:
    """Everything a renderer shows of a training plan."""

    budget: TrainingBudget
    card: Card
    card_asked: bool
    """Whether the user named the card; else times are for the one that was measured."""
    steps: int
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights, pixels."""
    rows: tuple[TrainingRow, ...]
    unfit: tuple[Unfit, ...]
    untrainable: tuple[tuple[str, str], ...]
    """Names of models, and why they can't be trained."""


def train(
    file: TrainingFile,
    catalog: Catalog,
    pipeline_ids: Iterable[str],
    wish: Wish,
    sizes: tuple[tuple[int, int], ...],
    steps: int,
    card_asked: bool,
) -> TrainReport:
    """Plan each pipeline at each size; `wish` holds all else that was asked for.

    Raises FitplanError (usage) for what the formula doesn't claim to cover.
    """
    rows: list[TrainingRow] = []
    left: list[Unfit] = []
    refused: list[tuple[str, str]] = []
    for id in dict.fromkeys(pipeline_ids):
        why = why_untrainable(file, id)
        if why:
            refused.append((catalog.file.pipelines[id].name, why))
            continue
        model = find_model(file, catalog, id)
        for width, height in sizes:
            wanted = replace(wish, width=width, height=height)
            plans = fitting(file, model, wanted)
            rows += [TrainingRow(plan, tuple(_warnings(plan, wish))) for plan in plans]
            left += [] if plans else [unfit(file, model, wanted)]
    return TrainReport(
        wish.budget, wish.card, card_asked, steps, sizes, tuple(rows), tuple(left), tuple(refused)
    )


def _warnings(plan: TrainingPlan, wish: Wish) -> list[TrainingWarning]:
    return warnings(plan, wish.budget, wish.blocks_to_swap)
