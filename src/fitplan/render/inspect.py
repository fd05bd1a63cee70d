"""What files hold: JSON documents and rich tables."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.residency import Residency
from fitplan.questions.inspect import InRuntime, Inspected, Inspection, Unreadable
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
    for entry in item.in_runtimes:
        yield Text(f"  {_residency(entry)}")
    for warning in item.warnings:
        yield Text(f"  ! {printable(warning)}", style="yellow")


def _summary(item: Inspected) -> str:
    model = item.model
    blocks = f", {model.blocks} blocks" if model.blocks else ""
    return f"{model.kind}, {model.weights.container} {printable(model.weights.quant)}{blocks}"


def _numbers(item: Inspected) -> str:
    model, bits, error = item.model, item.bits_per_weight, item.model.weights.rel_error
    parts = [
        f"file {format_gb(model.weights.file_bytes)} ({model.weights.file_bytes:,} bytes)",
        f"{item.parameters / 1e9:.3f} B parameters",
        "" if bits is None else f"{bits:.2f} bits per weight",
        "error unknown" if error is None else f"error {error:.4f}",
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
    found = entry.residency
    if not isinstance(found, Residency):
        return printable(found.reason)
    cache, real = format_gib(found.cache_bytes), format_gib(found.real_bytes)
    loading = f", up to {format_gib(found.transient_bytes)} more while loading"
    more = loading if found.transient_bytes else ""
    return f"{entry.runtime.title}: cache {cache}, RAM {real}{more}"


def inspect_document(found: Sequence[Inspection]) -> dict[str, Any]:
    """`fitplan.inspect/1`."""
    return {"schema": "fitplan.inspect/1", "files": [inspection_entry(item) for item in found]}


def inspection_entry(item: Inspection) -> dict[str, Any]:
    """One file as scripts see it; a file that can't be read has `error` in place of all else."""
    if isinstance(item, Unreadable):
        error = {"kind": item.error.kind, "message": item.error.message, "hint": item.error.hint}
        return {"path": str(item.path), "error": error}
    model, weights = item.model, item.model.weights
    bits, error_of_weights = item.bits_per_weight, weights.rel_error
    return {
        "path": str(model.path),
        "format": weights.container.value,
        "component": model.kind.value,
        "architecture": model.architecture,
        "differences": list(model.differences),
        "nearest": model.nearest or None,
        "family": weights.family or None,
        "blocks": model.blocks,
        "quant": weights.quant,
        "parameters": item.parameters,
        "file_bytes": weights.file_bytes,
        "tensor_bytes": model.tensor_bytes,
        "bits_per_weight": None if bits is None else round(bits, 4),
        "rel_error": None if error_of_weights is None else round(error_of_weights, 6),
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


def _bytes(entry: InRuntime) -> dict[str, Any]:
    found = entry.residency
    if not isinstance(found, Residency):
        return {"cache_bytes": None, "real_bytes": None, "reason": found.reason}
    return {
        "cache_bytes": found.cache_bytes,
        "real_bytes": found.real_bytes,
        "mapped_bytes": found.mapped_bytes,
        "transient_bytes": found.transient_bytes,
        "version": entry.runtime.version,
        "basis": found.basis,
    }
