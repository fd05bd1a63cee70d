"""Model files as people have them: whole architectures at one quantization, checkpoints."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import sparse
from fitplan.accounting.weights import Tensor


def packed(tensors: Iterable[Tensor], type: str, rest: str = "BF16") -> tuple[Tensor, ...]:
    """Matrices as `type` where its blocks divide their rows, else `rest`; vectors as F32."""

    def stored(tensor: Tensor) -> str:
        if len(tensor.shape) < 2:
            return "F32"
        return type if tensor.shape[-1] % 256 == 0 else rest

    return tuple(replace(tensor, type=stored(tensor)) for tensor in tensors)


def under(prefix: str, tensors: Iterable[Tensor]) -> Iterator[Tensor]:
    """The same tensors with `prefix` before their names."""
    return (replace(tensor, name=prefix + tensor.name) for tensor in tensors)


def flux_checkpoint(path: Path) -> Path:
    """FLUX.1 Dev with T5-XXL, CLIP-L and VAE in one file: transformer and T5 in FP8."""
    parts = (
        *under("model.diffusion_model.", sparse.architecture("flux1-dev", "F8_E4M3")),
        *under("vae.", sparse.inventory("flux1-ae-f32").tensors),
        *under("text_encoders.clip_l.transformer.", sparse.architecture("clip-l", "F16")),
        *under("text_encoders.t5xxl.transformer.", sparse.architecture("t5-xxl-encoder.hf", "F16")),
        Tensor("text_encoders.t5xxl.logit_scale", (), "F32"),
        Tensor("text_encoders.clip_l.logit_scale", (), "F32"),
    )
    return sparse.write_safetensors(path, parts)


def vision_projector(path: Path, width: int, projected: int, blocks: int) -> Path:
    """An mmproj of a vision tower `width` wide, for text models `projected` wide."""
    tensors = [
        Tensor("v.patch_embd.weight", (width, 3, 14, 14), "F16"),
        Tensor("v.patch_embd.weight.1", (width, 3, 14, 14), "F16"),
        Tensor("v.post_ln.weight", (width,), "F32"),
        Tensor("mm.0.weight", (4 * width, 4 * width), "F16"),
        Tensor("mm.2.weight", (projected, 4 * width), "F16"),
    ]
    for i in range(blocks):
        names = ("attn_q", "attn_k", "attn_v", "attn_out")
        tensors += [Tensor(f"v.blk.{i}.{n}.weight", (width, width), "F16") for n in names]
        tensors += [Tensor(f"v.blk.{i}.{n}.weight", (width,), "F32") for n in ("ln1", "ln2")]
    return sparse.write_gguf(path, tensors, architecture="clip")
