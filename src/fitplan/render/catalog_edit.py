"""Edits of a catalog file: the lines they add, and JSON documents."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import cast

from rich.console import Group, RenderableType
from rich.text import Text

from fitplan.questions.edit.add import Additions
from fitplan.questions.edit.entry import Entry
from fitplan.questions.edit.format import Rewritten
from fitplan.questions.edit.observe import MeasuredUsage
from fitplan.render.documents.catalog_edit import (
    AddedEntry,
    CatalogAddDocument,
    CatalogFormatDocument,
    CatalogObserveDocument,
    NewLineEntry,
    ObservationEntry,
    WrittenEntry,
)
from fitplan.render.text import printable
from fitplan.units import GIB

_SHOWN = 20
"""Deviations that a table lists."""


def edit_table(
    names: Sequence[str], before: str, after: str, file: Path, backup: Path | None
) -> RenderableType:
    """What was put into `file`: its new lines, each with its number."""
    new = _new_lines(before, after)
    lines = [Text(printable(name), style="bold") for name in names]
    lines += [Text(f"into {printable(str(file))}; no other line changed:")]
    lines += [
        Text(f"{number:>6} + {printable(line)}", style="green", overflow="ellipsis", no_wrap=True)
        for number, line in new
    ]
    if backup is not None:
        lines.append(Text(f"The file as it was: {printable(str(backup))}", style="dim"))
    return Group(*lines)


def _new_lines(before: str, after: str) -> list[tuple[int, str]]:
    """Lines that `after` has and `before` hasn't, with their numbers from 1."""
    old, new = before.splitlines(), after.splitlines()
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    added = [range(c, d) for kind, _, _, c, d in blocks if kind in ("insert", "replace")]
    return [(number + 1, new[number]) for numbers in added for number in numbers]


def add_document(
    found: Additions, before: str, file: Path | None, backup: Path | None
) -> CatalogAddDocument:
    """`fitplan.catalog-add/1`."""
    return {
        "schema": "fitplan.catalog-add/1",
        "entries": [_entry(entry) for entry in found.entries],
        "refused": [
            {"kind": error.kind.value, "message": error.message, "hint": error.hint}
            for error in found.refused
        ],
        **_written(before, found.text, file, backup),
    }


def _entry(entry: Entry) -> AddedEntry:
    return {
        "id": entry.id,
        "component": entry.component_id,
        "new_component": not entry.known_component,
        "architecture": entry.component["architecture"],
        "new_architecture": entry.architecture is not None,
        "publisher": entry.publisher,
        "quant": entry.quant,
        "format": entry.container.value,
        "file": entry.name.text,
        "file_bytes": entry.bytes,
        "recipe": entry.recipes[0] if entry.recipes else None,
        "weights": entry.weights,
        "source": entry.source,
        "alike": list(entry.alike),
    }


def alike_note(entry: Entry) -> str:
    """What to know when only the name told the component."""
    others = ", ".join(entry.alike)
    return printable(
        f"{entry.name.text} is taken for {entry.component_id}; the same shapes: {others}; "
        "--component ID says otherwise"
    )


def _written(before: str, after: str, file: Path | None, backup: Path | None) -> WrittenEntry:
    if file is None:
        return {"file": None, "overlay": after}
    lines: list[NewLineEntry] = [
        {"line": number, "text": line} for number, line in _new_lines(before, after)
    ]
    kept = None if backup is None else str(backup)
    return {"file": str(file), "backup": kept, "new_lines": lines}


def observe_document(
    found: MeasuredUsage, before: str, file: Path | None, backup: Path | None
) -> CatalogObserveDocument:
    """`fitplan.catalog-observe/1`."""
    return {
        "schema": "fitplan.catalog-observe/1",
        "observation": _observation(found),
        "predicted_bytes": found.predicted_bytes,
        "residual_gib": round(float(found.residual_gib), 6),
        "agrees": found.agrees,
        **_written(before, found.text, file, backup),
    }


def _observation(found: MeasuredUsage) -> ObservationEntry:
    seen = found.observation
    numbers = {"cache_gib": float(seen["cache_gib"]), "date": seen["date"].isoformat()}
    return cast("ObservationEntry", seen | numbers)


def residual_line(found: MeasuredUsage, comment: bool = False) -> str:
    """The measured figure beside the prediction, in one line."""
    seen = found.observation
    name = f"{found.explanation.pipeline.name} {seen['denoiser']} + {seen['encoder']}"
    predicted = f"{found.predicted_bytes / GIB:.3f} GiB predicted"
    off = "they agree" if found.agrees else f"{found.residual_gib:+.3f} GiB off"
    text = f"{name} in {seen['runtime']}: {seen['cache_gib']} GiB seen, {predicted}; {off}"
    return f"# {printable(text)}" if comment else printable(text)


def format_table(found: Rewritten, file: Path, check: bool, backup: Path | None) -> RenderableType:
    """What was or would be rewritten."""
    name, number = printable(str(file)), len(found.deviations)
    if not number:
        return Text(f"{name}: in canonical form")
    places = "1 place" if number == 1 else f"{number} places"
    done = f"differs from canonical form in {places}" if check else f"rewritten: {places}"
    lines = [Text(f"{name}: {done}", style="bold")]
    for line, column, message in found.deviations[:_SHOWN]:
        lines.append(Text(f"  {name}:{line}:{column} {printable(message)}"))
    if number > _SHOWN:
        lines.append(Text(f"  and {number - _SHOWN} more"))
    if backup is not None:
        lines.append(Text(f"The file as it was: {printable(str(backup))}", style="dim"))
    return Group(*lines)


def format_document(found: Rewritten, file: Path, written: bool) -> CatalogFormatDocument:
    """`fitplan.catalog-format/1`."""
    return {
        "schema": "fitplan.catalog-format/1",
        "file": str(file),
        "canonical": not found.deviations,
        "written": written,
        "deviations": [
            {"line": line, "column": column, "message": message}
            for line, column, message in found.deviations
        ],
    }
