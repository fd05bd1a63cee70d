"""What the commands that edit a catalog file share: its options, reading and writing it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.cli.options import Common
from fitplan.errors import usage_error

if TYPE_CHECKING:
    from fitplan.catalog import Catalog
    from fitplan.catalog.document import Document
    from fitplan.questions.edit.stored import Stored

ToOption = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FILE",
        help="Put it into this catalog file, changing none of its own lines; made when it isn't "
        "there. Without it, print an overlay.",
    ),
]
BackupOption = Annotated[
    bool, typer.Option("--backup", help="Keep the old file beside it, as FILE.bak.")
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where an edit goes: into a file, or to the terminal as an overlay on the shipped catalog."""

    stored: "Stored | None"
    document: "Document"
    base: "Catalog"

    def save(self, text: str, backup: bool) -> Path | None:
        """Write the file, if it is one and says something new; returns the backup."""
        from fitplan.questions.edit.stored import save

        if self.stored is None or text == self.stored.text:
            return None
        return save(self.stored, text, backup)


def target(to: Path | None, backup: bool, shared: Common) -> Target:
    """The file to edit, over the shipped catalog and what `--catalog` names."""
    from fitplan.catalog.document import Document
    from fitplan.cli import overlays
    from fitplan.questions.edit.placing import EMPTY
    from fitplan.questions.edit.stored import read_stored

    if to is None and backup:
        raise usage_error("--backup keeps the file that --to names", "add --to FILE")
    base = overlays.load(overlays.files_of(shared.catalogs, user_catalog=False))
    if to is None:
        return Target(None, Document(EMPTY, "overlay"), base)
    stored = read_stored(to)
    return Target(stored, stored.document, base)


def refuse_format(name: str, shared: Common) -> None:
    """Usage error for anything but table and json."""
    shared.expect_table_or_json(f"catalog {name}")
