"""The formula once more, straight from the inventory and in MiB, to hold fitplan against."""

import json
from functools import cache
from math import ceil
from typing import Any

from fitplan.catalog import Catalog
from fitplan.catalog.reading import load, shipped_path
from fitplan.timing.reading import timing_data
from fitplan.training.pace import Card, find_card
from fitplan.training.plan import Model, TrainingBudget, find_model
from fitplan.training.reading import shipped
from fitplan.training.search import Wish
from fitplan.units import GIB, MIB
from places import DATA

FOLDER = DATA / "training"

# hidden, blocks, a, a0, f, text tokens
TABLE = {
    "klein-4b": (3072, 25, 0.3344, 0, 1.15, 512),
    "klein-9b": (4096, 32, 0.461, 0, 0.85, 512),
    "zimage": (3840, 34, 0.306, 130, 0.81, 128),
    "flux1-dev": (3072, 57, 0.340, 0, 0.43, 512),
    "qwen-image": (3072, 60, 0.313, 0, 1.0, 256),
    "flux2-dev": (6144, 56, 0.341, 0, 1.11, 512),
}
ARCHITECTURES = {
    "klein-4b": "flux2-klein-4b",
    "klein-9b": "flux2-klein-9b",
    "zimage": "z-image",
    "flux1-dev": "flux1-kontext",
    "qwen-image": "qwen-image",
    "flux2-dev": "flux2-dev",
}
PIPELINES = {
    "klein-4b": "flux2-klein-4b-base",
    "klein-9b": "flux2-klein-9b-base",
    "zimage": "z-image-base",
    "flux1-dev": "flux1-kontext-dev",
    "flux2-dev": "flux2-dev",
}


def read(name: str) -> Any:
    """A file of tests/data/training."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


INVENTORY = read("inventory.json")


@cache
def catalog() -> Catalog:
    """The shipped catalog."""
    return load(shipped_path())


@cache
def model(name: str) -> Model:
    """The catalog's model with the inventory's `name`."""
    return find_model(shipped(), catalog(), PIPELINES[name])


@cache
def card() -> Card:
    """The measured card."""
    return find_card(shipped(), timing_data(), None)


def wish(vram: float = 12, ram: float | None = 16, side: int = 1024, **more: Any) -> Wish:
    """A wish with GiB of VRAM and RAM, and 400 MiB of headroom."""
    budget = TrainingBudget(int(vram * GIB), None if ram is None else int(ram * GIB), 400 * MIB)
    return Wish(budget, side, side, card(), **more)


def most(name: str) -> int:
    """Largest value of --blocks_to_swap."""
    value: int = INVENTORY[name]["max_swap"]
    return value


def split(name: str, swap: int) -> list[int]:
    """Blocks swapped of each group."""
    if not swap:
        return [0] * len(INVENTORY[name]["blocks"])
    if INVENTORY[name]["swap_split"]:
        found: list[int] = INVENTORY[name]["swap_split"][str(swap)]
        return found
    return {
        "zimage": [0, 0, swap],
        "qwen-image": [swap],
        "flux1-dev": [swap // 2, (swap - swap // 2) * 2 + 1],
    }[name]


def vram_mib(name: str, fp8: bool, swap: int, tokens: int, rank: int = 16) -> float:
    """MiB of VRAM with adamw8bit for `tokens` image tokens and the model's own text."""
    hidden, blocks, per_token, fixed, copies, text = TABLE[name]
    known, total = INVENTORY[name], tokens + text
    lora = rank * known["lora_per_rank"] / MIB
    largest = max(block["params"] for block in known["blocks"].values()) * 2 / MIB
    weights = weights_mib(name, fp8) - _swapped_mib(name, fp8, swap)
    peak = max(blocks * hidden * 2 * total / MIB, 4 * lora)
    total_mib: float = (
        318 + weights + lora * 8.03 + fixed + per_token * total + copies * largest * fp8 + peak
    )
    return total_mib


def weights_mib(name: str, fp8: bool) -> float:
    """MiB of all weights as the inventory counts them."""
    known = INVENTORY[name]
    if fp8:
        return float(known["fp8_bytes_MiB"] + known["pad_fp8_MiB"])
    return float(known["bf16_MiB"] + known["pad_bf16_MiB"])


def _swapped_mib(name: str, fp8: bool, swap: int) -> float:
    groups = zip(split(name, swap), INVENTORY[name]["blocks"].values(), strict=True)
    return sum(count * _linears_mib(name, block["linears"], fp8) for count, block in groups)


def _linears_mib(name: str, linears: dict[str, list[int]], fp8: bool) -> float:
    sizes = (
        rows * columns * (1 if fp8 and not _kept(name, linear) else 2) / MIB
        for linear, (rows, columns) in linears.items()
    )
    return sum(ceil(size / 2) * 2 if size >= 10 else size for size in sizes)


def _kept(name: str, linear: str) -> bool:
    """Linears that fp8 leaves in bf16: modulation in Z-Image and FLUX.1."""
    return (name == "zimage" and "adaLN" in linear) or (name == "flux1-dev" and "mod" in linear)
