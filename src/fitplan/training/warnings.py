"""What to beware of before starting a run."""

from collections.abc import Iterator
from dataclasses import dataclass

from fitplan.training.launch import encoder_too_large
from fitplan.training.plan import TrainingBudget, TrainingPlan
from fitplan.training.swap import why_no_effect
from fitplan.units import GIB, MIB, format_gb, format_gib

TIGHT_VRAM = 500 * MIB
"""With less VRAM free a run is at the mercy of whatever else draws on the screen."""
TIGHT_RAM = 2 * GIB
"""What the page leaves to the operating system."""

NOTES = (
    "--sample_prompts loads the text encoder and the VAE beside the model: the plans leave it out.",
    "The trainer starts 8 data-loader workers by default, each with its own RAM: "
    "the launch lines say 2.",
    "--sage_attn raises an error in training: the launch lines say --sdpa.",
    "On Windows the driver spills VRAM that overflows to shared memory without a word, and the run "
    "crawls.",
)
"""What holds for every run."""


@dataclass(frozen=True, slots=True)
class TrainingWarning:
    """Something to know about one plan."""

    kind: str
    text: str


def warnings(
    plan: TrainingPlan, budget: TrainingBudget, asked_swap: int | None
) -> list[TrainingWarning]:
    """The warnings of a plan; `asked_swap` is the swap the user asked for, if any."""
    return [
        *_of_swap(plan, asked_swap),
        *_of_vram(plan, budget),
        *_of_ram(plan, budget),
        *_of_encoder(plan, budget),
        *_of_model(plan),
    ]


def _of_swap(plan: TrainingPlan, asked: int | None) -> Iterator[TrainingWarning]:
    architecture = plan.model.architecture
    why = why_no_effect(architecture, asked) if asked else None
    if why:
        yield TrainingWarning("swap-without-effect", why)
    advised, value = architecture.swap.advised, plan.run.blocks_to_swap
    if advised and value > advised:
        text = f"the trainer's docs advise at most {advised} swapped blocks: RAM grows beyond"
        yield TrainingWarning("swap-above-advice", text)


def _of_vram(plan: TrainingPlan, budget: TrainingBudget) -> Iterator[TrainingWarning]:
    free = budget.vram_bytes - plan.vram.total
    if free < plan.claim.margin_bytes:
        over = -(-(plan.claim.margin_bytes - free) // MIB)
        text = f"at the far end of its error margin it overflows by {over} MiB"
        yield TrainingWarning("margin-overflows", text)
    if free < TIGHT_VRAM:
        text = f"only {free // MIB} MiB of VRAM stay free: run without a desktop on this card"
        yield TrainingWarning("tight-vram", text)
    if plan.claim.kind == "rough" and plan.run.precision == "bf16":
        yield TrainingWarning("unvalidated", "no measured run checks this model's memory")


def _of_ram(plan: TrainingPlan, budget: TrainingBudget) -> Iterator[TrainingWarning]:
    if budget.ram_bytes is not None and budget.ram_bytes - plan.ram_bytes < TIGHT_RAM:
        text = f"takes {format_gib(plan.ram_bytes, 1)} of RAM from loading on: close all else"
        yield TrainingWarning("tight-ram", text)


def _of_encoder(plan: TrainingPlan, budget: TrainingBudget) -> Iterator[TrainingWarning]:
    model = plan.model
    if encoder_too_large(model, budget):
        option = model.architecture.launch.text_encoder_fp8
        cure = f"cache with {option}" if option else "the trainer has no fp8 option for it"
        size = format_gb(model.encoder_bytes, 1)
        text = f"caching loads {model.encoder} once, {size} in bf16: {cure}"
        yield TrainingWarning("large-encoder", text)


def _of_model(plan: TrainingPlan) -> Iterator[TrainingWarning]:
    if plan.run.offload:
        text = "activation offload: what it saves is known to 30 %, what it costs in time is not"
        yield TrainingWarning("offload", text)
    if plan.model.entry.advice:
        yield TrainingWarning("model", plan.model.entry.advice)
