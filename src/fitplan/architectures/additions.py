"""What goes with a text encoder and has no fixed list of tensors: projectors and embeddings.

A GGUF vision projector (mmproj) has the tensors of its vision tower, all in llama.cpp's namespaces
 `v.` and `mm.`; a textual inversion is one small table per text encoder.
"""

import re
from collections.abc import Mapping, Sequence

from fitplan.accounting.weights import Kind, Tensor
from fitplan.architectures.architecture import KnownArchitecture
from fitplan.architectures.roles import labelled

_OF_PROJECTOR = re.compile(r"(?:v|mm|model)\.|resampler\.")
_BLOCK = re.compile(r"v\.blk\.(\d{1,4})\.(.+)")
_PATCHES = "v.patch_embd.weight"
_PROJECTION = re.compile(r"mm\.(?:\d+|model\.mlp\.\d+|input_projection|model\.fc)\.weight")

_EMBEDDINGS: Mapping[frozenset[tuple[str, int]], str] = {
    frozenset({("emb_params", 768)}): "SD 1.5",
    frozenset({("emb_params", 1024)}): "SD 2",
    frozenset({("clip_l", 768)}): "SD 1.5",
    frozenset({("clip_l", 768), ("clip_g", 1280)}): "SDXL",
}
"""Names and widths of a textual inversion's tables → the models it is for."""
_MOST_VECTORS = 1024


def addition(tensors: Sequence[Tensor]) -> KnownArchitecture | None:
    """A vision projector or a textual inversion; None when `tensors` are neither."""
    if len(tensors) <= 2:
        return _embedding(tensors)
    by_name = {tensor.name: tensor for tensor in tensors}
    if _PATCHES in by_name and all(map(_OF_PROJECTOR.match, by_name)):
        return _projector(by_name)
    return None


def _embedding(tensors: Sequence[Tensor]) -> KnownArchitecture | None:
    if any(len(t.shape) != 2 or not 0 < t.shape[0] <= _MOST_VECTORS for t in tensors):
        return None
    model = _EMBEDDINGS.get(frozenset((tensor.name, tensor.shape[1]) for tensor in tensors))
    if model is None:
        return None
    name = f"textual inversion for {model}, {_vectors(tensors[0].shape[0])}"
    return _made("textual-inversion", Kind.EMBEDDING, name, tensors)


def _vectors(count: int) -> str:
    return f"{count} {'vector' if count == 1 else 'vectors'}"


def _projector(tensors: Mapping[str, Tensor]) -> KnownArchitecture | None:
    """The projector of a whole vision tower: blocks numbered from 0, all with the same parts."""
    blocks: dict[int, set[str]] = {}
    for name in tensors:
        if found := _BLOCK.fullmatch(name):
            blocks.setdefault(int(found[1]), set()).add(found[2])
    whole = sorted(blocks) == list(range(len(blocks))) and blocks
    projections = [name for name in tensors if _PROJECTION.fullmatch(name)]
    if not whole or not projections or any(part != blocks[0] for part in blocks.values()):
        return None
    width = tensors[max(projections, key=lambda name: (len(name), name))].shape[0]
    name = f"vision projector (mmproj) for text models {width:,} wide"
    return _made("mmproj", Kind.IMAGE_ENCODER, name, list(tensors.values()), width, len(blocks))


def _made(
    family: str,
    kind: Kind,
    name: str,
    tensors: Sequence[Tensor],
    width: int = 0,
    blocks: int = 0,
) -> KnownArchitecture:
    return KnownArchitecture(family, kind, name, width, blocks, labelled(tensors, ()))
