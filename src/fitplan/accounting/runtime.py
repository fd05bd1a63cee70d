"""A program that loads model files: its rules, its fit test, its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from fitplan.accounting.card_rules import NO_CARD_RULE, CardRule
from fitplan.accounting.fitting import FitTest, Together
from fitplan.accounting.residency import (
    Outcome,
    Unsupported,
    apply,
    of_parts,
    without_source,
)
from fitplan.accounting.rules import LoadingRule, Refusal, Scratch
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container, WeightFile


def _no_scratch(file: WeightFile) -> None:
    """Nothing is known to be needed besides the weights."""


@dataclass(frozen=True, slots=True)
class BudgetSetting:
    """The one key of a runtime's settings file that limits its cache."""

    file: str
    """Name of the YAML file, in the runtime's root folder."""
    key: str
    value: Callable[[int], str]
    """Budget in bytes → the key's value as it is written."""
    default: Callable[[int, int | None], int]
    """Bytes of RAM and of VRAM (None: no GPU) → the budget in bytes when the key isn't set."""
    default_why: str
    """How that default comes about."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A program that loads model files, at one version and in one mode."""

    name: str
    version: str
    title: str
    """Name and version as people write them."""
    rules: tuple[LoadingRule, ...]
    """The first that applies to a file wins."""
    refusals: tuple[Refusal, ...] = field(default=(), kw_only=True)
    """What is known not to load; the first that applies gives the reason."""
    budget_name: str
    """What a budget limits: "InvokeAI 6.14's model cache"."""
    settings: Callable[[int], str]
    """Budget in bytes → what the user writes or types for it and for these modes."""
    without_settings: str
    """What the runtime does when those lines are missing."""
    workspace: Mapping[str, int] = field(default_factory=dict)
    """Tensor type → scratch bytes per 32 elements while a tensor is converted from it."""
    budget_setting: BudgetSetting | None = None
    """None: the budget can't be set in a file."""
    converts_in_place: bool = False
    """Whether a converted tensor's source is let go at once, not when the load ends."""
    own_encoders: frozenset[str] = frozenset()
    """Families whose text encoders come out of the model's own folder or checkpoint only."""
    fit: FitTest = field(default_factory=Together)
    """What must be held at the same time, and what else takes room."""
    scratch_of: Callable[[WeightFile], Scratch | None] = _no_scratch
    """Memory that running a file needs besides its weights."""
    miss: str = ""
    """What happens to a pair that doesn't fit."""
    modes: Mapping[str, str] = field(default_factory=dict)
    """What the user can set and these rules depend on: name → value."""
    cheaper: tuple["Runtime", ...] = ()
    """The same program in modes that need less, the least costly in time or quality first."""
    card: CardRule = NO_CARD_RULE
    """What lies on the card while an image is made."""
    keeps_parts: bool = False
    """Whether loaded parts stay in RAM however little there is: the system swaps, or kills."""
    source: str = ""
    """Where the fit test and the settings were read or measured."""
    asked: str = ""
    """The version that these rules stand for, being the newest known for it; "": their own."""

    @property
    def spec(self) -> str:
        """`name@version`, as users and observations write it."""
        return f"{self.name}@{self.version}"

    def standing_for(self, asked: str) -> "Runtime":
        """These rules for version `asked`, which has none of its own; titles say so."""
        said = f" (the newest rules for {asked})"
        return replace(
            self,
            asked=asked,
            title=self.title + said,
            budget_name=self.budget_name + said,
            cheaper=tuple(other.standing_for(asked) for other in self.cheaper),
        )

    def residency(self, file: WeightFile) -> Outcome:
        """What `file` becomes when this runtime loads it, why it doesn't, or why that is unknown.

        Of a checkpoint: what those parts become that the runtime takes out of it.
        """
        if file.parts:
            return of_parts([(part, self.residency(part)) for part in file.parts])
        if file.unknown_packing:
            return file.unknown_packing
        rule = next((r for r in self.rules if r.applies_to(file)), None)
        if rule is None:
            return self._without_rule(file, _described(file))
        strange = sorted({group.type for group in file.groups} - rule.loads)
        if strange:
            return self._without_rule(file, f"{', '.join(strange)} in {_described(file)}")
        found = apply(rule, file, self.workspace)
        lines = map(without_source, found.lines) if self.converts_in_place else found.lines
        return replace(found, lines=tuple(lines), scratch=self.scratch_of(file))

    def _without_rule(self, file: WeightFile, what: str) -> Unsupported | Unknown:
        refusal = next((r for r in self.refusals if r.applies_to(file)), None)
        if refusal is None:
            return Unknown(f"no rules for {what} in {self.title}")
        return Unsupported(f"{self.title} {refusal.explained(file)}", refusal.source)


def _described(file: WeightFile) -> str:
    family = file.family or "an unknown architecture"
    return f"{family} from {_CONTAINERS[file.container]}"


_CONTAINERS = {
    Container.GGUF: "GGUF",
    Container.SAFETENSORS: "one safetensors file",
    Container.FOLDER: "a folder",
}
