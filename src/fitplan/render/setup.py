"""The advice on a machine's cache limit, as text and as JSON."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from fitplan.accounting.runtime import Runtime
from fitplan.machine.memory import SYSTEM_RESERVE
from fitplan.machine.settings import Change
from fitplan.questions.need import Need
from fitplan.questions.setup import Advice, Heavy
from fitplan.render.document import runtime_document
from fitplan.render.documents.setup import (
    HeavyEntry,
    HeavyPairEntry,
    SetupDocument,
    WrittenSettingEntry,
)
from fitplan.render.text import printable
from fitplan.units import format_gib


def setup_document(advice: Advice, runtime: Runtime, change: Change | None) -> SetupDocument:
    """What to set on a machine: `fitplan.setup/1`."""
    return {
        "schema": "fitplan.setup/1",
        "runtime": runtime_document(runtime),
        "machine": {
            "ram_bytes": advice.ram_bytes,
            "ram_source": advice.ram_source,
            "vram_bytes": advice.vram.total_bytes,
            "vram_source": advice.vram.source,
            "swap_bytes": advice.swap_bytes,
        },
        "reserve_bytes": SYSTEM_RESERVE,
        "default_limit_bytes": advice.default_bytes,
        "limit_bytes": advice.limit_bytes,
        "setting": {
            "file": advice.setting.file,
            "key": advice.setting.key,
            "value": advice.setting.value(advice.limit_bytes),
        },
        "lines": runtime.settings(advice.limit_bytes).splitlines(),
        "heavy": [_heavy_entry(heavy) for heavy in advice.heavy],
        "written": None if change is None else _change_entry(change),
    }


def _heavy_entry(heavy: Heavy) -> HeavyEntry:
    return {
        "model_id": heavy.best.plan.pipeline_id,
        "best": _pair_entry(heavy.best),
        "instead": None if heavy.instead is None else _pair_entry(heavy.instead),
    }


def _pair_entry(need: Need) -> HeavyPairEntry:
    return {
        "denoiser": need.plan.denoiser.file.id,
        "encoder": need.plan.encoder.file.id,
        "cache_bytes": need.cache_bytes,
        "real_bytes": need.real_bytes,
    }


def _change_entry(change: Change) -> WrittenSettingEntry:
    return {
        "path": str(change.path),
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "backup": None if change.backup is None else str(change.backup),
    }


def setup_table(advice: Advice, runtime: Runtime, change: Change | None) -> RenderableType:
    """The machine, the runtime's own limit, the limit to set, and why."""
    return Group(
        Text(f"{runtime.title} on this machine" if _here(advice) else runtime.title, style="bold"),
        Text(f"RAM            {format_gib(advice.ram_bytes)}{_RAM_SOURCES[advice.ram_source]}"),
        Text(f"VRAM           {_vram(advice)}"),
        *(
            []
            if advice.swap_bytes is None
            else [Text(f"swap           {_swap(advice.swap_bytes)}")]
        ),
        Text(f"its own limit  {_default(advice)}"),
        Text(f"limit to set   {format_gib(advice.limit_bytes)}: RAM minus 2 GiB", style="bold"),
        Text(""),
        *_reasons(advice),
        Text(""),
        Text(runtime.settings(advice.limit_bytes), style="cyan"),
        *([] if change is None else [Text(""), *_written(change)]),
    )


_RAM_SOURCES = {
    "machine": "",
    "cgroup": ", the limit of this container (cgroup)",
    "option": ", as given",
}


def _here(advice: Advice) -> bool:
    return advice.ram_source != "option"


def _vram(advice: Advice) -> str:
    vram = advice.vram
    if not vram.known:
        return "not known: say --vram SIZE, or --vram 0 for a machine without a GPU"
    if vram.total_bytes is None:
        return "no GPU, as given"
    source = "as given" if vram.source == "option" else printable(vram.source)
    return f"{format_gib(vram.total_bytes)}, {source}"


def _swap(size: int) -> str:
    return f"{format_gib(size)}, not counted" if size else "none"


def _default(advice: Advice) -> str:
    why = advice.setting.default_why
    if advice.default_bytes is None:
        return f"depends on VRAM: {why}"
    return f"{format_gib(advice.default_bytes)} = {why}"


def _reasons(advice: Advice) -> Iterator[Text]:
    yield Text("Why: 2 GiB stay for the system and the program itself. Over the limit, files are")
    yield Text("evicted and read from disk again for every image; over the RAM, the machine swaps,")
    yield Text("which is slower still, or the program is killed where there is no swap.")
    if not advice.heavy:
        yield Text("No model's best pair under this limit holds more RAM than that.")
        return
    yield Text("The cache counts less than these best pairs really hold:")
    for heavy in advice.heavy:
        yield from _judged(heavy, advice)


def _judged(heavy: Heavy, advice: Advice) -> Iterator[Text]:
    counted, held = format_gib(heavy.best.cache_bytes), format_gib(heavy.best.real_bytes)
    text = f"! {_name(heavy.best)} fits the cache ({counted}) but needs {held} of RAM"
    yield Text(f"{text}; {format_gib(advice.free_bytes)} are left", style="yellow")
    if heavy.instead:
        yield Text(f"  fits both: {_name(heavy.instead)}")


def _name(need: Need) -> str:
    plan = need.plan
    pair = f"{plan.denoiser.file.quant} + {plan.encoder.file.quant}"
    return printable(f"{plan.pipeline.name} {pair}")


def _written(change: Change) -> Iterator[Text]:
    path, line = printable(str(change.path)), printable(f"{change.key}: {change.after}")
    if change.backup is None:
        yield Text(f"{path} says so already; nothing written.")
        return
    before = "it wasn't set" if change.before is None else f"it was {printable(change.before)}"
    yield Text(f"Written to {path}: {line} ({before}).", style="green")
    yield Text(f"The old file is {printable(str(change.backup))}.")
