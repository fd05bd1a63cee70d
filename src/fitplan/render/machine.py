"""What a machine makes of pairs: two columns of the table, and sentences below it."""

from collections.abc import Iterator

from rich.text import Text

from fitplan.accounting.card import CardVerdict
from fitplan.machine.computer import Machine
from fitplan.planning.machine_plan import PassedOver
from fitplan.planning.pairs import Plan
from fitplan.planning.ram import RamVerdict
from fitplan.planning.report import PlanReport, Row
from fitplan.render.text import printable
from fitplan.units import format_gib

RAM_WORDS = {
    "fits": Text("fits", "green"),
    "swaps-once": Text("swaps once", "yellow"),
    "swaps": Text("swaps", "red"),
    "killed": Text("killed", "red"),
    "unknown": Text("?"),
}


def machine_headings(report: PlanReport) -> Iterator[str]:
    """The columns in which a row says something."""
    verdicts = [row.verdicts for row in report.rows if row.verdicts]
    if any(v.ram.verdict != "unknown" for v in verdicts):
        yield "RAM"
    if any(v.card.verdict != "unknown" for v in verdicts):
        yield "Card"


def machine_cells(report: PlanReport, row: Row) -> Iterator[Text]:
    """One cell for each heading."""
    for heading in machine_headings(report):
        if row.verdicts is None:
            yield Text("")
        elif heading == "RAM":
            yield RAM_WORDS[row.verdicts.ram.verdict]
        else:
            yield _card(row.verdicts.card)


def _card(card: CardVerdict) -> Text:
    """The share of the denoiser that lies on the card; "denoiser": all of it, another part not."""
    match card.verdict:
        case "whole":
            return Text("all", "green")
        case "out-of-memory":
            return Text("no", "red")
        case "unknown":
            return Text("?")
        case "streams":
            return Text(_share(card), "yellow")


def _share(card: CardVerdict) -> str:
    denoise = next(phase for phase in card.phases if phase.phase == "denoise")
    resident, streamed = denoise.resident_bytes or 0, denoise.streamed_bytes or 0
    if not streamed:
        return "denoiser"
    return f"{min(99, 100 * resident // (resident + streamed))} %"


def machine_notes(report: PlanReport) -> Iterator[Text]:
    """What the columns mean, the machine that was meant, and what it does not hold."""
    if report.machine is None:
        return
    yield Text(_found(report.machine), style="dim")
    headings = list(machine_headings(report))
    if "Card" in headings:
        meaning = "share of the denoiser that stays on it; the rest is copied for every step"
        yield Text(f"Card: {meaning}.", style="dim")
    elif report.rows and report.rows[0].verdicts and report.machine.cards != ():
        yield Text(f"Card: unknown, {report.rows[0].verdicts.card.reason}.", style="dim")
    if report.passed_over:
        yield Text(_passed_over(report.passed_over), style="yellow")


def _found(machine: Machine) -> str:
    """ "Machine: 16.00 GiB of RAM, no swap, RTX 3060 with 12.00 GiB, linux."."""
    parts = [_size(machine.ram_bytes, "RAM"), _swap(machine), _cards(machine), machine.os]
    limited = " (the container's limit)" if machine.limit_bytes else ""
    parts[0] = f"{parts[0]}{limited}" if parts[0] else None
    return f"Machine: {', '.join(part for part in parts if part)}."


def _size(size: int | None, what: str) -> str | None:
    return None if size is None else f"{format_gib(size)} of {what}"


def _swap(machine: Machine) -> str | None:
    if machine.swap_bytes is None:
        return None
    kind = " in zram" if machine.swap_kind == "zram" else ""
    return f"{_size(machine.swap_bytes, 'swap')}{kind}" if machine.swap_bytes else "no swap"


def _cards(machine: Machine) -> str | None:
    if machine.cards is None:
        return None
    card = machine.card
    if card is None:
        return "no card"
    name = printable(card.name or "a card")
    if card.vram_bytes is None:
        return name
    return f"{name} with {format_gib(card.vram_bytes)}"


def _passed_over(passed: tuple[PassedOver, ...]) -> str:
    """Which model's best pair is not first, why, and what it would take."""
    first = passed[0]
    more = f" and {len(passed) - 1} more" if len(passed) > 1 else ""
    return f"Passed over: {_named(first.plan)} ({_why(first)}){more}."


def _named(plan: Plan) -> str:
    quants = f"{plan.denoiser.file.quant} + {plan.encoder.file.quant}"
    return printable(f"{plan.pipeline.name} {quants}")


def _why(passed: PassedOver) -> str:
    ram: RamVerdict = passed.verdicts.ram
    if ram.verdict in ("fits", "swaps-once"):
        return passed.verdicts.card.reason
    return ram.reason if ram.verdict != "killed" else f"killed: {ram.reason}"
