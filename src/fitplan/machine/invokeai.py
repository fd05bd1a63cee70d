"""InvokeAI: the models its database knows. Read-only, while InvokeAI runs."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from fitplan.errors import FitplanError, file_error
from fitplan.machine.places import Found, Place, Problem

_SETTINGS = "invokeai.yaml"
SECONDS_TO_WAIT = 3.0
"""How long to wait for a database that somebody holds."""


def root_folder(environment: Mapping[str, str], home: Path) -> Path:
    """InvokeAI's root: INVOKEAI_ROOT, else `invokeai` in the home folder."""
    named = environment.get("INVOKEAI_ROOT")
    return Path(named).expanduser() if named else home / "invokeai"


def find(root: Path) -> Found:
    """The models that the InvokeAI at `root` knows; those whose files are gone are problems.

    Raises FitplanError (file) when there is no database, or it can't be read.
    """
    settings = _settings(root / _SETTINGS)
    models = root / _text(settings, "models_dir", "models")
    database = root / _text(settings, "db_dir", "databases") / "invokeai.db"
    found = Found()
    for name, path in _rows(database):
        where = models / path
        if where.exists():
            found += Found((Place(where, "invokeai", name),))
        else:
            found += Found(problems=(Problem(where, f"InvokeAI's {name!r} has no file here"),))
    return found


def _settings(path: Path) -> dict[Any, Any]:
    try:
        data = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _text(settings: dict[Any, Any], key: str, default: str) -> str:
    value = settings.get(key)
    return value if isinstance(value, str) and value else default


def _rows(database: Path) -> Iterator[tuple[str, str]]:
    """Name and path of every model; `config` is all that every version of the table has."""
    if not database.is_file():
        hint = "name InvokeAI's root folder, the one with databases/invokeai.db"
        raise file_error(f"{database}: there is no InvokeAI database here", hint)
    try:
        with _opened(database) as connection:
            rows = connection.execute("SELECT config FROM models ORDER BY id").fetchall()
    except sqlite3.Error as error:
        hint = (
            "close InvokeAI, or try again"
            if "locked" in str(error)
            else "is it InvokeAI 4 or newer?"
        )
        raise file_error(f"{database}: {error}", hint) from None
    for (config,) in rows:
        yield _named(config, database)


def _named(config: Any, database: Path) -> tuple[str, str]:
    try:
        data = json.loads(config)
        return str(data["name"]), str(data["path"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _unknown_row(database) from None


def _unknown_row(database: Path) -> FitplanError:
    return file_error(f"{database}: a model has no name or path", "is it InvokeAI 4 or newer?")


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection that creates no file beside the database.

    SQLite would rebuild the index of a write-ahead log that a program left behind, which means
    writing; such a database is copied and read there.
    """
    log, index = (database.with_name(f"{database.name}-{end}") for end in ("wal", "shm"))
    if not log.exists() or index.exists():
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
