"""Rules on quantizations: names that exist, and weights that are what their name says."""

from collections.abc import Iterator

from fitplan.accounting.quantization import (
    GGML_TYPES,
    INTEGER_TYPES,
    QUANT_NAMES,
    TENSOR_TYPES,
    types_of,
)
from fitplan.accounting.weights import NOT_PARAMETERS, Container, Role
from fitplan.errors import unknown_name
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Mix, Site, Subject

LEAST = 0.97
MOST = 2.5
"""Of its nominal bits per weight: what a small model with large unquantized parts comes to."""

_ANYWHERE = frozenset({"F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"})
_GGML = frozenset(t.name for t in GGML_TYPES.values()) - _ANYWHERE


def base_type(quant: str) -> str:
    """The smallest tensor type that a quantization is named after; "" when there is none."""
    return min(types_of(quant), key=bits_of, default="")


def bits_of(name: str) -> float:
    """Bits per element of a tensor type."""
    kind = TENSOR_TYPES[name]
    return kind.block_bytes * 8 / kind.block_size


def nominal_bits(quant: str) -> float:
    """Bits per weight of the type that a quantization is named after; 0 when there is none."""
    base = base_type(quant)
    return bits_of(base) if base else 0.0


def unknown_quants(subject: Subject) -> Iterator[Hit]:
    """Quantization names that don't exist."""
    for mix in subject.mixes:
        if not types_of(mix.quant):
            loc = (*mix.loc[:-1], "quant") if mix.loc[-1] == "weights" else mix.loc
            hint = unknown_name("quantization", mix.quant, list(QUANT_NAMES)).hint
            yield loc, f"no quantization is called {mix.quant!r}", hint


def wrong_elements(subject: Subject) -> Iterator[Hit]:
    """Weight groups that don't add up to the architecture's parameters."""
    by_architecture: dict[str, list[Mix]] = {}
    for mix in subject.mixes:
        if packed := _packed(mix):
            message = f"{packed} weights of unknown packing: their parameters can't be counted"
            yield mix.loc, message, "name the types that the weights amount to: INT8_BNB, NVFP4 …"
        else:
            by_architecture.setdefault(mix.architecture_id, []).append(mix)
    for id, mixes in by_architecture.items():
        vision = max(mix.elements(Role.VISION) for mix in mixes)
        wrong = [mix for mix in mixes if not _adds_up(mix, vision)]
        counts = {_held(mix) for mix in wrong}
        if len(wrong) == len(mixes) > 1 and len(counts) == 1 and id in subject.file.architectures:
            stated, held = mixes[0].architecture.parameters, counts.pop()
            message = f"{stated:,} parameters, but every recipe has {held:,} elements"
            yield ("architectures", id, "parameters"), message, f"did you mean {held}?"
        else:
            yield from (_wrong(mix) for mix in wrong)


def _packed(mix: Mix) -> str:
    """The integer types of a mix's weights, which tell no number of parameters; "" without."""
    weights = (types for role, types in mix.groups.items() if role not in NOT_PARAMETERS)
    return ", ".join(sorted({name for types in weights for name in types} & INTEGER_TYPES))


def _held(mix: Mix) -> int:
    return mix.elements() - mix.elements(*NOT_PARAMETERS)


def _adds_up(mix: Mix, vision: int) -> bool:
    """Single T5 files and some GGUFs store the embedding twice, as an output head.

    Files of the text model alone lack the vision tower, `vision` elements in other files.
    """
    missing = 0 if Role.VISION in mix.groups else vision
    extra = _held(mix) + missing - mix.architecture.parameters
    head, embedding = (mix.elements(r) for r in (Role.OUTPUT_HEAD, Role.TOKEN_EMBEDDING))
    return extra == 0 or extra == head == embedding


def _wrong(mix: Mix) -> Hit:
    held, stated = _held(mix), mix.architecture.parameters
    off = f"{abs(held - stated):,} too {'many' if held > stated else 'few'}"
    message = f"{mix.quant} has {held:,} elements, but {mix.architecture_id} {stated:,}: {off}"
    return mix.loc, message, "count the elements of each type again"


def wrong_bits(subject: Subject) -> Iterator[Hit]:
    """Mixes with more or fewer bits per weight than their name allows."""
    for mix in subject.mixes:
        if not has_named_bits(mix):
            nominal, bits = nominal_bits(mix.quant), _bits(mix)
            message = f"{bits:.2f} bits per weight, and {mix.quant} is named for {nominal:.2f}"
            yield mix.loc, message, _named_for(bits)


def has_named_bits(mix: Mix) -> bool:
    """Whether a mix has about as many bits per weight as its name says, if its name says so."""
    nominal = nominal_bits(mix.quant)
    return not nominal or LEAST * nominal <= _bits(mix) <= MOST * nominal


def _bits(mix: Mix) -> float:
    groups = [(r, t, n) for r, types in mix.groups.items() for t, n in types.items()]
    weights = [(t, n) for role, t, n in groups if role not in NOT_PARAMETERS]
    elements = sum(n for _, n in weights)
    return 8 * sum(TENSOR_TYPES[t].bytes_for(n) for t, n in weights) / elements if elements else 0


def _named_for(bits: float) -> str:
    near = [q for q in QUANT_NAMES if nominal_bits(q) <= bits * 1.02]
    best = max(near, key=nominal_bits, default="")
    return (
        f"these are weights of a {best}: check quant and weights" if best else "check the weights"
    )


def misnamed(subject: Subject) -> Iterator[Hit]:
    """Mixes without a single tensor of the type they are named after."""
    for mix in subject.mixes:
        bases = types_of(mix.quant)
        types = {name for groups in mix.groups.values() for name in groups}
        if bases and types.isdisjoint(bases):
            named = " or ".join(bases)
            message = f"{mix.quant} without any {named}: it has {', '.join(sorted(types))}"
            yield mix.loc, message, "check quant and types"


def wrong_formats(subject: Subject) -> Iterator[Hit]:
    """Tensor types in a format that can't hold them."""
    for site in subject.sites:
        strange = strange_types(site)
        if strange:
            message = f"{', '.join(strange)} in {site.release.format}"
            yield site.loc, message, "check format, quant and weights"


def strange_types(site: Site) -> list[str]:
    """Tensor types that a file's format can't hold."""
    types = {group.type for group in site.file.weights.groups} - _ANYWHERE
    gguf = site.release.format is Container.GGUF
    return sorted(types - _GGML if gguf else types & _GGML)


RULES = (
    error("unknown-quant", "Every quantization name exists.", unknown_quants),
    error("elements", "Weight groups add up to the parameters.", wrong_elements),
    error("bits-per-weight", "Weights are as large as their name says.", wrong_bits),
    warning("quant-type", "A file has tensors of the type it is named after.", misnamed),
    error("format", "A file's format can hold its tensor types.", wrong_formats),
)
