"""Reads Hugging Face and diffusers folders: config.json, model_index.json, shards, subfolders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fitplan.accounting.weights import Container, Kind
from fitplan.readers.configuration import MAX_CONFIG as MAX_CONFIG
from fitplan.readers.configuration import json_object
from fitplan.readers.declared import QUANTIZATION_CONFIG, Asked, declared_by
from fitplan.readers.files import read_file, read_headers, shards
from fitplan.readers.header import Header
from fitplan.readers.model import ModelFile, Place, assemble
from fitplan.readers.source import os_error, path_error, shown

_MAX_INDEX = 64 << 20
"""Bytes an index of shards may have."""
_MAX_ENTRIES = 10_000
_MAX_FOLDERS = 250
_LOAD_TYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
_USUAL_STEMS = ("model", "diffusion_pytorch_model", "pytorch_model")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_PIPELINES = (
    ("ZImage", "z-image"),
    ("Flux2", "flux2"),
    ("Flux", "flux1"),
    ("StableDiffusionXL", "sdxl"),
    ("StableDiffusion3", "sd3"),
    ("StableDiffusion", "sd15"),
    ("QwenImage", "qwen-image"),
    ("Wan", "wan"),
    ("CogView4", "cogview4"),
    ("ErnieImage", "ernie"),
    ("Krea2", "krea2"),
    ("Chroma", "chroma"),
    ("Lumina2", "lumina2"),
)
"""How a diffusers pipeline's class name begins → family, for a pipeline without its denoiser."""


def read_folder(path: Path) -> tuple[ModelFile, ...]:
    """Every model in `path`: a pipeline's components, one model, or files side by side.

    FitplanError when there is none, or when one can't be read.
    """
    entries = _entries(path)
    if any(entry.name == "model_index.json" for entry in entries):
        return _pipeline(path, entries)
    files = [entry for entry in entries if _is_weights(entry)]
    if files:
        return _models(path, files)
    nested = tuple(_component(folder) for folder in _with_weights(entries))
    if not nested:
        raise _nothing(path, entries)
    return tuple(replace(model, path=path) for model in nested) if len(nested) == 1 else nested


def _entries(path: Path) -> list[Path]:
    """What `path` holds, by name, without hidden files."""
    entries = []
    try:
        for entry in path.iterdir():
            entries.append(entry)
            if len(entries) > _MAX_ENTRIES:
                raise path_error(path, f"holds over {_MAX_ENTRIES} files", "give a model's folder")
    except OSError as error:
        raise os_error(path, error) from None
    return sorted(entry for entry in entries if not entry.name.startswith("."))


def _is_weights(entry: Path) -> bool:
    return _is_safetensors(entry) or (entry.suffix.casefold() == ".gguf" and not entry.is_dir())


def _is_safetensors(entry: Path) -> bool:
    return entry.suffix.casefold() == ".safetensors" and not entry.is_dir()


def _with_weights(entries: Sequence[Path]) -> list[Path]:
    """The subfolders with safetensors files; FitplanError when there are too many to look into."""
    folders = [entry for entry in entries if entry.is_dir()]
    if len(folders) > _MAX_FOLDERS:
        path = folders[0].parent
        raise path_error(path, f"holds over {_MAX_FOLDERS} folders", "give a model's folder")
    return [folder for folder in folders if any(map(_is_safetensors, _entries(folder)))]


def _nothing(path: Path, entries: Sequence[Path]) -> Exception:
    if any(entry.suffix.casefold() in _PICKLES for entry in entries):
        return path_error(path, "holds pickled weights only", "convert them to safetensors")
    cure = "give a folder with .safetensors or .gguf files, or with model_index.json"
    return path_error(path, "holds no weight files", cure)


def _models(path: Path, files: Sequence[Path]) -> tuple[ModelFile, ...]:
    """With config.json one model, else every file is a model of its own."""
    safetensors = [file for file in files if _is_safetensors(file)]
    if safetensors and (path / "config.json").is_file():
        return (_hugging_face(path, safetensors),)
    first_of_each = {shards(file)[0]: None for file in files}
    return tuple(read_file(file) for file in first_of_each)


def _component(path: Path) -> ModelFile:
    return _hugging_face(path, [entry for entry in _entries(path) if _is_safetensors(entry)])


def _pipeline(path: Path, entries: Sequence[Path]) -> tuple[ModelFile, ...]:
    """A diffusers pipeline: one model per subfolder with weights, each part of the pipeline."""
    class_name = str(json_object(path / "model_index.json").get("_class_name", ""))
    models = [_component(folder) for folder in _with_weights(entries)]
    if not models:
        raise path_error(path, "its subfolders hold no weight files", "download the whole pipeline")
    return parts_of_pipeline(class_name, models)


def parts_of_pipeline(class_name: str, models: Sequence[ModelFile]) -> tuple[ModelFile, ...]:
    """Models as parts of the diffusers pipeline whose model_index.json names `class_name`."""
    family = _pipeline_family(class_name, models)
    return tuple(replace(m, weights=replace(m.weights, part_of=family)) for m in models)


def _pipeline_family(class_name: str, models: Sequence[ModelFile]) -> str:
    """The denoiser's family; without one, what the class name says."""
    denoisers = [m.weights.family for m in models if m.kind is Kind.DENOISER]
    named = [family for start, family in _PIPELINES if class_name.startswith(start)]
    return next(iter((*denoisers, *named)), shown(class_name) or "unknown")


def _hugging_face(path: Path, files: Sequence[Path]) -> ModelFile:
    """One model from the weight files of a folder."""
    chosen = _indexed(path, files) or chosen_files(files, shards)
    config, own = (_json_if_any(path / name) for name in ("config.json", QUANTIZATION_CONFIG))
    asked = Asked(load_type_of(config), declared_by(config, own))
    return folder_model(path, files, read_headers(chosen), asked)


def _indexed(path: Path, files: Sequence[Path]) -> list[Path]:
    """The shards that an index names; empty without an index, or when one file holds all."""
    by_name = {file.name: file for file in files}
    for stem in _USUAL_STEMS:
        index = path / f"{stem}.safetensors.index.json"
        if f"{stem}.safetensors" in by_name:
            return []
        if index.is_file():
            return _of_index(index, by_name)
    return []


def _of_index(index: Path, by_name: Mapping[str, Path]) -> list[Path]:
    """The files of its weight_map; FitplanError when it has none, or one of them is not there."""
    weight_map = json_object(index, _MAX_INDEX).get("weight_map")
    values = list(weight_map.values()) if isinstance(weight_map, dict) else []
    names = sorted({name for name in values if isinstance(name, str)})
    if not names or len(values) != sum(isinstance(name, str) for name in values):
        raise path_error(index, "has no weight_map from tensors to files", "download it again")
    missing = [name for name in names if name not in by_name]
    if missing:
        cure = "download the missing shards into the same folder"
        what = f"{len(missing)} of {len(names)} shards are missing: {shown(missing[0])}"
        raise path_error(index, what, cure)
    return [by_name[name] for name in names]


def folder_model(
    path: Path, files: Sequence[Path], headers: Sequence[Header], asked: Asked
) -> ModelFile:
    """The model of a Hugging Face folder from the headers of those of its files that were read."""
    read = {header.path for header in headers}
    left_out = [file.name for file in files if file not in read]
    warnings = (f"left out: {', '.join(map(shown, left_out))}",) if left_out else ()
    place = Place(path, Container.FOLDER, asked.load_type, warnings, asked.declared)
    return assemble(place, headers)


def chosen_files(
    files: Sequence[Path], shards_of: Callable[[Path], Sequence[Path]]
) -> Sequence[Path]:
    """The files a loader takes: the usual name, before variants such as fp16."""
    by_first = {shards_of(file)[0]: shards_of(file) for file in files}
    return by_first[min(by_first, key=_unusualness)]


def _unusualness(file: Path) -> tuple[int, int, str]:
    stem = file.name.split("-00")[0].removesuffix(file.suffix)
    rank = _USUAL_STEMS.index(stem) if stem in _USUAL_STEMS else len(_USUAL_STEMS)
    return rank, len(file.name), file.name


def load_type_of(content: Mapping[str, Any]) -> str:
    """The tensor type that the content of a config.json asks for; "" when it doesn't say."""
    asked = content.get("torch_dtype") or content.get("dtype")
    return _LOAD_TYPES.get(str(asked).removeprefix("torch."), "")


def _json_if_any(path: Path) -> dict[str, Any]:
    """As `_json`; {} where there is no such file."""
    return json_object(path) if path.is_file() else {}
