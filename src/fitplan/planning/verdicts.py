"""What a machine makes of a pair: whether its RAM holds it, and what lies on its card."""

from collections.abc import Iterator
from dataclasses import dataclass

from fitplan.accounting.card import CardPart, CardVerdict, card_verdict
from fitplan.accounting.card_rules import CardSpace, Phase, Picture
from fitplan.machine.computer import Machine
from fitplan.planning.candidates import Candidates
from fitplan.planning.pairs import Choice, Plan
from fitplan.planning.ram import RamVerdict, ram_need, ram_verdict

NO_CARD = CardVerdict("unknown", reason="the machine has no graphics card")
NOT_KNOWN = CardVerdict("unknown", reason="the card is not known: say --vram SIZE or --gpu NAME")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of one pair."""

    ram: RamVerdict
    card: CardVerdict

    @property
    def standing(self) -> int:
        """0: the machine holds the pair; 1: unknown; 2: it does not."""
        if self.card.verdict == "out-of-memory":
            return 2
        if self.ram.verdict == "unknown":
            return 1
        return 0 if self.ram.runs else 2


class Judge:
    """Judges pairs of `candidates` on `machine`, for images like `picture`."""

    def __init__(self, candidates: Candidates, machine: Machine, picture: Picture) -> None:
        self.candidates = candidates
        self.machine = machine
        self.picture = picture
        self._decoders: dict[str, Choice] = {}

    def of(self, plan: Plan) -> Verdicts:
        """What the machine makes of `plan`."""
        return Verdicts(self._ram(plan), self._card(plan))

    def holds(self, plan: Plan) -> bool:
        """Whether nothing is known against `plan` on this machine."""
        return self.of(plan).standing < 2

    def _ram(self, plan: Plan) -> RamVerdict:
        runtime = self.candidates.runtime
        need = ram_need([choice.residency for _, choice in in_order(plan)])
        miss = runtime.miss
        return ram_verdict(need, self.machine, keeps_parts=runtime.keeps_parts, miss=miss)

    def _card(self, plan: Plan) -> CardVerdict:
        card, vram = self.machine.card, self.machine.vram_bytes
        if vram == 0:
            return NO_CARD
        if card is not None and card.integrated:
            shared = f"how much RAM {card.name or 'the card'} may use is not known"
            return CardVerdict("unknown", reason=shared)
        if card is None or vram is None:
            return NOT_KNOWN
        space = CardSpace(vram, card.vendor or "", self.machine.os or "")
        parts = [self._part(phase, choice, space) for phase, choice in in_order(plan)]
        return card_verdict(self.candidates.runtime.card, parts, space, self.picture)

    def _part(self, phase: Phase, choice: Choice, space: CardSpace) -> CardPart:
        decodes = phase == "decode" and choice.file.home is None
        used = self._decoder(choice) if decodes else choice
        lines = used.residency.lines
        tied = (line.real_bytes for line in lines if 0 < line.real_bytes < line.cache_bytes)
        last = max(tied, default=0)
        return CardPart(phase, used.file.weights, used.residency.cache_bytes, last)

    def _decoder(self, choice: Choice) -> Choice:
        """Of files that cost the cache the same, one in the form that most users have: one file.

        InvokeAI asks for more working memory when it decodes with it than with a folder.
        """
        id = choice.file.component_id
        if id not in self._decoders:
            size = choice.residency.cache_bytes
            same = [c for c in self.candidates.of(id) if c.residency.cache_bytes == size]
            one_file = (c for c in same if c.file.weights.container != "folder")
            self._decoders[id] = next(one_file, choice)
        return self._decoders[id]


def in_order(plan: Plan) -> Iterator[tuple[Phase, Choice]]:
    """The files of a plan as an image needs them: text encoders, denoiser, VAE."""
    yield "encode", plan.encoder
    for choice in plan.others[:-1]:
        yield "encode", choice
    yield "denoise", plan.denoiser
    for choice in plan.others[-1:]:
        yield "decode", choice
