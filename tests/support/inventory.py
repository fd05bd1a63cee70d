"""The tensors of real files (tests/inventories/), as weight files."""

from functools import cache

import yaml

from fitplan.accounting.weights import Container, WeightFile
from fitplan.architectures import quant_of, recognise
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
    architecture = recognise(stored.tensors)
    container = _container(name, stored.format)
    return WeightFile(
        family=architecture.family,
        container=container,
        quant=quant_of(architecture.groups, container),
        file_bytes=stored.tensor_bytes,
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
