"""InvokeAI: the models its database knows. Read-only, while InvokeAI runs."""

import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fitplan.errors import FitplanError, file_error
from fitplan.machine.invokeai_settings import read_settings
from fitplan.machine.paths import expanded, is_file, is_windows_path, trouble
from fitplan.machine.places import Found, Place, PlaceProblem

SECONDS_TO_WAIT = 3.0
"""How long to wait for a database that another program holds."""
SECONDS_TO_READ = 10.0
"""How long reading all models may take; a real database takes milliseconds."""
MAX_MODELS = 100_000
_EXTERNAL = "external://"


def root_folder(environment: Mapping[str, str], home: Path | None) -> Path | None:
    """InvokeAI's root: INVOKEAI_ROOT, else `invokeai` in the home folder; None without a home.

    Raises FitplanError (file) for `~user` without a home.
    """
    if named := environment.get("INVOKEAI_ROOT"):
        return expanded(named, "INVOKEAI_ROOT")
    return home / "invokeai" if home else None


def find(root: Path, environment: Mapping[str, str] | None = None) -> Found:
    """The models that the InvokeAI at `root` knows; those whose files are gone are problems.

    Variables INVOKEAI_… in `environment` count before the settings file, as for InvokeAI. Raises
    FitplanError (file) when there is no database, or it can't be read.
    """
    settings = read_settings(root, environment or {})
    database = settings.folder("db_dir", "databases") / "invokeai.db"
    found = Found(problems=settings.problems)
    for number, row in _rows(database):
        model = _parsed(row)
        if isinstance(model, str):
            found += Found(problems=(PlaceProblem(database, f"model {number}: {model}"),))
        else:
            found += _model(model, settings.folder("models_dir", "models"))
    return found


@dataclass(frozen=True, slots=True)
class _ModelRow:
    """What the database says about one model."""

    name: str
    path: str
    type: str
    is_external: bool


def _parsed(row: Any) -> _ModelRow | str:
    """What one row's JSON says, or why nothing can be done with it."""
    try:
        data = json.loads(row)
        name, path, type = data["name"], data["path"], data.get("type", "")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return "no name or path; InvokeAI skips it, too"
    if not isinstance(name, str) or not isinstance(path, str):
        return "its name or path is not text; InvokeAI skips it, too"
    external = path.startswith(_EXTERNAL) or data.get("base") == "external"
    if not external and not path.strip("./\\ "):
        return f"{name!r} has no path ({path!r})"
    return _ModelRow(name, path, type if isinstance(type, str) else "", external)


def _model(model: _ModelRow, models: Path) -> Found:
    """The place of one model; a problem when the file does not exist."""
    if model.is_external:
        return Found(external=1)
    where = models / model.path
    reason = trouble(where)
    if reason is None:
        return Found((Place(where, "invokeai", model.name, model.type),))
    written = Path(model.path) if is_windows_path(model.path) else where
    return Found(problems=(PlaceProblem(written, _gone(model, models, reason)),))


def _gone(model: _ModelRow, models: Path, reason: str) -> str:
    """Why a model has no file, and where its file may be instead."""
    what = f"InvokeAI's {model.name!r} has no file here: {reason}"
    if is_windows_path(model.path) or (os.name != "nt" and "\\" in model.path):
        what = f"InvokeAI's {model.name!r} has a Windows path ({model.path})"
    elsewhere = _elsewhere(model.path, models)
    return f"{what}; a file of that name is {elsewhere}" if elsewhere else what


def _elsewhere(path: str, models: Path) -> Path | None:
    """The file in the models folder that a path of a moved or foreign root may mean.

    InvokeAI doesn't look there, so nothing is planned with it.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    after = [i + 1 for i, part in enumerate(parts) if part == models.name]
    start = after[-1] if after else 0
    if ".." in parts[start:] or not parts[start:]:
        return None
    moved = models.joinpath(*parts[start:])
    return moved if trouble(moved) is None else None


def _rows(database: Path) -> Iterator[tuple[int, Any]]:
    """Number and JSON of every model; `config` is all that every version of the table has."""
    if not is_file(database):
        hint = "name InvokeAI's root folder, the one with databases/invokeai.db"
        raise file_error(f"{database}: no InvokeAI database here", hint)
    try:
        with _opened(database) as connection:
            _limit(connection)
            query = f"SELECT config FROM models ORDER BY id LIMIT {MAX_MODELS + 1}"  # noqa: S608
            rows = connection.execute(query).fetchall()
    except (sqlite3.Error, OSError, ValueError) as error:
        raise _unreadable(database, error) from None
    if len(rows) > MAX_MODELS:
        raise file_error(f"{database}: over {MAX_MODELS} models, fitplan's limit")
    return ((number, config) for number, (config,) in enumerate(rows, 1))


def _limit(connection: sqlite3.Connection) -> None:
    """Let text be any bytes, and no query take longer than a database of models can."""
    connection.text_factory = bytes
    end = time.monotonic() + SECONDS_TO_READ
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)


def _unreadable(database: Path, error: Exception) -> FitplanError:
    if "interrupted" in str(error):
        message = f"{database}: takes over {SECONDS_TO_READ:.0f} s to read, fitplan's limit"
        return file_error(message, "is it InvokeAI's database?")
    locked = "locked" in str(error)
    hint = "close InvokeAI, or try again" if locked else "is it InvokeAI 4 or newer?"
    return file_error(f"{database}: {error}", hint)


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection that creates no file beside the database.

    SQLite would rebuild the index of a write-ahead log that a program left behind, which means
    writing; such a database is copied and read there.
    """
    log, index = (database.with_name(f"{database.name}-{end}") for end in ("wal", "shm"))
    if not is_file(log) or os.path.lexists(index):
        with closing(_connect(database, "mode=ro&readonly_shm=1")) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="fitplan-") as folder:
        copy = Path(folder) / database.name
        shutil.copyfile(database, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with closing(_connect(copy, "mode=rw")) as connection:
            yield connection


def _connect(database: Path, parameters: str) -> sqlite3.Connection:
    address = f"file:{quote(str(database.absolute()))}?{parameters}"
    return sqlite3.connect(address, uri=True, timeout=SECONDS_TO_WAIT)
