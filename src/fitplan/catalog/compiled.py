"""A catalog that was once found right, kept as JSON under the hash of its text.

YAML is a quarter of what a plan costs. The hash is the name of the kept file, so it can never be
stale; where no folder can be written, the YAML is read each time.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from fitplan.catalog.schema import CatalogFile

KEPT = 8
"""Files kept, the newest; one per text that was read."""


def remembered(text: str, read: Callable[[], CatalogFile]) -> CatalogFile:
    """What `read` makes of `text`, from the last time it did; its errors pass through."""
    path = _path(text)
    known = _recalled(path) if path else None
    if known is not None:
        return known
    file = read()
    if path:
        _keep(path, file)
    return file


def _path(text: str) -> Path | None:
    """Where this text is kept; None when there is no home for it."""
    import platformdirs

    try:
        folder = platformdirs.user_cache_path("fitplan", appauthor=False) / "catalogs"
    except (OSError, RuntimeError, KeyError):
        return None
    return folder / f"{sha256(text.encode()).hexdigest()}.json"


def _recalled(path: Path) -> CatalogFile | None:
    try:
        return CatalogFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _keep(path: Path, file: CatalogFile) -> None:
    """Write beside and rename: another process sees all of it or nothing."""
    written = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(file.model_dump_json(exclude_unset=True), encoding="utf-8")
        written.replace(path)
        _forget_old(path.parent)


def _forget_old(folder: Path) -> None:
    kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[KEPT:]:
        path.unlink(missing_ok=True)
