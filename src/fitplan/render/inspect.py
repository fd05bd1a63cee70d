"""What files hold: JSON documents and rich tables."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.questions.inspect import InRuntime, Inspected, Inspection, Unreadable
from fitplan.render.documents.inspect import InspectDocument, InspectionEntry, ResidencyEntry
from fitplan.render.documents.parts import ErrorEntry
from fitplan.render.errors import error_text, weight_error_document
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.units import format_gb, format_gib


def inspect_table(found: Sequence[Inspection]) -> RenderableType:
    """File by file: what it is, what its tensors are stored as, what it becomes."""
    blocks: list[RenderableType] = []
    for item in found:
        blocks += [Text(""), *_block(item)] if blocks else _block(item)
    return Group(*blocks)


def _block(item: Inspection) -> Iterator[RenderableType]:
    if isinstance(item, Unreadable):
        yield Text(printable(item.error.message), style="red")
        yield Text(f"  {printable(item.error.hint)}", style="dim")
        return
    model = item.model
    yield Text(printable(str(model.path)), style="bold")
    yield Text(f"  {printable(model.architecture)}: {_summary(item)}")
    if model.standing:
        yield Text(f"  {printable(model.standing)}", style="yellow")
    yield Text(f"  {_numbers(item)}")
    yield _types(item)
    for reason, what in _unknowns(item).items():
        yield Text(f"  ? {' and '.join(what)}: {printable(reason)}", style="yellow")
    for entry in item.in_runtimes:
        yield Text(f"  {_residency(entry)}")
    for warning in item.warnings:
        yield Text(f"  ! {printable(warning)}", style="yellow")


def _summary(item: Inspected) -> str:
    model = item.model
    blocks = f", {model.blocks} blocks" if model.blocks else ""
    return (
        f"{model.kind}, {model.weights.container} {printable(model.weights.quant) or '?'}{blocks}"
    )


def _unknowns(item: Inspected) -> dict[str, list[str]]:
    """Reason → what is unknown for it."""
    named = {"rel_error": "error", "parameters": "parameters", "quant": "quantization"}
    reasons: dict[str, list[str]] = {}
    for what, reason in item.model.weights.unknown.items():
        reasons.setdefault(reason, []).append(named[what])
    return reasons


def _numbers(item: Inspected) -> str:
    model, bits, parameters = item.model, item.bits_per_weight, item.parameters
    parts = [
        f"file {format_gb(model.weights.file_bytes)} ({model.weights.file_bytes:,} bytes)",
        "? parameters" if parameters is None else f"{parameters / 1e9:.3f} B parameters",
        "" if bits is None else f"{bits:.2f} bits per weight",
        f"error {error_text(model.weights.error)}",
    ]
    return ", ".join(part for part in parts if part)


def _types(item: Inspected) -> Table:
    table = bare_table()
    table.add_column("  type", no_wrap=True)
    for heading in ("tensors", "elements", "bytes"):
        table.add_column(heading, justify="right", no_wrap=True)
    for total in item.model.types:
        row = (f"{total.tensors:,}", f"{total.elements:,}", f"{total.bytes:,}")
        table.add_row(f"  {total.type}", *row)
    return table


def _residency(entry: InRuntime) -> str:
    found, title = entry.residency, entry.runtime.title
    match found:
        case Residency():
            return f"{title}: {_held(found)}"
        case Unsupported():
            return printable(f"{found.reason} ({found.source})")
        case Unknown():
            named = found.reason if title in found.reason else f"{title}: {found.reason}"
            return printable(f"? {named}")
        case _:
            assert_never(found)


def _held(found: Residency) -> str:
    cache, real = format_gib(found.cache_bytes), format_gib(found.real_bytes)
    loading = f", up to {format_gib(found.transient_bytes)} more while loading"
    more = loading if found.transient_bytes else ""
    beware = f"; {found.beware}" if found.beware else ""
    return f"cache {cache}, RAM {real}{more}{beware}"


def inspect_document(found: Sequence[Inspection]) -> InspectDocument:
    """`fitplan.inspect/1`."""
    return {"schema": "fitplan.inspect/1", "files": [inspection_entry(item) for item in found]}


def inspection_entry(item: Inspection) -> InspectionEntry:
    """One file as scripts see it; a file that can't be read has `error` in place of all else."""
    if isinstance(item, Unreadable):
        error: ErrorEntry = {
            "kind": item.error.kind,
            "message": item.error.message,
            "hint": item.error.hint,
        }
        return {"path": str(item.path), "error": error}
    model, weights = item.model, item.model.weights
    bits, error_of_weights = item.bits_per_weight, weight_error_document(weights.error, 6)
    return {
        "path": str(model.path),
        "format": weights.container.value,
        "component": model.kind.value,
        "architecture": model.architecture,
        "differences": list(model.differences),
        "nearest": model.nearest or None,
        "family": weights.family or None,
        "blocks": model.blocks,
        "quant": weights.quant or None,
        "parameters": item.parameters,
        "file_bytes": weights.file_bytes,
        "tensor_bytes": model.tensor_bytes,
        "bits_per_weight": None if bits is None else round(bits, 4),
        "rel_error": error_of_weights["rel_error"],
        "rel_error_basis": error_of_weights["rel_error_basis"],
        "rel_error_range": error_of_weights["rel_error_range"],
        "unknown": dict(weights.unknown),
        "types": {
            t.type: {"tensors": t.tensors, "elements": t.elements, "bytes": t.bytes}
            for t in model.types
        },
        "groups": [
            {"role": group.role.value, "type": group.type, "elements": group.elements}
            for group in weights.groups
        ],
        "residency": {entry.runtime.name: _bytes(entry) for entry in item.in_runtimes},
        "warnings": list(item.warnings),
    }


def _bytes(entry: InRuntime) -> ResidencyEntry:
    found = entry.residency
    match found:
        case Residency():
            return _sizes(entry, found)
        case Unsupported():
            return {
                "cache_bytes": None,
                "real_bytes": None,
                "reason": found.reason,
                "unsupported": found.reason,
                "source": found.source,
            }
        case Unknown():
            return {
                "cache_bytes": None,
                "real_bytes": None,
                "reason": found.reason,
                "unknown": found.reason,
            }
        case _:
            assert_never(found)


def _sizes(entry: InRuntime, found: Residency) -> ResidencyEntry:
    return {
        "cache_bytes": found.cache_bytes,
        "real_bytes": found.real_bytes,
        "mapped_bytes": found.mapped_bytes,
        "transient_bytes": found.transient_bytes,
        "version": entry.runtime.version,
        "basis": found.basis,
        "beware": found.beware or None,
    }
