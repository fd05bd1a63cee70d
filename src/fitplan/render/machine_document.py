"""A machine and its verdicts as parts of the plan's JSON document."""

from fitplan.accounting.card import CardVerdict
from fitplan.machine.computer import Machine
from fitplan.planning.ram import RamVerdict
from fitplan.render.documents.plan import CardVerdictEntry, MachineEntry, RamVerdictEntry


def machine_document(machine: Machine) -> MachineEntry:
    """The machine that an answer is for."""
    card, sources = machine.card, machine.sources
    keys = {
        "ram_bytes": sources.get("ram"),
        "swap_bytes": sources.get("swap"),
        "vram_bytes": sources.get("cards"),
        "os": sources.get("os"),
    }
    return {
        "ram_bytes": machine.ram_bytes,
        "swap_bytes": machine.swap_bytes,
        "swap_kind": machine.swap_kind,
        "vram_bytes": machine.vram_bytes,
        "gpu": card.name if card else None,
        "os": machine.os,
        "sources": {key: source for key, source in keys.items() if source},
    }


def ram_document(verdict: RamVerdict) -> RamVerdictEntry:
    """Whether the RAM holds a pair."""
    need = verdict.need
    return {
        "verdict": verdict.verdict,
        "held_bytes": need.held_bytes,
        "untouched_bytes": need.untouched_bytes,
        "working_bytes": need.working_bytes,
        "peak_bytes": need.peak_bytes,
        "swap_needed_bytes": verdict.swap_needed_bytes,
        "reason": verdict.reason or None,
    }


def card_document(verdict: CardVerdict) -> CardVerdictEntry:
    """Whether the card holds a pair."""
    return {
        "verdict": verdict.verdict,
        "phases": [
            {
                "phase": phase.phase,
                "resident_bytes": phase.resident_bytes,
                "streamed_bytes": phase.streamed_bytes,
                "working_bytes": phase.working_bytes,
                "peak_bytes": phase.peak_bytes,
            }
            for phase in verdict.phases
        ],
        "uploaded_bytes": verdict.uploaded_bytes,
        "reason": verdict.reason or None,
    }
