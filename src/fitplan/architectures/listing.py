"""What is recognised, as a Markdown table: made from the tables of architectures."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from fitplan.architectures.known import tables
from fitplan.architectures.table import Table
from fitplan.architectures.tabulation import elements_of

_HEAD = """\
# What fitplan recognises

Made from the tables in `src/fitplan/architectures/tables/`; a test holds it true. A file is called
by a name only when every one of its tensors is explained: all that the architecture requires are
there, and nothing is left over. Blocks may be more or fewer and shapes other ones; then the answer
says how the file differs. What is almost one of these is `unknown`, with the nearest and why.

Names: `reference` as the authors' code and ComfyUI write them, `diffusers`, `hf` (transformers),
`gguf` (llama.cpp; denoisers in GGUF have `reference` or `diffusers` names), `openclip`, `nunchaku`.
Besides these: LoRA and LyCORIS of every trainer, GGUF vision projectors (mmproj), textual
inversions, and checkpoints that hold several of these.

Each table says where its names and sizes were read. Where parameters are marked `*`, the layer
names come from code, but not every size was read in a source: only the total agrees with what is
published.

| family | kind | name | names | parameters |
|---|---|---|---|---:|
"""


def recognised() -> str:
    """The whole page."""
    ordered = sorted(tables(), key=_order)
    rows = (_row(list(group)) for _, group in groupby(ordered, key=_order))
    return _HEAD + "".join(rows)


def _order(table: Table) -> tuple[str, str, str]:
    head = table.head
    return head.kind.value, head.family, head.name


def _row(alike: Iterable[Table]) -> str:
    found = list(alike)
    head = found[0].head
    namings = ", ".join(sorted({table.naming for table in found}))
    unverified = "" if all(table.head.sizes_verified for table in found) else " *"
    parameters = f"{max(map(_parameters, found)):,}{unverified}"
    return f"| {head.family} | {head.kind.value} | {head.name} | {namings} | {parameters} |\n"


def _parameters(table: Table) -> int:
    """Elements of everything that must be there."""
    return sum(_elements(table))


def _elements(table: Table) -> Iterator[int]:
    for section in table.sections:
        for line in section.lines:
            if not line.mark:
                count = 1
                for numbers in line.numbers:
                    count *= len(numbers)
                yield count * elements_of(line.shape)
