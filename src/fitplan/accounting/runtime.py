"""A program that loads model files: its rules, its fit test, its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from fitplan.accounting.fitting import FitTest, Together
from fitplan.accounting.residency import (
    Residency,
    Unsupported,
    apply,
    of_parts,
    plain_sum,
    without_source,
)
from fitplan.accounting.rules import Rule, Scratch
from fitplan.accounting.weights import WeightFile


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
    rules: tuple[Rule, ...]
    """The first that applies to a file wins."""
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
    source: str = ""
    """Where the fit test and the settings were read or measured."""

    @property
    def spec(self) -> str:
        """`name@version`, as users and observations write it."""
        return f"{self.name}@{self.version}"

    def residency(self, file: WeightFile) -> Residency | Unsupported:
        """What `file` becomes when this runtime loads it; a checkpoint: those parts it takes."""
        if file.parts:
            parts = [(part, self.residency(part)) for part in file.parts]
            denoiser = parts[0][1]
            return of_parts(parts) if isinstance(denoiser, Residency) else denoiser
        if not file.family:
            return plain_sum(file)
        rule = next((r for r in self.rules if r.applies_to(file)), None)
        if rule is None:
            return Unsupported(f"{self.title} does not load {file.family} from {file.container}")
        strange = sorted({g.type for g in file.groups} - rule.loads)
        if strange:
            return Unsupported(
                f"{self.title} cannot work with {', '.join(strange)} in {file.family}"
            )
        found = apply(rule, file, self.workspace)
        lines = map(without_source, found.lines) if self.converts_in_place else found.lines
        return replace(found, lines=tuple(lines), scratch=self.scratch_of(file))
