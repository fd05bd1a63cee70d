"""How an architecture shows itself in tensor names: the shape of the tables of families.

A *mark* is a tensor name with every number written `N` (`blocks.3.norm.weight` →
`blocks.N.norm.weight`), alone or with an axis and the length it must have there. All marks of a
pattern share one prefix, whatever it is. The first pattern that fits wins, so special cases stand
before general ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fitplan.accounting.weights import Kind
from fitplan.architectures.roles import BY_FAMILY, RolePatterns

Mark = str | tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How one family looks in one naming."""

    family: str
    kind: Kind
    name: str
    marks: tuple[Mark, ...]
    width: tuple[str, int] | None = None
    """Name and axis of a tensor whose length is the hidden size."""
    sizes: Mapping[int, str] = field(default_factory=dict)
    """Hidden size → readable name, where it tells one model from another."""
    blocks: tuple[str, ...] = ()
    """What precedes a block's number."""
    beside: tuple[str, ...] = ()
    """Endings of names that must be there too, under any prefix."""
    absent: tuple[str, ...] = ()
    """Endings of names that must not be there."""
    at_most: int = 0
    """The largest number of blocks; 0: any."""
    more_roles: RolePatterns = ()

    @property
    def roles(self) -> RolePatterns:
        """Patterns of this naming and of the family."""
        return (*self.more_roles, *BY_FAMILY.get(self.family, ()))
