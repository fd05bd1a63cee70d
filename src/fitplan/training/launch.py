"""The commands of a run: cache latents, cache prompts, train. Placeholders stand only for paths.

Scripts and options as in musubi-tuner 0.3.4 (docs/flux_2.md, zimage.md, flux_kontext.md,
qwen_image.md, training/parser_common.py). Latents and prompts are cached, so training itself needs
neither VAE nor text encoder.
"""

import shlex
from dataclasses import dataclass

from fitplan.training.plan import Model, TrainingBudget, TrainingPlan
from fitplan.units import GIB

DATASET = "path/to/dataset.toml"
WORKERS = 2
"""Data-loader workers; the trainer's default of 8 costs RAM."""

ENCODER_ROOM = 2 * GIB
"""What encoding prompts needs beside the encoder's weights: an allowance."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Arguments of each command, program first."""

    cache_latents: tuple[str, ...]
    cache_prompts: tuple[str, ...]
    train: tuple[str, ...]


def commands(plan: TrainingPlan, train_steps: int, budget: TrainingBudget) -> Commands:
    """The three commands of a plan."""
    return Commands(_cache_latents(plan), _cache_prompts(plan, budget), _train(plan, train_steps))


def encoder_too_large(model: Model, budget: TrainingBudget) -> bool:
    """Whether the text encoder in bf16 exceeds VRAM or RAM while prompts are cached."""
    sizes = [size for size in (budget.vram_bytes, budget.ram_bytes) if size is not None]
    return model.encoder_bytes + ENCODER_ROOM > min(sizes)


def memory_flags(plan: TrainingPlan) -> list[str]:
    """The options of the launch line that decide memory, one string each."""
    run = plan.run
    flags = ["--gradient_checkpointing"]
    flags += ["--gradient_checkpointing_cpu_offload"] if run.offload else []
    flags += ["--fp8_base", "--fp8_scaled"] if run.precision == "fp8" else []
    return [*flags, f"--blocks_to_swap {run.blocks_to_swap}"] if run.blocks_to_swap else flags


def dataset_lines(plan: TrainingPlan) -> list[str]:
    """What the dataset's TOML must say for the plan to hold."""
    run = plan.run
    return [f"resolution = [{run.width}, {run.height}]", f"batch_size = {run.batch}"]


def shell(arguments: tuple[str, ...]) -> str:
    """Arguments as a shell command, one option a line."""
    lines: list[str] = []
    for argument in arguments:
        if argument.startswith("--") or not lines or (argument.startswith("src/") and lines[1:]):
            lines.append(shlex.quote(argument))
        else:
            lines[-1] += f" {shlex.quote(argument)}"
    return " \\\n  ".join(lines)


def _cache_latents(plan: TrainingPlan) -> tuple[str, ...]:
    script = _script(plan, "cache_latents")
    vae = ("--vae", "path/to/vae.safetensors")
    return ("python", script, "--dataset_config", DATASET, *vae, *_version(plan))


def _cache_prompts(plan: TrainingPlan, budget: TrainingBudget) -> tuple[str, ...]:
    launch = plan.model.architecture.launch
    paths = _encoder_paths(launch.text_encoders)
    too_large = encoder_too_large(plan.model, budget)
    fp8 = (launch.text_encoder_fp8,) if launch.text_encoder_fp8 and too_large else ()
    script = _script(plan, "cache_text_encoder_outputs")
    head = ("python", script, "--dataset_config", DATASET, *paths, "--batch_size", "1")
    return (*head, *fp8, *_version(plan))


def _encoder_paths(options: list[str]) -> tuple[str, ...]:
    return tuple(
        word
        for option in options
        for word in (option, f"path/to/{option.removeprefix('--')}.safetensors")
    )


def _train(plan: TrainingPlan, train_steps: int) -> tuple[str, ...]:
    launch, run = plan.model.architecture.launch, plan.run
    memory = (word for flag in memory_flags(plan) for word in flag.split())
    return (
        *("accelerate", "launch", "--num_cpu_threads_per_process", "1"),
        *("--mixed_precision", "bf16", _script(plan, "train_network")),
        *_version(plan),
        *("--dit", "path/to/denoiser.safetensors", "--dataset_config", DATASET),
        *("--sdpa", "--mixed_precision", "bf16", *memory),
        *(*launch.sampling, "--weighting_scheme", "none"),
        *("--optimizer_type", run.optimizer, "--learning_rate", launch.learning_rate),
        *("--network_module", launch.network_module),
        *("--network_dim", str(run.rank), "--network_alpha", str(run.rank)),
        *("--max_data_loader_n_workers", str(WORKERS), "--persistent_data_loader_workers"),
        *("--max_train_steps", str(train_steps)),
        *("--output_dir", "path/to/output", "--output_name", f"{plan.model.id}-lora"),
    )


def _script(plan: TrainingPlan, what: str) -> str:
    return f"src/musubi_tuner/{plan.model.architecture.launch.scripts}_{what}.py"


def _version(plan: TrainingPlan) -> tuple[str, ...]:
    version = plan.model.entry.model_version
    return ("--model_version", version) if version else ()
