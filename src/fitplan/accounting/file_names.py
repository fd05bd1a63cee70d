"""What a file's name says: its container and its set of shards."""

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

_SHARD_NUMBER = re.compile(r"-\d{5,6}-of-")


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
