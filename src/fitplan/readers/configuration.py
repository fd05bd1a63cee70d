"""Reads the JSON files that stand beside weights."""

import json
from pathlib import Path
from typing import Any

from fitplan.readers.source import open_source

MAX_CONFIG = 1 << 20
"""Bytes a config.json may have."""


def json_object(path: Path, longest: int = MAX_CONFIG) -> dict[str, Any]:
    """A JSON object; FitplanError when it's over `longest` bytes, broken or something else."""
    with open_source(path) as source:
        if source.size > longest:
            raise source.error(f"is over {longest >> 20} MiB long; such files are far smaller")
        text = source.take(source.size)
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise source.error("is no valid JSON") from None
        if not isinstance(content, dict):
            raise source.error("is no JSON object")
        return content
