"""Read catalog files: the first mistake is refused with its file, line and column.

The mistakes themselves are found by `document`, `validation` and `references`;
`fitplan.questions.check` lists all of them, and holds the entries against the facts too.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from fitplan.catalog import compiled
from fitplan.catalog.lookup import Catalog
from fitplan.catalog.problems import WHOLE_FILE, Problem
from fitplan.catalog.schema import CatalogFile
from fitplan.errors import FitplanError, catalog_error
from fitplan.machine.small_file import read_small

if TYPE_CHECKING:
    from fitplan.catalog.document import Document

MAX_BYTES = 32 * 2**20
"""No catalog is larger; a larger file is something else."""


def shipped_path() -> Path:
    """The catalog that comes with fitplan: in the wheel, else in an editable checkout."""
    packaged = Path(__file__).parents[1] / "models.yaml"
    checkout = Path(__file__).parents[3] / "models.yaml"
    return packaged if packaged.exists() else checkout


def load_catalog(*paths: Path) -> Catalog:
    """The catalog that comes with fitplan, with the files at `paths` laid over it.

    Raises FitplanError (catalog, file) with the place of the first mistake.
    """
    return load(shipped_path(), *paths)


def load(*paths: Path) -> Catalog:
    """Read, validate and link catalog files; entries of later ones replace those of the same id.

    Raises FitplanError: kind `file` when one can't be read, kind `catalog` (with line and column)
    when one is wrong.
    """
    merged = CatalogFile(version=1)
    for number, path in enumerate(paths):
        merged = _overlay(merged, open_document(path)) if number else _alone(path)
    return Catalog(merged)


def _alone(path: Path) -> CatalogFile:
    text = _read(path)
    return compiled.remembered(text, lambda: parse(text, str(path)).file)


def parse(text: str, origin: str = "catalog") -> Catalog:
    """Validate and link the text of one catalog; `origin` names it in errors."""
    return parse_over(Catalog(CatalogFile(version=1)), text, origin)


def parse_over(base: Catalog, text: str, origin: str = "catalog") -> Catalog:
    """Validate the text of a catalog and lay it over `base`; `origin` names it in errors."""
    from fitplan.catalog.document import Document

    return Catalog(_overlay(base.file, Document(text, origin)))


def open_document(path: Path) -> "Document":
    """The file at `path`, read but not judged. Raises FitplanError when it is not text."""
    from fitplan.catalog.document import Document

    return Document(_read(path), str(path))


def _overlay(base: CatalogFile, document: "Document") -> CatalogFile:
    from fitplan.catalog.references import broken_references, names_of
    from fitplan.catalog.validation import first_problem, validated

    for problem in document.problems:
        raise _refusal(document, problem)
    file = validated(document.data)
    if not isinstance(file, CatalogFile):
        more = f" (and {len(file) - 1} more)" if len(file) > 1 else ""
        raise _refusal(document, first_problem(document, file), more)
    merged = base.overlaid(file)
    for problem in broken_references(file, names_of(merged)):
        raise _refusal(document, problem)
    return merged


def _refusal(document: "Document", problem: Problem, more: str = "") -> FitplanError:
    place = document.place(problem)
    where = "" if place == WHOLE_FILE else f"{place[0]}:{place[1]}"
    return catalog_error(f"{document.origin}:{where} {problem.message}{more}", problem.hint)


def _read(path: Path) -> str:
    content = read_small(path, MAX_BYTES, "name a readable catalog file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise catalog_error(
            f"{path}: not UTF-8 text at byte {error.start}", "save it as UTF-8"
        ) from None
