"""Model files and model folders anywhere below a folder."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from fitplan.machine.places import Found, Place, Problem

SUFFIXES = frozenset({".safetensors", ".sft", ".gguf"})
_SHARD_NUMBER = re.compile(r"-\d{5,6}-of-")
_PIPELINE = "model_index.json"
_CONFIG = "config.json"
_SKIPPED = frozenset({".git", "__pycache__"})


def find(root: Path, origin: str = "folder") -> Found:
    """All models at or below `root`; links are followed, but no folder is entered twice."""
    if not root.is_dir():
        return _single(root, origin)
    places: list[Place] = []
    problems: list[Problem] = []
    for item in _walk(root, set()):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            places.append(Place(item, origin))
    return Found(tuple(places), tuple(problems))


def _single(path: Path, origin: str) -> Found:
    if path.exists():
        return Found((Place(path, origin),))
    return Found(problems=(Problem(path, "there is no such file or folder"),))


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Problem]:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            state = current.stat()
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Problem(current, f"can't be opened: {error.strerror or error}")
            continue
        if (state.st_dev, state.st_ino) in seen:
            continue
        seen.add((state.st_dev, state.st_ino))
        found, below = _split(current, entries)
        yield from found
        waiting += reversed(below)


def _split(folder: Path, entries: list[os.DirEntry[str]]) -> tuple[list[Path], list[Path]]:
    """The models that lie in `folder` itself, and the folders to look into."""
    names = {entry.name for entry in entries}
    files = [Path(entry) for entry in entries if _is_file(entry) and _is_weights(entry.name)]
    below = [Path(entry) for entry in entries if _is_folder(entry) and entry.name not in _SKIPPED]
    if _PIPELINE in names:
        return [folder], []
    if _CONFIG in names and any(file.suffix.casefold() != ".gguf" for file in files):
        packed = [file for file in files if file.suffix.casefold() == ".gguf"]
        return [folder, *_one_of_each_set(packed)], below
    return _one_of_each_set(files), below


def _one_of_each_set(files: list[Path]) -> list[Path]:
    """Of the shards of one model, the first that is there stands for all."""
    first = {_SHARD_NUMBER.sub("-of-", file.name): file for file in reversed(files)}
    return sorted(first.values())


def _is_weights(name: str) -> bool:
    return os.path.splitext(name)[1].casefold() in SUFFIXES  # noqa: PTH122


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
