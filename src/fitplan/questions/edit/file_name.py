"""What a file's name tells a catalog: the quantization's place in it, and an id."""

import re
from collections.abc import Container as Collection
from dataclasses import dataclass

from fitplan.accounting.quantization import QUANT_NAMES
from fitplan.accounting.weights import Container
from fitplan.readers import ModelFile

_OTHER_SPELLINGS = ("fp8_e4m3fn", "fp8-e4m3fn", "fp8", "fp16", "fp32", "gguf", "safetensors")
_GENERIC = re.compile(r"(transformer|unet|text_encoder|vae|model|diffusion_pytorch_model)(_\d+)?")
_NOT_IN_ID = re.compile(r"[^a-z0-9.]+")


def _as_word(names: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted(names, key=len, reverse=True)
    either = "|".join(re.escape(name).replace("_", "[_-]") for name in longest)
    return re.compile(rf"(?<![a-zA-Z0-9])(?:{either})(?![a-zA-Z0-9])", re.IGNORECASE)


_QUANTS = _as_word(QUANT_NAMES)
_QUANT_WORDS = _as_word((*QUANT_NAMES, *_OTHER_SPELLINGS))


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a file or folder as a catalog writes it."""

    text: str
    slug: str
    """What an id can be made of: the name without quantization."""

    @property
    def said_quant(self) -> str | None:
        """The one quantization that the name tells."""
        found = {match.upper().replace("-", "_") for match in _QUANTS.findall(self.text)}
        return found.pop() if len(found) == 1 else None

    def quant_for(self, quant: str) -> str:
        """The quantization as published: the name's, if it is of the size that the tensors are."""
        said = self.said_quant
        near = said is not None and said[:2] == quant[:2] and said[:1] == "Q"
        return said if said is not None and near else quant

    def pattern(self, quant: str) -> str | None:
        """The name with `{quant}` for `quant`; None when it isn't part of it."""
        return self.text.replace(quant, "{quant}") if self.text.count(quant) == 1 else None


def file_name(model: ModelFile) -> FileName:
    """The name of a model on disk; the id of a folder called `vae` takes its parent's name too."""
    path = model.path.absolute()
    folder = model.weights.container is Container.FOLDER
    stem = path.name if folder else path.stem
    full = f"{path.parent.name}-{stem}" if _GENERIC.fullmatch(stem) else stem
    return FileName(path.name, _slug(full) or model.weights.family)


def _slug(text: str) -> str:
    bare = _QUANT_WORDS.sub("", text).casefold()
    return re.sub(r"-{2,}", "-", _NOT_IN_ID.sub("-", bare)).strip("-.")


def free_id(slug: str, taken: Collection[str]) -> str:
    """`slug`, or with a number behind it when it is taken."""
    names = (slug if number == 1 else f"{slug}-{number}" for number in range(1, 10**6))
    return next(name for name in names if name not in taken)
