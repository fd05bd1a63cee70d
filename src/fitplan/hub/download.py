"""The `hf download` command for a file of the hub."""

import shlex
from collections.abc import Sequence

from fitplan.hub.address import MAIN

_MANY = 4


def command(repository: str, files: Sequence[str], revision: str = MAIN, folder: str = "") -> str:
    """What to type; every word is quoted for a shell."""
    what = ["--include", f"{folder}/*"] if folder else _files(files)
    at = [] if revision == MAIN else ["--revision", revision]
    return shlex.join(["hf", "download", repository, *what, *at])


def _files(files: Sequence[str]) -> list[str]:
    """The files one by one; for many shards a pattern."""
    if len(files) <= _MANY:
        return list(files)
    start, _, end = files[0].partition("-00")
    return ["--include", f"{start}-*{end[end.rfind('.') :]}"]
