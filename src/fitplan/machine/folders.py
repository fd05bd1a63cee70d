"""Model files and model folders anywhere below a folder.

A folder with a config.json, or with the model_index.json of a pipeline, is one place: its reader
finds the models in it, and those that lie beside them.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fitplan.accounting.file_names import container_named, file_sets
from fitplan.accounting.weights import Container
from fitplan.machine.paths import is_folder, trouble
from fitplan.machine.places import Found, Place, PlaceProblem

_PIPELINE = "model_index.json"
_CONFIG = "config.json"
_SKIPPED = re.compile(r"\.git|__pycache__|\.Trash.*|\$RECYCLE\.BIN|\._.*", re.ASCII)
"""Folders in which nothing is a model any more."""
_DOCUMENT = re.compile(r".+\.[A-Za-z0-9_]{1,12}", re.ASCII)
"""The name of a file that isn't one of weights, rather than of a folder."""

EMPTY = "no model files (.gguf, .safetensors, .sft) here"


def find(root: Path, origin: str = "folder", role: str = "", *, configs: bool = True) -> Found:
    """All models at or below `root`; links are followed, but no folder is entered twice.

    Without `configs` every weight file is a model of its own, as ComfyUI sees its folders.
    """
    if not is_folder(root):
        return _single(root, origin, role)
    items = list(_walk(root, configs))
    places = tuple(Place(item, origin, role=role) for item in items if isinstance(item, Path))
    return Found(places, tuple(item for item in items if isinstance(item, PlaceProblem)))


def _single(path: Path, origin: str, role: str) -> Found:
    reason = trouble(path)
    if reason is None:
        return Found((Place(path, origin, role=role),))
    return Found(problems=(PlaceProblem(path, reason),))


@dataclass(frozen=True, slots=True)
class _Folder:
    """One folder to look into."""

    path: Path
    configs: bool
    """Whether a config.json counts."""
    part: bool = False
    """Whether it is a part of the pipeline in the folder above."""


def _walk(root: Path, configs: bool) -> Iterator[Path | PlaceProblem]:
    waiting = [_Folder(root, configs)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        current = waiting.pop()
        try:
            state = current.path.stat()
            with os.scandir(current.path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield PlaceProblem(current.path, f"can't be opened: {error.strerror or error}")
            continue
        if (state.st_dev, state.st_ino) in seen:
            continue
        seen.add((state.st_dev, state.st_ino))
        files, folders, problems = _sorted_out(entries)
        yield from _models(current, files)
        yield from problems
        parts = current.configs and _PIPELINE in files
        waiting += (replace(current, path=p, part=parts) for p in reversed(folders))


def _models(folder: _Folder, files: Sequence[str]) -> Iterator[Path]:
    """The models that lie in the folder itself: the folder as a whole, then single files."""
    weights = [name for name in files if container_named(name)]
    tensors = [name for name in weights if container_named(name) is Container.SAFETENSORS]
    if folder.configs and (
        _PIPELINE in files or (_CONFIG in files and tensors and not folder.part)
    ):
        yield folder.path
    else:
        own = set(weights) - set(tensors) if folder.part else weights
        yield from (folder.path / found.files[0] for found in file_sets(own))


def _sorted_out(
    entries: Sequence[os.DirEntry[str]],
) -> tuple[list[str], list[Path], list[PlaceProblem]]:
    """Names of files, folders to look into, and what is neither."""
    files: list[str] = []
    folders: list[Path] = []
    problems: list[PlaceProblem] = []
    for entry in entries:
        if _is_folder(entry):
            if not _SKIPPED.fullmatch(entry.name):
                folders.append(Path(entry))
        elif _is_file(entry):
            files.append(entry.name)
        else:
            problems += _strange(entry)
    return files, folders, problems


def _strange(entry: os.DirEntry[str]) -> Iterator[PlaceProblem]:
    """What is wrong with a special file whose name looks like a model's."""
    if not container_named(entry.name) and _DOCUMENT.fullmatch(entry.name):
        return
    reason = trouble(Path(entry))
    if reason is not None and not entry.name.startswith("._"):
        yield PlaceProblem(Path(entry), reason)
    elif reason is None and container_named(entry.name):
        kind = "a named pipe" if stat.S_ISFIFO(entry.stat().st_mode) else "not a regular file"
        yield PlaceProblem(Path(entry), kind)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
