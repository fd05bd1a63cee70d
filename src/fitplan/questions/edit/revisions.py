"""A catalog as a file has it, or as a commit of a git repository has it."""

import os
import subprocess
from pathlib import Path

from fitplan.catalog.document import Document
from fitplan.catalog.reading import MAX_BYTES, open_document
from fitplan.errors import file_error

_PREFIX = "git:"
_USUAL = "models.yaml"


def document_called(name: str) -> Document:
    """The file `name`, or what git has under `REVISION:PATH` or `git:REVISION[:PATH]`.

    Without a path it is models.yaml in the current folder. Raises FitplanError (file).
    """
    path = Path(name)
    if not name.startswith(_PREFIX) and (":" not in name or os.path.lexists(path)):
        return open_document(path)
    revision, _, inside = name.removeprefix(_PREFIX).partition(":")
    return Document(_shown(f"{revision}:{inside or f'./{_USUAL}'}", name), name)


def _shown(object: str, name: str) -> str:
    command = ["git", "show", "--end-of-options", object]
    try:
        ran = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise file_error(f"{name}: git can't be run", "name two files") from None
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[0].removeprefix("fatal: ") if said else "git failed"
        hint = "write a file, or REVISION:PATH inside of a git checkout"
        raise file_error(f"{name}: {reason}", hint)
    if len(ran.stdout) > MAX_BYTES:
        raise file_error(f"{name}: larger than {MAX_BYTES // 2**20} MiB", "this is not a catalog")
    try:
        return ran.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise file_error(f"{name}: no UTF-8 text", "name a catalog") from None
