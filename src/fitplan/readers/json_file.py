"""Small JSON files beside weights: config.json, model_index.json, indexes of shards."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fitplan.readers.source import CHUNK, ByteSource, open_source

MAX_CONFIG = 1 << 20
"""Bytes a config.json may have."""


def read_json(path: Path, longest: int = MAX_CONFIG) -> dict[str, Any]:
    """A JSON object; FitplanError when it's over `longest` bytes, broken or something else."""
    with open_source(path) as source:
        if source.size > longest:
            raise source.error(f"is over {longest >> 20} MiB long; such files are far smaller")
        text = b"".join(_pieces(source))
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise source.error("is not valid JSON") from None
        if not isinstance(content, dict):
            raise source.error("is not a JSON object")
        return content


def _pieces(source: ByteSource) -> Iterator[bytes]:
    """All bytes of a file, a chunk at a time."""
    while left := source.size - source.position:
        yield source.take(min(CHUNK, left))
