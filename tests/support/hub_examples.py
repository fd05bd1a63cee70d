"""The hub that the documentation talks to: repositories of header-true files."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import sparse
from fitplan.accounting.weights import Tensor
from hub_server import HubServer, Repo, running

KLEIN = "unsloth/FLUX.2-klein-9B-GGUF"
QWEN = "unsloth/Qwen3-8B-GGUF"
COPY = "someone/FLUX.2-klein-9B-GGUF"
"""Klein 9B again, by a publisher that the catalog doesn't have."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[HubServer]:
    """That hub, its files in `folder`, for as long as the context is open."""
    with running() as hub:
        hub.repos[KLEIN] = Repo(klein(folder / "klein"))
        hub.repos[COPY] = hub.repos[KLEIN]
        hub.repos[QWEN] = Repo(qwen(folder / "qwen", 151_936))
        yield hub


def klein(folder: Path) -> Path:
    """FLUX.2 Klein 9B in three quantizations."""
    for quant in ("q4_k_m", "q5_k_m"):
        tensors = sparse.inventory(f"klein-9b-{quant}").tensors
        sparse.write_gguf(folder / f"flux-2-klein-9b-{quant.upper()}.gguf", tensors)
    large = [_as_q8(tensor) for tensor in sparse.inventory("klein-9b-q5_k_m").tensors]
    sparse.write_gguf(folder / "flux-2-klein-9b-Q8_0.gguf", large)
    return folder


def _as_q8(tensor: Tensor) -> Tensor:
    return replace(tensor, type="Q8_0") if tensor.type.startswith("Q") else tensor


def qwen(folder: Path, tokens: int) -> Path:
    """Its text encoder, with a tokenizer of so many strings; the true one has 151,936."""
    tensors = sparse.inventory("qwen3-8b-q5_k_m").tensors
    sparse.write_gguf(folder / "Qwen3-8B-Q5_K_M.gguf", tensors, tokens=tokens)
    return folder
