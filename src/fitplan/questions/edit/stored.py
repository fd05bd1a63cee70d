"""A catalog file on disk: read it, and put an edited text in its place, all at once."""

import os
from dataclasses import dataclass
from pathlib import Path

from fitplan.catalog.document import Document
from fitplan.catalog.reading import open_document
from fitplan.errors import file_error
from fitplan.machine import atomic
from fitplan.questions.edit.placing import EMPTY


@dataclass(frozen=True, slots=True)
class Stored:
    """A catalog file as it was read; one that isn't there yet says nothing."""

    path: Path
    document: Document
    state: os.stat_result | None
    """None: the file does not exist."""

    @property
    def text(self) -> str:
        """What the file says."""
        return self.document.text


def read_stored(path: Path) -> Stored:
    """The file at `path`, links followed. Raises FitplanError when it is not text."""
    try:
        real = path.resolve()
        state = real.stat() if os.path.lexists(real) else None
    except (OSError, RuntimeError, ValueError) as error:
        raise file_error(f"{path}: {error}", "name a catalog file") from None
    document = Document(EMPTY, str(path)) if state is None else open_document(real)
    return Stored(real, document, state)


def save(stored: Stored, text: str, backup: bool) -> Path | None:
    """Put `text` in place of the file; returns the backup, when one was asked for.

    Raises ChangedError (file) when it was changed or made meanwhile, FitplanError (file) when it
    can't be written.
    """
    content = text.encode("utf-8")
    try:
        if stored.state is None:
            stored.path.parent.mkdir(parents=True, exist_ok=True)
            atomic.create_file(stored.path, content)
            return None
        old = stored.path.read_bytes() if backup else None
        return atomic.replace_file(stored.path, content, stored.state, old)
    except FileExistsError:
        raise atomic.changed(stored.path) from None
    except OSError as error:
        message = f"{stored.path}: {error.strerror or error}"
        raise file_error(message, "check the folder and its permissions") from None
