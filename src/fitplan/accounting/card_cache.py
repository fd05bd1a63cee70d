"""A cache of models on a card, in bytes: what each lock offloads, loads and leaves to stream."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitplan.units import MIB

MORE = MIB
"""Loaded beyond what is free: layers that can't be streamed."""


@dataclass(frozen=True, slots=True)
class CachedPart:
    """A model that is locked while it runs."""

    bytes: int
    asked_bytes: int
    """Working memory that stays free of weights while it is locked."""
    last_bytes: int = 0
    """Of its last tensor, where that is large: it is loaded whole or not at all."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The card while a part is locked."""

    resident_bytes: int
    """Of the part."""
    all_bytes: int
    """Of all parts."""
    uploaded_bytes: int
    """What the lock moved to the card."""


def second_image(parts: Sequence[CachedPart], free: int, *, partial: bool) -> tuple[Lock, ...]:
    """The locks of an image that follows another of the same models, in order of use.

    `free` is the card without weights; `partial`: whether part of a model may be moved.
    """
    resident = [0] * len(parts)
    for index in range(len(parts)):
        _lock(parts, resident, index, free, partial)
    return tuple(_lock(parts, resident, index, free, partial) for index in range(len(parts)))


def _lock(
    parts: Sequence[CachedPart], resident: list[int], index: int, free: int, partial: bool
) -> Lock:
    part = parts[index]
    room = free - part.asked_bytes
    _offload(parts, resident, index, room, partial)
    available = room - sum(resident)
    if partial and available < 0:
        resident[index] -= min(resident[index], -available)
        available = room - sum(resident)
    missing = part.bytes - resident[index]
    loaded = missing
    if partial and available + MORE < missing:
        loaded = max(0, min(available + MORE, missing - part.last_bytes))
    resident[index] += loaded
    return Lock(resident[index], sum(resident), loaded)


def _offload(
    parts: Sequence[CachedPart], resident: list[int], index: int, room: int, partial: bool
) -> None:
    """Others leave, the smallest first, until the part has what it misses."""
    others = sorted((i for i in range(len(parts)) if i != index), key=lambda i: parts[i].bytes)
    for other in others:
        needed = parts[index].bytes - resident[index] - (room - sum(resident))
        if needed > 0:
            resident[other] -= min(resident[other], needed) if partial else resident[other]
