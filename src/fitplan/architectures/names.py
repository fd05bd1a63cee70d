"""Tensor names taken apart: numbers, skeletons, renamings by quantization, non-parameters."""

import re
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, wraps
from typing import TypeVar

_Answer = TypeVar("_Answer")

_NUMBER = re.compile(r"(?<![^.])[0-9]{1,9}(?![^.])")
_REMEMBERED = 1 << 15
_LONGEST = 256
"""Letters of a name that any known architecture may have; longer ones are not remembered."""
_MOST_PARTS = 32
"""Dotted parts of a name that are looked at, from its end."""

EXTRA = re.compile(
    r"(?:^|\.)(?:__index_timestep_zero__|comfy_quant|scaled_fp8|position_ids|logit_scale|logit_bias"
    r"|num_batches_tracked|rotary_(?:pos_)?emb\.inv_freq|attn_mask|masked_bias|betas|logvar|alphas_cumprod"
    r"|alphas_cumprod_prev|scale_factor|sqrt_\w+|posterior_\w+|log_one_minus_\w+"
    r"|denoiser\.sigmas)$|^model_ema\."
)
"""Marks of tools, buffers and what training left behind: never a parameter of the model."""

_RENAMED = ("._data", ".qweight")
"""Endings under which a quantization stores what the architecture calls `.weight`."""


def remembered(of_name: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """`of_name`, whose first argument is a tensor's name, with what it said of names met before."""
    cached = lru_cache(_REMEMBERED)(of_name)

    @wraps(of_name)
    def answer(name: str, *others: Hashable) -> _Answer:
        return cached(name, *others) if len(name) <= _LONGEST else of_name(name, *others)

    return answer


@remembered
def apart(name: str) -> tuple[str, tuple[int, ...]]:
    """The skeleton of `name`, each dotted part that is a number written `#`, and those numbers."""
    if "#" in name or len(name) > _LONGEST:
        return "?", ()
    numbers = tuple(int(number) for number in _NUMBER.findall(name))
    return (_NUMBER.sub("#", name), numbers) if numbers else (name, ())


def endings(skeleton: str) -> tuple[str, ...]:
    """`skeleton` and what remains as its dotted parts are taken away from the front."""
    parts = skeleton.split(".")
    if len(parts) > _MOST_PARTS:
        return ()
    return tuple(".".join(parts[i:]) for i in range(len(parts)))


def before(name: str, parts: int) -> str:
    """The first `parts` dotted parts of `name`, with the dot behind them."""
    return "".join(f"{part}." for part in name.split(".", parts)[:parts]) if parts else ""


def original(name: str) -> str:
    """The name that the architecture has for a tensor that a quantization may have renamed."""
    if name.endswith(_RENAMED):
        stem = name.rpartition(".")[0]
        return stem if stem.endswith(".weight") else f"{stem}.weight"
    return name


def is_svdquant(names: Iterable[str]) -> bool:
    """Whether a file is SVDQuant's: its packed weights come with a low-rank branch of their own."""
    return any(name.endswith(".qweight") for name in names)
