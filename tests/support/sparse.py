"""Writes header-true model files: real headers, then a hole in place of gigabytes of data.

The tensors come from `inventories/`: `NAME.json` lists the exact tensors of one measured component
(`-rN`: with N blocks), `names/` tensor names and shapes of whole architectures, in each naming.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Tensor
from places import TESTS

INVENTORIES = TESTS / "inventories"
NAMES = tuple(sorted(path.stem for path in INVENTORIES.glob("*.json")))
ARCHITECTURES = tuple(sorted(path.stem for path in (INVENTORIES / "names").glob("*.json")))


@dataclass(frozen=True)
class Inventory:
    """The tensors of one file as it is stored, and its published size."""

    name: str
    format: str
    tensors: tuple[Tensor, ...]
    tensor_bytes: int
    """Bytes of all tensors, without header and padding."""


@cache
def inventory(name: str) -> Inventory:
    """The inventory called `name`."""
    content = json.loads((INVENTORIES / f"{name}.json").read_text("utf-8"))
    tensors = tuple(Tensor(n, tuple(shape), type) for n, shape, type in content["tensors"])
    return Inventory(name, content["format"], tensors, content["tensor_data_bytes"])


def architecture(name: str, type: str = "BF16") -> tuple[Tensor, ...]:
    """Names and shapes of a whole architecture, every tensor of `type`."""
    content = json.loads((INVENTORIES / "names" / f"{name}.json").read_text("utf-8"))
    return tuple(Tensor(n, tuple(shape), type) for n, shape in content)


def write_safetensors(
    path: Path, tensors: Sequence[Tensor], metadata: Mapping[str, str] | None = None
) -> Path:
    """Write a safetensors file whose data are a hole."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for tensor in tensors:
        begin, end = end, end + stored_bytes(tensor)
        offsets = [begin, end]
        header[tensor.name] = {
            "dtype": tensor.type,
            "shape": list(tensor.shape),
            "data_offsets": offsets,
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return _write(path, struct.pack("<Q", len(text)) + text, end)


def write_gguf(
    path: Path,
    tensors: Sequence[Tensor],
    *,
    tokens: int = 0,
    file_type: int | None = None,
    version: int = 3,
    order: str = "<",
    alignment: int = 32,
    architecture: str = "",
    entries: Mapping[str, str | int | Sequence[int]] | None = None,
) -> Path:
    """Write a GGUF file whose data are a hole, with a tokenizer of `tokens` strings.

    `architecture` is its `general.architecture`; "": it has none.
    `entries` are further metadata: texts, numbers (as u32) and lists of numbers (as i32).
    """
    writer = Gguf(order)
    metadata = [writer.text_entry("general.architecture", architecture)] if architecture else []
    metadata += [writer.entry(key, value) for key, value in (entries or {}).items()]
    if file_type is not None:
        metadata.append(writer.number_entry("general.file_type", file_type))
    if alignment != 32:
        metadata.append(writer.number_entry("general.alignment", alignment))
    if tokens:
        metadata += writer.tokenizer(tokens)
    infos, data_bytes = writer.infos(tensors, alignment)
    head = b"GGUF" + struct.pack(f"{order}IQQ", version, len(tensors), len(metadata))
    header = head + b"".join(metadata) + infos
    header += b"\0" * (-len(header) % alignment)
    return _write(path, header, data_bytes)


def write_folder(
    path: Path,
    tensors: Sequence[Tensor],
    config: Mapping[str, Any],
    *,
    stem: str = "model",
    parts: int = 1,
) -> Path:
    """Write a Hugging Face folder: config.json and one file, or `parts` shards with their index."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    if parts == 1:
        write_safetensors(path / f"{stem}.safetensors", tensors)
        return path
    weight_map: dict[str, str] = {}
    for i in range(parts):
        name = f"{stem}-{i + 1:05}-of-{parts:05}.safetensors"
        write_safetensors(path / name, tensors[i::parts])
        weight_map |= {tensor.name: name for tensor in tensors[i::parts]}
    index = {"metadata": {}, "weight_map": weight_map}
    (path / f"{stem}.safetensors.index.json").write_text(json.dumps(index))
    return path


def write_pipeline(path: Path, class_name: str, components: Mapping[str, Sequence[Tensor]]) -> Path:
    """Write a diffusers folder: model_index.json and a subfolder for each component."""
    path.mkdir(parents=True, exist_ok=True)
    index = {"_class_name": class_name} | {name: ["diffusers", "Any"] for name in components}
    (path / "model_index.json").write_text(json.dumps(index))
    for name, tensors in components.items():
        text = name.startswith("text_encoder")
        stem = "model" if text else "diffusion_pytorch_model"
        write_folder(path / name, tensors, {"torch_dtype": "bfloat16"} if text else {}, stem=stem)
    return path


_FOLDERS: Mapping[str, Mapping[str, Any]] = {
    "t5-xxl-bnb-int8": {"torch_dtype": "bfloat16"},
    "t5-xxl-bf16": {"torch_dtype": "bfloat16"},
    "t5-bfloat16-r2": {"torch_dtype": "bfloat16"},
    "t5-float16-r2": {"torch_dtype": "float16"},
    "t5-float32-r2": {"torch_dtype": "float32"},
    "t5-f16file-bf16cfg-r2": {"torch_dtype": "bfloat16"},
    "clip-l-bf16": {"torch_dtype": "bfloat16"},
    "qwen3-4b-bf16-hf": {"torch_dtype": "bfloat16"},
    "qwen3-8b-hf-r4": {"dtype": "bfloat16"},
    "qwen25vl-bf16-r2": {"torch_dtype": "bfloat16"},
    "mistral-hf-r2": {"torch_dtype": "bfloat16"},
}
"""Inventories that are Hugging Face folders → their config.json."""
_SUBFOLDERS = ("t5-xxl-bnb-int8", "t5-xxl-bf16", "clip-l-bf16")
"""Those whose weights lie one folder down, beside their tokenizer."""
_PIPELINES = {
    "flux1-dev-diffusers-r2": ("FluxPipeline", "transformer"),
    "klein-4b-diffusers-r2": ("Flux2KleinPipeline", "transformer"),
    "klein-diff-te-r4": ("Flux2KleinPipeline", "text_encoder"),
    "z-image-diff-te-r4": ("ZImagePipeline", "text_encoder"),
    "sd15-diff-unet-f16": ("StableDiffusionPipeline", "unet"),
    "sd15-diff-te-f16": ("StableDiffusionPipeline", "text_encoder"),
    "sd15-diff-vae-f32": ("StableDiffusionPipeline", "vae"),
    "sdxl-diff-unet-f16": ("StableDiffusionXLPipeline", "unet"),
    "sdxl-diff-te2-f16": ("StableDiffusionXLPipeline", "text_encoder_2"),
    "sd35-diff-transformer-r2": ("StableDiffusion3Pipeline", "transformer"),
}
"""Inventories that are a component of a diffusers pipeline → its class and the subfolder."""


def install(name: str, folder: Path) -> Path:
    """Write the inventory `name` the way it was measured: a file, a folder, or part of a pipeline.

    Returns the path to give to `readers.read`, which finds exactly one model there.
    """
    content = inventory(name)
    if name in _PIPELINES:
        class_name, subfolder = _PIPELINES[name]
        return write_pipeline(folder / name, class_name, {subfolder: content.tensors})
    if name in _FOLDERS:
        weights = folder / name / "text_encoder" if name in _SUBFOLDERS else folder / name
        write_folder(weights, content.tensors, _FOLDERS[name])
        return folder / name
    if content.format == "gguf":
        return write_gguf(folder / f"{name}.gguf", content.tensors)
    return write_safetensors(folder / f"{name}.safetensors", content.tensors)


def stored_bytes(tensor: Tensor) -> int:
    """Bytes of one tensor as stored."""
    return TENSOR_TYPES[tensor.type].bytes_for(tensor.elements)


class Gguf:
    """Packs the pieces of a GGUF header in one byte order."""

    def __init__(self, order: str) -> None:
        self._order = order

    def pack(self, layout: str, *values: int) -> bytes:
        return struct.pack(self._order + layout, *values)

    def text(self, text: str) -> bytes:
        raw = text.encode()
        return self.pack("Q", len(raw)) + raw

    def text_entry(self, key: str, value: str) -> bytes:
        return self.text(key) + self.pack("I", 8) + self.text(value)

    def number_entry(self, key: str, value: int) -> bytes:
        return self.text(key) + self.pack("II", 4, value)

    def numbers_entry(self, key: str, values: Sequence[int]) -> bytes:
        return self.text(key) + self.pack(f"IIQ{len(values)}i", 9, 5, len(values), *values)

    def entry(self, key: str, value: str | int | Sequence[int]) -> bytes:
        if isinstance(value, str):
            return self.text_entry(key, value)
        if isinstance(value, int):
            return self.number_entry(key, value)
        return self.numbers_entry(key, value)

    def tokenizer(self, tokens: int) -> list[bytes]:
        words = b"".join(self.text(f"token{i}") for i in range(tokens))
        types = self.pack("IIQ", 9, 5, tokens) + self.pack(f"{tokens}i", *([1] * tokens))
        return [
            self.text("tokenizer.ggml.tokens") + self.pack("IIQ", 9, 8, tokens) + words,
            self.text("tokenizer.ggml.token_type") + types,
        ]

    def infos(self, tensors: Sequence[Tensor], alignment: int) -> tuple[bytes, int]:
        """The tensor infos, and the bytes of all data with their padding."""
        infos = bytearray()
        end = 0
        for tensor in tensors:
            number = TENSOR_TYPES[tensor.type].ggml_id
            assert number is not None
            dimensions = tensor.shape[::-1]
            infos += self.text(tensor.name) + self.pack("I", len(dimensions))
            infos += self.pack(f"{len(dimensions)}Q", *dimensions) + self.pack("IQ", number, end)
            end += stored_bytes(tensor)
            end += -end % alignment
        return bytes(infos), end


def _write(path: Path, header: bytes, data_bytes: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(header)
        file.flush()
        _allow_holes(path)
        file.truncate(len(header) + data_bytes)
    return path


def _allow_holes(path: Path) -> None:
    """Windows stores the gigabytes of a hole unless a file is marked as sparse."""
    if sys.platform == "win32":
        command = ("fsutil", "sparse", "setflag", str(path))
        subprocess.run(command, check=True, capture_output=True)
