"""Tells an architecture by all of its tensors, never by a file's name.

A match explains every tensor: all that the architecture requires are there, and nothing is left but
what counts as no parameter. Blocks may be more or fewer and shapes other ones: then the file is a
variant, and `differences` says how. Anything else is unknown, and `nearest` says what it almost is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fitplan.accounting.weights import Kind, Tensor
from fitplan.architectures.architecture import KnownArchitecture
from fitplan.architectures.comparing import Contents, TensorComparison, compare
from fitplan.architectures.differences import differences, near_miss
from fitplan.architectures.families import FAMILIES, NAMING_ROLES, roles_of
from fitplan.architectures.known import Shortlist, candidates, declarable, table_called
from fitplan.architectures.names import is_svdquant, original
from fitplan.architectures.roles import LOW_RANK_BRANCH, RolePatterns, labelled, named_role
from fitplan.architectures.table import Table
from fitplan.architectures.tabulation import elements_of

_UNRELIABLE = frozenset({"", "pig"})
"""Values of `general.architecture` that say nothing."""
_LEAST_LIKENESS = 3
"""A near miss has at most this part of its tensors wrong: one in three."""


def component(tensors: Sequence[Tensor], declared: str) -> KnownArchitecture:
    """The one architecture that `tensors` make up; `declared` is GGUF's `general.architecture`."""
    state = (LOW_RANK_BRANCH,) if is_svdquant(tensor.name for tensor in tensors) else ()
    contents = Contents(_of_the_model(tensors, state))
    groups = candidates(contents.shapes)
    compared = _compared(contents, groups, declared)
    matching = [comparison for comparison in compared if _is_match(comparison)]
    if not matching:
        return _unknown(tensors, state, _nearest(compared))
    best = min(matching, key=lambda c: (_contradicts(c.table, declared), *c.distance))
    if _contradicts(best.table, declared):
        alike = _others_alike(contents, groups, best)
        return _contradiction(tensors, state, contents, best, alike, declared)
    return _known(tensors, state, contents, best)


def _is_match(comparison: TensorComparison) -> bool:
    """Whether a file is the architecture or a variant of it, where it has any."""
    if comparison.table.head.exact:
        return comparison.matches and not any(comparison.distance)
    return comparison.matches


def _of_the_model(tensors: Iterable[Tensor], state: RolePatterns) -> dict[str, Tensor]:
    """The tensors that the architecture has names for, by these names."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        if not tensor.is_state and named_role(tensor.name, state) is None:
            name = original(tensor.name)
            found[tensor.name if name in found else name] = tensor
    return found


def _compared(
    contents: Contents, groups: Sequence[Shortlist], declared: str
) -> Sequence[TensorComparison]:
    """Comparisons with the tables of the best groups, up to one that has a match."""
    found: list[TensorComparison] = []
    for group in groups:
        if found and (2 * group.score < groups[0].score or any(map(_is_match, found))):
            break
        for table in _promising(contents, group, declared):
            found.append(compare(contents, table, group.roots))
            if found[-1].matches and not any(found[-1].distance[:2]):
                return found
    return found


def _promising(contents: Contents, group: Shortlist, declared: str) -> Sequence[Table]:
    """The tables of a group that may be the file's, those of the most like shapes first."""
    fitting = [table for table in group.tables if _may_be(table, group, declared)]
    if len(fitting) == 1:
        return fitting
    root = group.roots[0] or ""
    return sorted(
        fitting,
        key=lambda table: (
            _contradicts(table, declared),
            not table.head.under,
            _strangeness(contents, table, root),
        ),
    )


def _may_be(table: Table, group: Shortlist, declared: str) -> bool:
    head = table.head
    under = not head.under or (group.roots[0] or "").endswith(f"{head.under}.")
    return under and (not head.only_if_named or declared in head.gguf)


def _strangeness(contents: Contents, table: Table, root: str) -> int:
    """How many tensors have other shapes than the table says, of one per line."""
    shapes = contents.shapes
    return sum(shapes.get(root + name) != shape for name, shape in table.main.samples)


def _contradicts(table: Table, declared: str) -> bool:
    """Whether `general.architecture` says that a file is something else."""
    goes_by = table.head.gguf
    return bool(goes_by) and declared not in _UNRELIABLE and declared not in goes_by


def _known(
    tensors: Sequence[Tensor], state: RolePatterns, contents: Contents, best: TensorComparison
) -> KnownArchitecture:
    head = best.table.head
    width, usual = _width(contents, best)
    same_size = width == usual or head.family not in FAMILIES
    roles = (*NAMING_ROLES.get(head.roles, ()), *roles_of(head.family, head.kind))
    return KnownArchitecture(
        family=head.family,
        kind=head.kind,
        name=head.name if same_size else FAMILIES[head.family].title,
        hidden_size=width,
        blocks=sum(count for _, count in best.counts[0]),
        tensors=labelled(tensors, (*state, *roles)),
        differences=differences(_from_base(contents, best)),
    )


def _from_base(contents: Contents, best: TensorComparison) -> TensorComparison:
    """The comparison that tells how a file differs: with the table of which it is a variant."""
    base = best.table.head.variant_of
    return compare(contents, table_called(base), best.roots) if base else best


def _width(contents: Contents, best: TensorComparison) -> tuple[int, int]:
    """The file's hidden size, and that of the table; 0 where the table names none."""
    if best.table.head.width is None:
        return 0, 0
    name, axis = best.table.head.width
    usual = next(line.shape for line in best.table.main.lines if name in line.names())
    shape = contents.shapes[(best.roots[0] or "") + name]
    folded = len(shape) != len(usual) or elements_of(shape) == elements_of(usual)
    return (usual if folded else shape)[axis], usual[axis]


def _contradiction(
    tensors: Sequence[Tensor],
    state: RolePatterns,
    contents: Contents,
    best: TensorComparison,
    alike: bool,
    declared: str,
) -> KnownArchitecture:
    """A file whose tensors are one thing and whose `general.architecture` says another.

    Tensors that are of one family alone are believed, with a word about it; else nothing is.
    """
    head = best.table.head
    if alike:
        said = f"{head.name} by its tensors, but general.architecture is {declared!r}"
        return _unknown(tensors, state, said)
    found = _known(tensors, state, contents, best)
    if declared not in declarable():
        return found
    said = f"general.architecture is {declared!r}, not {' or '.join(map(repr, head.gguf))}"
    return replace(found, differences=(*found.differences, said))


def _others_alike(contents: Contents, groups: Sequence[Shortlist], best: TensorComparison) -> bool:
    """Whether the file's tensors are as well those of another family."""
    family = best.table.head.family
    group = next(group for group in groups if best.table in group.tables)
    others = (table for table in group.tables if table.head.family != family)
    compared = (compare(contents, table, group.roots) for table in others)
    return any(comparison.matches and not comparison.reshaped for comparison in compared)


def _nearest(compared: Iterable[TensorComparison]) -> str:
    best = min(compared, key=lambda c: (c.misfits, *c.distance), default=None)
    if best is None or _LEAST_LIKENESS * best.misfits > best.expected + len(best.unexplained):
        return ""
    return near_miss(best)


def _unknown(tensors: Sequence[Tensor], state: RolePatterns, nearest: str) -> KnownArchitecture:
    found = labelled(tensors, state)
    return KnownArchitecture("", Kind.UNKNOWN, "unknown", 0, 0, found, nearest=nearest)
