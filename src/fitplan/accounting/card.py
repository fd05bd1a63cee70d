"""What lies on a graphics card while an image is made: resident, streamed and uploaded bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from fitplan.accounting.card_cache import CachedPart, second_image
from fitplan.accounting.card_rules import (
    CONTEXT_BYTES,
    PHASES,
    AllAtOnce,
    CardRule,
    CardSpace,
    ModelCache,
    OneByOne,
    Phase,
    Picture,
    RoomFirst,
    Working,
)
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import WeightFile
from fitplan.units import format_gib

CardWord = Literal["whole", "streams", "out-of-memory", "unknown"]
_WORST_FIRST: tuple[CardWord, ...] = ("out-of-memory", "unknown", "streams", "whole")


@dataclass(frozen=True, slots=True)
class CardPart:
    """One file of a pair, and when it is used."""

    phase: Phase
    file: WeightFile
    bytes: int
    """As the program counts it: tied weights lie there twice."""
    last_bytes: int = 0
    """Of its last tensor, an output head that is tied with the embedding; 0: it has none."""


@dataclass(frozen=True, slots=True)
class PhaseOnCard:
    """One phase of an image; all sizes are bytes, None: unknown."""

    phase: Phase
    resident_bytes: int | None
    """Weights of the phase that lie on the card."""
    streamed_bytes: int | None
    """Weights that every forward copies to the card."""
    working_bytes: int | None
    """Kept free of weights."""
    peak_bytes: int | None
    """All weights on the card, working memory in use, and the driver's context."""


@dataclass(frozen=True, slots=True)
class CardVerdict:
    """Whether a card holds a pair."""

    verdict: CardWord
    phases: tuple[PhaseOnCard, ...] = ()
    uploaded_bytes: int | None = None
    """Per image with a new prompt, without what is streamed."""
    reason: str = ""
    """Why it doesn't run or isn't known; "" when all is well."""


def card_verdict(
    rule: CardRule, parts: Sequence[CardPart], card: CardSpace, picture: Picture
) -> CardVerdict:
    """What `parts`, in order of use, do on `card` while they make `picture`."""
    if isinstance(rule, Unknown):
        return CardVerdict("unknown", reason=rule.reason)
    working = [rule.working(part.phase, part.file, picture, card) for part in parts]
    for found in working:
        if isinstance(found, Unknown):
            return CardVerdict("unknown", reason=found.reason)
    known = [found for found in working if isinstance(found, Working)]
    loads = _loads(rule, parts, known, card)
    phases = tuple(_phases(loads))
    words = [_judged(load, card, whole=_moves_whole(rule)) for load in loads]
    verdict, reason = min(words, key=lambda word: _WORST_FIRST.index(word[0]))
    uploaded = None if isinstance(rule, RoomFirst) else sum(load.uploaded for load in loads)
    return CardVerdict(verdict, phases, uploaded, reason)


@dataclass(frozen=True, slots=True)
class _Load:
    """A part on the card."""

    part: CardPart
    working: Working
    resident: int
    beside: int
    """Bytes of all parts that are there at the time, this one included."""
    uploaded: int


def _moves_whole(rule: ModelCache | RoomFirst | OneByOne | AllAtOnce) -> bool:
    return isinstance(rule, OneByOne | AllAtOnce) or (
        isinstance(rule, ModelCache) and not rule.partial
    )


def _loads(
    rule: ModelCache | RoomFirst | OneByOne | AllAtOnce,
    parts: Sequence[CardPart],
    working: Sequence[Working],
    card: CardSpace,
) -> list[_Load]:
    both = list(zip(parts, working, strict=True))
    match rule:
        case ModelCache():
            cached = [
                CachedPart(part.bytes, found.asked_bytes, part.last_bytes) for part, found in both
            ]
            locks = second_image(cached, card.free_bytes, partial=rule.partial)
            return [
                _Load(part, found, lock.resident_bytes, lock.all_bytes, lock.uploaded_bytes)
                for (part, found), lock in zip(both, locks, strict=True)
            ]
        case RoomFirst():
            free = card.free_bytes
            rooms = [min(part.bytes, max(0, free - found.asked_bytes)) for part, found in both]
            return [
                _Load(part, found, room, room, 0)
                for (part, found), room in zip(both, rooms, strict=True)
            ]
        case OneByOne():
            return [_Load(part, found, part.bytes, part.bytes, part.bytes) for part, found in both]
        case AllAtOnce():
            total = sum(part.bytes for part in parts)
            return [_Load(part, found, part.bytes, total, 0) for part, found in both]
        case _:
            assert_never(rule)


def _phases(loads: Sequence[_Load]) -> Iterable[PhaseOnCard]:
    for phase in PHASES:
        of = [load for load in loads if load.part.phase == phase]
        if of:
            resident = sum(load.resident for load in of)
            used = [_peak(load) for load in of]
            yield PhaseOnCard(
                phase,
                resident,
                sum(load.part.bytes for load in of) - resident,
                max(load.working.asked_bytes for load in of),
                None if None in used else max(peak for peak in used if peak is not None),
            )


def _peak(load: _Load) -> int | None:
    used = load.working.used_bytes
    return None if used is None else load.beside + used + CONTEXT_BYTES


def _judged(load: _Load, card: CardSpace, *, whole: bool) -> tuple[CardWord, str]:
    """What one part's turn comes to, and why."""
    free, working = card.free_bytes, load.working
    weights = load.beside if whole else 0
    needed = weights + working.least_bytes
    if needed > free:
        return _too_much(load.part.phase, needed, card, whole=whole)
    if weights + (working.used_bytes or 0) > free:
        asked = format_gib(weights + (working.used_bytes or 0))
        taken = _taken(load.part.phase, whole=whole)
        what = f"{taken} may take {asked} of VRAM where {format_gib(free)} are free"
        return "unknown", what
    if free == 0:
        return _too_much(load.part.phase, 1, card, whole=whole)
    if load.resident < load.part.bytes:
        return "streams", ""
    return "whole", ""


def _too_much(phase: Phase, needed: int, card: CardSpace, *, whole: bool) -> tuple[CardWord, str]:
    free = format_gib(card.free_bytes)
    taken = _taken(phase, whole=whole)
    what = f"{taken} take at least {format_gib(needed)} of VRAM where {free} are free"
    if whole and card.os == "windows":
        return "unknown", f"{what}: Windows uses shared memory, which is not modelled"
    return "out-of-memory", what


def _taken(phase: Phase, *, whole: bool) -> str:
    """What takes VRAM in a phase: its weights too, where they can't be streamed."""
    buffers = f"buffers of the {phase} phase"
    return f"weights and {buffers}" if whole else buffers
