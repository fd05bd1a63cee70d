"""The tensors of real files (tests/inventories/), as weight files."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from fitplan.accounting.weights import Container, WeightFile
from fitplan.readers.header import Header
from fitplan.readers.model import ModelPlace, assemble
from places import DATA
from sparse import inventory

_FOLDERS = ("-diff-", "-hf", "t5-", "clip-l-", "qwen25vl", "-diffusers-")
_PIPELINES = {
    "z-image-diff": "z-image",
    "klein-diff": "flux2",
    "sd15-diff": "sd15",
    "sdxl-diff": "sdxl",
}
_LOAD_TYPES = {"t5-float16-r2": "F16", "t5-float32-r2": "F32"}


@cache
def weight_file(name: str) -> WeightFile:
    """One inventory as the file or folder that was measured."""
    stored = inventory(name)
    container = _container(name, stored.format)
    path = Path(name)
    header = Header(path, container, stored.tensor_bytes, stored.tensors)
    place = ModelPlace(path, container, _LOAD_TYPES.get(name, "BF16"))
    part_of = next((family for part, family in _PIPELINES.items() if name.startswith(part)), "")
    return replace(assemble(place, [header]).weights, part_of=part_of)


def _container(name: str, format: str) -> Container:
    if format == "gguf":
        return Container.GGUF
    folder = any(mark in f"{name}-" for mark in _FOLDERS)
    return Container.FOLDER if folder else Container.SAFETENSORS


@cache
def measured() -> dict[str, dict[str, dict[str, int]]]:
    """Inventory → InvokeAI version → what its own cache reported."""
    data = yaml.safe_load((DATA / "invokeai_measured.yaml").read_text(encoding="utf-8"))
    return {name: component["versions"] for name, component in data["components"].items()}
