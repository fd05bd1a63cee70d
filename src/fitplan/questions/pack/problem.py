"""Which set of models stays resident together, as a problem in integers. Pure; knows no catalog.

Every *item* is a file of a *component*. A *bundle* (a pipeline) is in when one of its *options*
(a denoiser and an encoder) is loaded, and some file of each of its other components. A file that
several bundles use is loaded, and counted, once; of every component at most one file is loaded.
That loses nothing: where two files of a component are loaded, the better one alone serves all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Objective = Literal["value", "count"]
Resource = Literal["cache_bytes", "real_bytes"]


@dataclass(frozen=True, slots=True)
class Item:
    """One file, and what it costs while it is loaded."""

    component: str
    cache_bytes: int
    real_bytes: int


@dataclass(frozen=True, slots=True)
class Option:
    """One pair that a bundle can be loaded as; `denoiser` and `encoder` are indexes of items."""

    denoiser: int
    encoder: int
    value: int
    """Whole points, of any scale; more is better."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One pipeline."""

    id: str
    options: tuple[Option, ...]
    rest: tuple[str, ...] = ()
    """Components of which it needs any one file besides."""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be loaded at most, in bytes; `real_bytes` None: the machine's RAM isn't known."""

    cache_bytes: int
    real_bytes: int | None = None

    def of(self, resource: Resource) -> int | None:
        """The limit on one resource."""
        return self.cache_bytes if resource == "cache_bytes" else self.real_bytes

    def raised(self, extra: int) -> "Limits":
        """Both limits, `extra` bytes higher."""
        real = None if self.real_bytes is None else self.real_bytes + extra
        return Limits(self.cache_bytes + extra, real)


@dataclass(frozen=True, slots=True)
class PackingProblem:
    """Files, the bundles that use them, and the limits they share."""

    items: tuple[Item, ...]
    bundles: tuple[Bundle, ...]
    limits: Limits

    def items_of(self, component: str) -> list[int]:
        """Indexes of a component's files."""
        return [i for i, item in enumerate(self.items) if item.component == component]


@dataclass(frozen=True, slots=True)
class Selection:
    """A set of loaded files, and the option that each bundle among them is loaded as."""

    loaded: frozenset[int]
    chosen: tuple[tuple[int, Option], ...]
    """Index of a bundle, and its option."""

    @property
    def value(self) -> int:
        """Points of all bundles."""
        return sum(option.value for _, option in self.chosen)

    @property
    def count(self) -> int:
        """Bundles that are in."""
        return len(self.chosen)

    def score(self, objective: Objective) -> tuple[int, int]:
        """What is maximized first, and what decides between equals."""
        return (self.value, self.count) if objective == "value" else (self.count, self.value)


@dataclass(frozen=True, slots=True)
class Proof:
    """How sure it is that no set is better."""

    status: Literal["optimal", "time-limit", "interrupted"]
    gap: float = 0.0
    """How much better another set might be, as a share of this one's value (or count)."""


def total(problem: PackingProblem, loaded: Iterable[int], resource: Resource) -> int:
    """Bytes that a set of files takes, each counted once."""
    return sum(getattr(problem.items[i], resource) for i in loaded)


def settle(problem: PackingProblem, loaded: frozenset[int], objective: Objective) -> Selection:
    """The best that can be made of `loaded`; files that nothing uses are unloaded."""
    present = {problem.items[i].component for i in loaded}
    chosen = []
    for b, bundle in enumerate(problem.bundles):
        options = [o for o in bundle.options if {o.denoiser, o.encoder} <= loaded]
        best = max(options, key=lambda option: option.value, default=None)
        if best is None or not present.issuperset(bundle.rest):
            continue
        if bundle.required or objective == "count" or best.value > 0:
            chosen.append((b, best))
    return Selection(_used(problem, loaded, chosen), tuple(chosen))


def _used(
    problem: PackingProblem, loaded: frozenset[int], chosen: list[tuple[int, Option]]
) -> frozenset[int]:
    pairs = {i for _, option in chosen for i in (option.denoiser, option.encoder)}
    rest = {component for b, _ in chosen for component in problem.bundles[b].rest}
    return frozenset(i for i in loaded if i in pairs or problem.items[i].component in rest)


def fault(problem: PackingProblem, selection: Selection) -> str:
    """What is wrong with a selection, re-added in integers; "" when it holds."""
    loaded = selection.loaded
    components = [problem.items[i].component for i in loaded]
    if len(set(components)) < len(components):
        return "two files of one component are loaded"
    for b, option in selection.chosen:
        bundle = problem.bundles[b]
        if option not in bundle.options or not {option.denoiser, option.encoder} <= loaded:
            return f"{bundle.id} is not loaded as it is said to be"
        if not set(components).issuperset(bundle.rest):
            return f"{bundle.id} lacks a part"
    indexes = [b for b, _ in selection.chosen]
    if len(set(indexes)) < len(indexes):
        return "a model is in twice"
    if any(bundle.required and b not in indexes for b, bundle in enumerate(problem.bundles)):
        return "a wanted model is missing"
    return "" if within(problem, loaded) else "more bytes than the limit"


def within(problem: PackingProblem, loaded: Iterable[int]) -> bool:
    """Whether a set of files keeps to all limits."""
    files = frozenset(loaded)
    resources: tuple[Resource, ...] = ("cache_bytes", "real_bytes")
    limits = ((total(problem, files, r), problem.limits.of(r)) for r in resources)
    return all(limit is None or size <= limit for size, limit in limits)


def first_guess(problem: PackingProblem, objective: Objective) -> Selection | None:
    """A set that keeps to the limits, found greedily; None when the wanted models weren't placed.

    Wanted models first, then those that need the fewest bytes, each as cheaply as it comes.
    """
    loaded: frozenset[int] = frozenset()
    order = sorted(problem.bundles, key=lambda b: (not b.required, _cheapest(problem, b)))
    for bundle in order:
        loaded = _grown(problem, loaded, bundle) or loaded
    selection = settle(problem, loaded, objective)
    return None if fault(problem, selection) else selection


def _cheapest(problem: PackingProblem, bundle: Bundle) -> int:
    costs = [total(problem, {o.denoiser, o.encoder}, "cache_bytes") for o in bundle.options]
    return min(costs, default=0)


def _grown(
    problem: PackingProblem, loaded: frozenset[int], bundle: Bundle
) -> frozenset[int] | None:
    """`loaded` and the fewest more bytes that bring `bundle` in; None when nothing fits."""
    taken = {problem.items[i].component: i for i in loaded}
    rest = frozenset(
        min(problem.items_of(c), key=lambda i: problem.items[i].cache_bytes)
        for c in bundle.rest
        if c not in taken
    )
    ways = [
        loaded | rest | {option.denoiser, option.encoder}
        for option in bundle.options
        if all(
            taken.get(problem.items[i].component, i) == i for i in (option.denoiser, option.encoder)
        )
    ]
    fitting = [way for way in ways if within(problem, way)]
    return min(fitting, key=lambda way: total(problem, way, "cache_bytes"), default=None)
