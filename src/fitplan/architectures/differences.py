"""How a variant differs from the architecture it is a variant of, and a near miss, in words."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from fitplan.architectures.comparing import Reshaped, TensorComparison
from fitplan.architectures.tabulation import Shape

_STEMS = {"blk": "layers", "block": "blocks", "resblocks": "layers"}

_IMAGE_IN = (
    r"(?:img_in|x_embedder|all_x_embedder\.2-1|conv_in|input_blocks\.0\.0|first|patch_embedding"
    r"|patch_embed\.proj|x_embedder\.proj|x_embedder\.proj\.1|pos_embed\.proj|controlnet_x_embedder)"
)
_TEXT_IN = r"(?:txt_in|context_embedder|text_proj|txt_in\.linear_1|patch_embed\.text_proj)"
_LENGTHS = (
    (r"(?:embed_tokens|token_embd|shared|token_embedding|word_embeddings)\.weight", 0, "tokens"),
    (
        r"(?:position_embedding\.weight|positional_embedding|pos_embed(?:\.pos_embed)?)",
        0,
        "positions",
    ),
    (rf"{_IMAGE_IN}\.weight", 1, "input channels"),
    (rf"{_TEXT_IN}\.weight", 1, "text features"),
    (r"encoder\.conv_out\.weight", 0, "moments (twice the latent channels)"),
    (r"(?:proj_out|final_layer\.linear|conv_out|out\.2)\.weight", 0, "output channels"),
    (r"decoder\.(?:conv_in|conv1)\.weight", 1, "latent channels"),
)
"""Ending of a tensor's name, axis → what its length counts."""
_COUNTED = tuple((re.compile(rf"(?:^|\.){name}$"), at, words) for name, at, words in _LENGTHS)


def differences(comparison: TensorComparison) -> tuple[str, ...]:
    """How the file differs from its table: "8 instead of 19 double blocks"; () when it doesn't."""
    return (*_blocks(comparison), *_shapes(comparison))


def near_miss(comparison: TensorComparison) -> str:
    """Which architecture a file is almost, and what keeps it from being that."""
    reasons = [
        _some(comparison.missing, f"of {comparison.expected:,} tensors missing"),
        _some(comparison.unexplained, "not explained"),
        *((differences(comparison)) if comparison.misfits else ()),
    ]
    return f"{comparison.table.head.name}, but {'; '.join(filter(None, reasons))}"


def _some(names: Sequence[str], what: str) -> str:
    return f"{len(names):,} {what}, e.g. {names[0]}" if names else ""


def _blocks(comparison: TensorComparison) -> Iterator[str]:
    for stem, (count, ordinary) in comparison.blocks.items():
        if count != ordinary:
            last = stem.rpartition(".")[2]
            yield f"{count} instead of {ordinary} {_STEMS.get(last, last.replace('_', ' '))}"


def _shapes(comparison: TensorComparison) -> Iterator[str]:
    told: dict[str, Fraction] = {}
    for reshaped in comparison.reshaped:
        for at, new, old in _changed(reshaped):
            words = _words(comparison, reshaped.name, at)
            if words and words not in told:
                told[words] = Fraction(new, old)
                yield f"{new:,} {words} instead of {old:,}"
    ratios = {Fraction(1), *told.values()}
    rest = [r for r in comparison.reshaped if not _follows(r, ratios)]
    if rest:
        first = rest[0]
        shapes = f"{_shape(first.shape)} instead of {_shape(first.expected)}"
        yield f"{len(rest):,} {_tensors(rest)} of another shape, e.g. {first.name} {shapes}"


def _tensors(items: Sequence[object]) -> str:
    return "tensor" if len(items) == 1 else "tensors"


def _changed(reshaped: Reshaped) -> Iterator[tuple[int, int, int]]:
    """Axis, length in the file and in the table, where they differ; nothing for another rank."""
    if len(reshaped.shape) == len(reshaped.expected):
        for at, (new, old) in enumerate(zip(reshaped.shape, reshaped.expected, strict=True)):
            if new != old:
                yield at, new, old


def _words(comparison: TensorComparison, name: str, at: int) -> str:
    if (name, at) == comparison.table.head.width:
        return "features (hidden size)"
    return next(
        (words for ending, axis, words in _COUNTED if axis == at and ending.search(name)), ""
    )


def _follows(reshaped: Reshaped, ratios: set[Fraction]) -> bool:
    """Whether lengths that were named explain the shape."""
    if len(reshaped.shape) != len(reshaped.expected):
        return False
    return all(old and Fraction(new, old) in ratios for _, new, old in _changed(reshaped))


def _shape(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "scalar"
