"""What one catalog has and another does not, entry by entry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from fitplan.catalog.lookup import Catalog, PublishedFile
from fitplan.catalog.schema import CatalogFile

Kind = Literal["added", "removed", "changed"]
_SECTIONS = ("sources", "architectures", "components", "pipelines", "observations", "benchmarks")
_TOLD_ELSEWHERE = frozenset({"releases", "recipes"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that came, went, or says something else."""

    section: str
    """A section of the catalog, or "files"."""
    id: str
    kind: Kind
    facts: tuple[str, ...] = ()
    """Of a changed entry: the names of the facts that differ."""
    bytes_before: int | None = None
    """Of a file: its size in the old catalog."""
    bytes_after: int | None = None


def changes(old: Catalog, new: Catalog) -> list[Difference]:
    """All entries that differ, by section and id."""
    found = list(_file_changes(_files(old), _files(new)))
    for section in _SECTIONS:
        found += _section_changes(section, _entries(old.file, section), _entries(new.file, section))
    return found


def _files(catalog: Catalog) -> dict[str, PublishedFile]:
    return {file.id: file for id in catalog.file.components for file in catalog.files(id)}


def _file_changes(
    old: Mapping[str, PublishedFile], new: Mapping[str, PublishedFile]
) -> Iterator[Difference]:
    for id in sorted(old.keys() | new.keys()):
        before, after = old.get(id), new.get(id)
        sizes = (_size(before), _size(after))
        if before is None or after is None:
            yield Difference("files", id, "removed" if after is None else "added", (), *sizes)
        elif facts := tuple(_different(before, after)):
            yield Difference("files", id, "changed", facts, *sizes)


def _size(file: PublishedFile | None) -> int | None:
    return None if file is None else file.weights.file_bytes


def _different(before: PublishedFile, after: PublishedFile) -> Iterator[str]:
    if before.weights.file_bytes != after.weights.file_bytes:
        yield "bytes"
    if before.weights.groups != after.weights.groups:
        yield "weights"
    if before.weights.container != after.weights.container:
        yield "format"
    told = ("component_id", "publisher", "weights")
    for name in (field.name for field in fields(PublishedFile) if field.name not in told):
        if getattr(before, name) != getattr(after, name):
            yield name


def _entries(file: CatalogFile, section: str) -> dict[str, dict[str, Any]]:
    found = getattr(file, section)
    if isinstance(found, dict):
        return {id: _facts(entry) for id, entry in found.items()}
    return {_called(_facts(entry)): _facts(entry) for entry in found}


def _facts(entry: Any) -> dict[str, Any]:
    return {k: v for k, v in entry.model_dump().items() if k not in _TOLD_ELSEWHERE}


def _called(facts: dict[str, Any]) -> str:
    """What tells an observation or benchmark from others: who saw what in which program."""
    pair = facts.get("variants") or facts
    parts = [pair["denoiser"], *([pair["encoder"]] if pair.get("encoder") else [])]
    where = [facts.get("runtime") or f"{facts['engine']} on {facts['gpu']}"]
    size = [facts["size"]] if "size" in facts else []
    model = facts.get("pipeline") or facts["model"]
    return " ".join([model, " + ".join(parts), "in", *where, *size, f"({facts['source']})"])


def _section_changes(
    section: str, old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]
) -> Iterator[Difference]:
    for id in sorted(old.keys() | new.keys()):
        before, after = old.get(id), new.get(id)
        if before is None or after is None:
            yield Difference(section, id, "removed" if after is None else "added")
        elif facts := tuple(k for k in before.keys() | after.keys() if before[k] != after[k]):
            yield Difference(section, id, "changed", tuple(sorted(facts)))
