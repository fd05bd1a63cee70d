"""Reads Hugging Face and diffusers folders: config.json, model_index.json, shards, subfolders."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fitplan.accounting.file_names import container_named, file_sets, is_usual
from fitplan.accounting.weights import Container, Kind
from fitplan.architectures import family_of_pipeline
from fitplan.errors import FitplanError
from fitplan.readers.choosing import chosen_files
from fitplan.readers.declared import QUANTIZATION_CONFIG, Asked, declared_by
from fitplan.readers.files import read_file, read_headers
from fitplan.readers.header import Header
from fitplan.readers.json_file import read_json
from fitplan.readers.model import ModelFile, ModelPlace, assemble
from fitplan.readers.source import os_error, path_error, shown

_MAX_ENTRIES = 10_000
_MAX_FOLDERS = 250
_LOAD_TYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")


Part = ModelFile | FitplanError
"""A model, or why that part of a folder can't be read."""


def read_folder(path: Path) -> tuple[Part, ...]:
    """Every model in `path`: a pipeline's components, one model, files side by side.

    What can't be read is reported in its place. FitplanError when there is nothing to read.
    """
    entries = _entries(path)
    files = [entry for entry in entries if _is_weights(entry)]
    if any(entry.name == "model_index.json" for entry in entries):
        return (*_pipeline(path, entries), *_side_by_side(files))
    if files:
        return _models(path, entries, files)
    nested = [part for folder in _with_weights(entries) for part in _component(folder)]
    if not nested:
        raise _nothing(path, entries)
    alone = nested[0] if len(nested) == 1 else None
    return (replace(alone, path=path),) if isinstance(alone, ModelFile) else tuple(nested)


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
    return container_named(entry.name) is not None and not entry.is_dir()


def _is_safetensors(entry: Path) -> bool:
    return container_named(entry.name) is Container.SAFETENSORS and not entry.is_dir()


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


def _models(path: Path, entries: Sequence[Path], files: Sequence[Path]) -> tuple[Part, ...]:
    """With config.json the model that it is for, and every other file as a model of its own."""
    safetensors = [file for file in files if _is_safetensors(file)]
    if not safetensors or not any(entry.name == "config.json" for entry in entries):
        return _side_by_side(files)
    try:
        chosen = chosen_files(path, [f.name for f in safetensors], [e.name for e in entries])
        whole = (_hugging_face(path, safetensors, chosen),) if chosen else ()
    except FitplanError as error:
        return (error, *_side_by_side([f for f in files if not is_usual(f.name)]))
    own = [f for f in files if f.name not in chosen and not (chosen and is_usual(f.name))]
    return (*whole, *_side_by_side(own))


def _side_by_side(files: Sequence[Path]) -> tuple[Part, ...]:
    """Every file, or set of shards, as a model of its own."""
    first = [found.files[0] for found in file_sets(file.name for file in files)]
    return tuple(_attempted(file) for file in files if file.name in first)


def _attempted(file: Path) -> Part:
    try:
        return read_file(file)
    except FitplanError as error:
        return error


def _component(path: Path) -> tuple[Part, ...]:
    entries = _entries(path)
    return _models(path, entries, [entry for entry in entries if _is_safetensors(entry)])


def _pipeline(path: Path, entries: Sequence[Path]) -> tuple[Part, ...]:
    """A diffusers pipeline: the models of its subfolders, each of which knows the pipeline."""
    class_name = str(read_json(path / "model_index.json").get("_class_name", ""))
    parts = [part for folder in _with_weights(entries) for part in _component(folder)]
    if not parts and not any(_is_weights(entry) for entry in entries):
        raise path_error(path, "its subfolders hold no weight files", "download the whole pipeline")
    models = parts_of_pipeline(class_name, [part for part in parts if isinstance(part, ModelFile)])
    return (*models, *(part for part in parts if isinstance(part, FitplanError)))


def parts_of_pipeline(class_name: str, models: Sequence[ModelFile]) -> tuple[ModelFile, ...]:
    """Models as parts of the diffusers pipeline whose model_index.json names `class_name`."""
    family = _pipeline_family(class_name, models)
    return tuple(replace(m, weights=replace(m.weights, part_of=family)) for m in models)


def _pipeline_family(class_name: str, models: Sequence[ModelFile]) -> str:
    """The denoiser's family; without one, what the class name says."""
    denoisers = [m.weights.family for m in models if m.kind is Kind.DENOISER]
    named = family_of_pipeline(class_name)
    return next(filter(None, (*denoisers, named, shown(class_name))), "unknown")


def _hugging_face(path: Path, files: Sequence[Path], chosen: Sequence[str]) -> ModelFile:
    """One model from the `chosen` weight files of a folder."""
    config, own = (_json_if_any(path / name) for name in ("config.json", QUANTIZATION_CONFIG))
    asked = Asked(load_type_of(config), declared_by(config, own))
    beside = [file for file in files if is_usual(file.name) or file.name in chosen]
    return folder_model(path, beside, read_headers([path / name for name in chosen]), asked)


def folder_model(
    path: Path, files: Sequence[Path], headers: Sequence[Header], asked: Asked
) -> ModelFile:
    """The model of a Hugging Face folder from the headers of those of its files that were read."""
    read = {header.path for header in headers}
    left_out = [file.name for file in files if file not in read]
    warnings = (f"left out: {', '.join(map(shown, left_out))}",) if left_out else ()
    place = ModelPlace(path, Container.FOLDER, asked.load_type, warnings, asked.declared)
    return assemble(place, headers)


def load_type_of(content: Mapping[str, Any]) -> str:
    """The tensor type that the content of a config.json asks for; "" when it doesn't say."""
    asked = content.get("torch_dtype") or content.get("dtype")
    return _LOAD_TYPES.get(str(asked).removeprefix("torch."), "")


def _json_if_any(path: Path) -> dict[str, Any]:
    """As `read_json`; {} where the file does not exist."""
    return read_json(path) if path.is_file() else {}
