"""What a file's name says: its container, its set of shards, the config.json it goes with."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from fitplan.accounting.weights import Container

EXTENSIONS: Mapping[str, Container] = {
    ".gguf": Container.GGUF,
    ".safetensors": Container.SAFETENSORS,
    ".sft": Container.SAFETENSORS,
}
"""Extensions of weight files in lower case, the one such table; any case is accepted."""
USUAL_STEMS = ("model", "diffusion_pytorch_model", "pytorch_model")
"""What Hugging Face libraries call the weights beside a config.json, the usual first."""

_SHARD_NUMBER = re.compile(r"-\d{5,6}-of-")
_SHARD = r"(?:-\d{5,6}-of-\d{5,6})?"
_VARIANT = r"(?:\.\w+)?"
_USUAL = re.compile(rf"(?:{'|'.join(USUAL_STEMS)}){_VARIANT}{_SHARD}{_VARIANT}", re.ASCII)


def container_named(name: str) -> Container | None:
    """The container that a file's name says it has; None when it isn't that of a weight file.

    `._NAME` is what macOS keeps beside a file on foreign file systems, and never the file.
    """
    if name.startswith("._"):
        return None
    return EXTENSIONS.get(PurePath(name).suffix.casefold())


def first_of_each_set(names: Iterable[str]) -> list[str]:
    """Of the shards of one set, the first that is there stands for all; sorted."""
    first = {_SHARD_NUMBER.sub("-of-", name): name for name in sorted(names, reverse=True)}
    return sorted(first.values())


def of_config(names: Iterable[str], indexed: Iterable[str] = ()) -> set[str]:
    """Those safetensors files beside a config.json that belong to the model it describes.

    They have a usual name or are named by an index of shards (`indexed`). When none does, one set
    alone is the config's; of several, none is.
    """
    weights = {name for name in names if container_named(name) is Container.SAFETENSORS}
    known = set(indexed)
    belonging = {name for name in weights if name in known or is_usual(name)}
    if not belonging and len(first_of_each_set(weights)) == 1:
        return weights
    return belonging


def is_usual(name: str) -> bool:
    """Whether a loader finds the file by its name: `model.fp16-00001-of-00002.safetensors`."""
    return _USUAL.fullmatch(PurePath(name).stem) is not None
