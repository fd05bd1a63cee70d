"""Which files of a Hugging Face folder its loader takes: the index of shards, variants, whole sets.

A download with `variant="fp16"` brings the indexes of both variants but the shards of one; half of
a set is never a model.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fitplan.accounting.file_names import USUAL_STEMS, FileSet, folder_sets
from fitplan.readers.files import read_headers
from fitplan.readers.json_file import read_json
from fitplan.readers.source import path_error, shown

_MAX_INDEX = 64 << 20
"""Bytes an index of shards may have."""
_INDEX = re.compile(
    rf"({'|'.join(USUAL_STEMS)})\.safetensors\.index(?:\.(?P<variant>[^.]+))?\.json"
)


def chosen_files(path: Path, names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Of the weight files `names` in the folder `path` those of its model; empty when none is.

    `others`: what else lies there. FitplanError when the model is there in part, or an index is
    broken.
    """
    usual, _ = folder_sets(names)
    if usual and usual[0].files == (f"{usual[0].stem}.safetensors",):
        return usual[0].files
    indexes = {name: _weight_map(path / name) for name in _indexes(others)}
    for weight_map in indexes.values():
        if set(weight_map.values()) <= set(names):
            return tuple(sorted(set(weight_map.values())))
    if not usual and not indexes:
        return ()
    if usual and not usual[0].missing and _holds(path, usual[0], indexes):
        return usual[0].files
    raise _partial(path, names, usual, indexes)


def _indexes(names: Sequence[str]) -> list[str]:
    """Names of the indexes, the one without a variant first."""
    found = [match for name in names if (match := _INDEX.fullmatch(name))]
    return [
        match[0] for match in sorted(found, key=lambda match: (match["variant"] or "", match[0]))
    ]


def _weight_map(index: Path) -> Mapping[str, str]:
    """Tensor → file; FitplanError when the index has none."""
    content: Any = read_json(index, _MAX_INDEX).get("weight_map")
    items = content.items() if isinstance(content, dict) else ()
    if not items or not all(isinstance(file, str) for _, file in items):
        raise path_error(index, "has no weight_map from tensors to files", "download it again")
    return dict(items)


def _holds(path: Path, files: FileSet, indexes: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a whole set has all tensors of its variant's index, whatever files that names."""
    weight_map = next((m for name, m in indexes.items() if _is_for(name, files.variant)), None)
    if weight_map is None:
        return True
    headers = read_headers([path / name for name in files.files])
    return set(weight_map) <= {tensor.name for header in headers for tensor in header.tensors}


def _is_for(index: str, variant: str) -> bool:
    found = _INDEX.fullmatch(index)
    return found is not None and (found["variant"] or "") == variant


def _partial(
    path: Path,
    names: Sequence[str],
    usual: Sequence[FileSet],
    indexes: Mapping[str, Mapping[str, str]],
) -> Exception:
    """What is missing, by the index or else by the numbers in the names."""
    for name, weight_map in indexes.items():
        named = sorted(set(weight_map.values()))
        lost = [file for file in named if file not in names]
        if lost:
            return _missing(path / name, lost, len(named))
    best = usual[0]
    return _missing(path / best.files[0], best.missing, len(best.files) + len(best.missing))


def _missing(where: Path, lost: Sequence[str], total: int) -> Exception:
    what = f"{len(lost)} of {total} shards are missing: {shown(lost[0])}"
    return path_error(where, what, "download the missing shards into the same folder")
