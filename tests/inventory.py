"""The tensors of real files (tests/inventories/), as weight files."""

import json
from functools import cache
from pathlib import Path

import yaml

from fitplan.architectures import quant_of, recognise
from fitplan.weights import Container, Tensor, WeightFile

FOLDER = Path(__file__).parent / "inventories"
DATA = Path(__file__).parent / "data"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))

_FOLDERS = ("-diff-", "-hf", "t5-", "clip-l-", "qwen25vl", "-diffusers-")
_PIPELINES = {
    "z-image-diff": "z-image",
    "klein-diff": "flux2",
    "sd15-diff": "sd15",
    "sdxl-diff": "sdxl",
}
_LOAD_TYPES = {"t5-float16-r2": "F16", "t5-float32-r2": "F32"}


def tensors(name: str) -> list[Tensor]:
    """The tensors of one inventory."""
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [Tensor(tensor, tuple(shape), type) for tensor, shape, type in data["tensors"]]


@cache
def weight_file(name: str) -> WeightFile:
    """One inventory as the file or folder that was measured."""
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    architecture = recognise(tensors(name))
    container = _container(name, data["format"])
    return WeightFile(
        family=architecture.family,
        container=container,
        quant=quant_of(architecture.groups, container),
        file_bytes=data["file_bytes"],
        groups=architecture.groups,
        hidden_size=architecture.hidden_size,
        part_of=next((family for part, family in _PIPELINES.items() if name.startswith(part)), ""),
        load_type=_LOAD_TYPES.get(name, "BF16"),
    )


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
