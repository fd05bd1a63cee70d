"""Rules on weight groups: roles that a family has, and elements that every file of it has alike."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from fitplan.accounting.quantization import TENSOR_TYPES, types_of
from fitplan.accounting.weights import NOT_PARAMETERS, Role
from fitplan.catalog.problems import Loc
from fitplan.questions.check.families import families_of, roles_of
from fitplan.questions.check.quants import base_type, bits_of, has_named_bits, nominal_bits
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Mix, Subject

FULL = ("F32", "F16", "BF16")
_REST = (Role.WEIGHTS, Role.CONVOLUTION)
"""What takes up the elements of a role missing from a naming; attention of a VAE may be either."""
BITS_APART = 0.4
"""Types closer than this count as equally large."""
NEARLY = 0.25
"""Share by which a recipe's raised elements may differ and still be meant to be the same."""


def strange_roles(subject: Subject) -> Iterator[Hit]:
    """Roles that no tensor of the family has."""
    whole = subject.checkpoint_architectures
    for mix in (mix for mix in subject.mixes if mix.architecture_id not in whole):
        known = roles_of(mix.architecture.family)
        for role in mix.groups:
            if known and role not in known:
                message = f"{mix.architecture.family} has no {role}"
                others = ", ".join(sorted(known - {Role.QUANT_STATE, Role.BUFFERS}))
                yield (*mix.loc, role), message, f"its roles are {others}"


def missing_tables(subject: Subject) -> Iterator[Hit]:
    """Text encoders without a token embedding: what the tensors of its size are instead."""
    for mix in subject.mixes:
        family = mix.architecture.family
        encoder = family in families_of("encoder")
        if encoder and not mix.elements(Role.TOKEN_EMBEDDING):
            message = f"{mix.quant} of {mix.architecture_id} has no {Role.TOKEN_EMBEDDING}"
            yield mix.loc, message, "add it; a head that is the embedding is not stored"


def uneven_roles(subject: Subject) -> Iterator[Hit]:
    """Roles with more or fewer elements than in the architecture's other mixes."""
    by_architecture: dict[str, list[Mix]] = {}
    for mix in subject.mixes:
        by_architecture.setdefault(mix.architecture_id, []).append(mix)
    for mixes in by_architecture.values():
        counts = _usual(mixes)
        for mix in mixes:
            for role, usual in counts.items():
                held = mix.elements(role)
                if held not in (usual, 0):
                    message = f"{held:,} elements of {role}; the others have {usual:,}"
                    yield _role_loc(mix, role), message, "count the elements of each type again"
    yield from _lost_roles(subject)


def _usual(mixes: Sequence[Mix]) -> dict[Role, int]:
    """Role → its elements in most of the mixes that have it."""
    roles = {role for mix in mixes for role in mix.groups if role not in (*NOT_PARAMETERS, *_REST)}
    usual: dict[Role, int] = {}
    for role in sorted(roles):
        counts = Counter(mix.elements(role) for mix in mixes if mix.elements(role))
        usual[role] = counts.most_common(1)[0][0]
    return usual


def _role_loc(mix: Mix, role: Role) -> Loc:
    return (*mix.loc, role) if role in mix.groups else mix.loc


def _lost_roles(subject: Subject) -> Iterator[Hit]:
    """Roles that only one quantization of a recipe lacks, or has."""
    for mixes in _recipes(subject):
        roles = {
            role for mix in mixes for role in mix.groups if role not in (*NOT_PARAMETERS, *_REST)
        }
        for role in sorted(roles):
            without = [mix for mix in mixes if role not in mix.groups]
            alone = [mix for mix in mixes if role in mix.groups]
            if len(without) == 1 and len(alone) > 1:
                message = f"{without[0].quant} has no {role}, as its recipe's others have"
                yield without[0].loc, message, f"add {role}"
            elif len(alone) == 1 and len(without) > 1:
                message = f"only {alone[0].quant} of its recipe has {role}"
                yield (*alone[0].loc, role), message, "check the roles"


def _recipes(subject: Subject) -> Iterator[list[Mix]]:
    """The mixes of each recipe."""
    in_recipes = [mix for mix in subject.mixes if mix.loc[0] == "architectures"]
    for _, mixes in groupby(in_recipes, key=lambda mix: mix.loc[:4]):
        yield list(mixes)


def strange_mixes(subject: Subject) -> Iterator[Hit]:
    """Tensor types that a mix of this name doesn't have, or a publisher's others don't."""
    for mix in subject.mixes:
        yield from _strange_types(mix)
    for mixes in _recipes(subject):
        roles = dict.fromkeys(
            role for mix in mixes for role in mix.groups if role not in NOT_PARAMETERS
        )
        for role in roles:
            yield from _moved_from_full(mixes, role)
            yield from _moved_from_raised(mixes, role)
            yield from _crossed(mixes, role)


def _strange_types(mix: Mix) -> Iterator[Hit]:
    base = base_type(mix.quant)
    for role, types in mix.groups.items() if has_named_bits(mix) else ():
        if role in NOT_PARAMETERS or base not in types:
            continue
        for name in types:
            if name in types_of(mix.quant):
                continue
            twin = bits_of(name) == bits_of(base)
            if twin or bits_of(name) < bits_of(base):
                size = "as large as" if twin else "smaller than"
                message = f"{name} in a {mix.quant}, which is {size} its {base}"
                yield (*mix.loc, role, name), message, "check the types"


def _moved_from_full(mixes: Sequence[Mix], role: Role) -> Iterator[Hit]:
    """Elements in full precision that one packed quantization has more or fewer of."""
    packed = [mix for mix in mixes if role in mix.groups and _is_packed(mix)]
    if len({mix.elements(role) for mix in packed}) != 1:
        return
    amounts = {id(mix): _in(mix, role, FULL) for mix in packed}
    yield from _outlier(packed, role, amounts, "in full precision")
    for legacy in (False, True):
        alike = [mix for mix in packed if mix.quant.endswith(("_0", "_1")) is legacy]
        for name in FULL:
            of_type = {id(mix): _in(mix, role, (name,)) for mix in alike}
            if len(alike) == 2 and len(set(of_type.values())) == 2:
                message = f"{alike[0].quant} and {alike[1].quant} keep {role} in different types"
                for mix in alike:
                    yield (*mix.loc, role), message, "check which type they have"
            elif len({amounts[id(mix)] for mix in alike}) == 1:
                yield from _outlier(alike, role, of_type, f"in {name}")


def _is_packed(mix: Mix) -> bool:
    """Whether a mix is named after a GGML quantization; other formats keep what they like."""
    base = TENSOR_TYPES.get(base_type(mix.quant))
    return base is not None and base.quantized and base.ggml_id is not None


def _in(mix: Mix, role: Role, names: Sequence[str]) -> int:
    return sum(mix.groups[role].get(name, 0) for name in names)


def _outlier(
    mixes: Sequence[Mix], role: Role, amounts: dict[int, int], what: str, share: float = 0
) -> Iterator[Hit]:
    """The one mix with another amount than all others, of which there are at least two.

    With `share`, only one that differs by less than this share of the others' amount.
    """
    common = Counter(amounts[id(mix)] for mix in mixes).most_common()
    if len(common) != 2 or common[1][1] != 1 or common[0][1] < 2:
        return
    usual, odd = common[0][0], common[1][0]
    if share and not (odd and abs(odd - usual) < share * usual):
        return
    mix = next(mix for mix in mixes if amounts[id(mix)] == odd)
    message = f"{odd:,} elements of {role} {what}; its recipe's others have {usual:,}"
    yield (*mix.loc, role), message, "check which type they have"


def _moved_from_raised(mixes: Sequence[Mix], role: Role) -> Iterator[Hit]:
    """Elements in a packed type above the mix's own, in quantizations of one size (K_M)."""
    sized = [m for m in mixes if role in m.groups and base_type(m.quant) in m.groups[role]]
    for ending in ("_S", "_M", "_L"):
        alike = [mix for mix in sized if mix.quant.endswith(ending)]
        amounts = {id(mix): _raised(mix, role) for mix in alike}
        what = f"in types above the {ending[1:]} mix's own"
        yield from _outlier(alike, role, amounts, what, NEARLY)


def _raised(mix: Mix, role: Role) -> int:
    types = mix.groups[role]
    return sum(n for name, n in types.items() if name not in FULL and name != base_type(mix.quant))


def _crossed(mixes: Sequence[Mix], role: Role) -> Iterator[Hit]:
    """A role that takes fewer bits than in a lower quantization of the same size (K_M)."""
    if role is Role.VECTORS:
        return
    for ending in ("_S", "_M", "_L", "_0"):
        ladder = sorted(
            (m for m in mixes if role in m.groups and m.quant.endswith(ending)),
            key=lambda mix: -nominal_bits(mix.quant),
        )
        for mix, lower in pairwise(ladder):
            apart = nominal_bits(mix.quant) - nominal_bits(lower.quant)
            fewer = _role_bits(lower, role) - _role_bits(mix, role) > BITS_APART
            if apart > BITS_APART and fewer:
                message = f"{role} takes fewer bits in {mix.quant} than in {lower.quant}"
                yield (*mix.loc, role), message, "check the types of both"


def _role_bits(mix: Mix, role: Role) -> float:
    types = mix.groups[role]
    return sum(bits_of(name) * n for name, n in types.items()) / sum(types.values())


RULES = (
    error("role", "A family has every role of its weight groups.", strange_roles),
    error("no-embedding", "Every text encoder has a token embedding.", missing_tables),
    error("role-elements", "A role has the same elements in every mix.", uneven_roles),
    warning("mix", "Types of a mix are those of its name and recipe.", strange_mixes),
)
