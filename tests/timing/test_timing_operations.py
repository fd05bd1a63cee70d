"""Operation counts: from dimensions, from published counts, and from the tensors of real files."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fitplan.timing.operations import Dimensions, Size, operations
from fitplan.timing.reading import timing_data
from places import DATA
from sparse import inventory

COUNTS: dict[str, Any] = yaml.safe_load((DATA / "timing/counts.yaml").read_text(encoding="utf-8"))
SQUARE = Size(1024, 1024)
DIMENSIONS = timing_data().dimensions
NAMED_OTHERWISE = {"mistral-24b-30": "mistral-small-24b"}


@pytest.mark.parametrize("name", [*COUNTS["architectures"], *COUNTS["encoders"]])
def test_operations_come_out_of_the_dimensions(name: str) -> None:
    """Denoisers per forward and encoders per prompt, 1e12 operations, to all published digits."""
    stated = (COUNTS["architectures"] | COUNTS["encoders"])[name]["tf"]
    counted = operations(DIMENSIONS[NAMED_OTHERWISE.get(name, name)], SQUARE) / 1e12
    assert counted == pytest.approx(stated, abs=0.0015)


@pytest.mark.parametrize("name", ["flux1-vae", "flux2-vae"])
def test_the_decoder_takes_ten_and_a_half_trillion(name: str) -> None:
    """VAE decode at 1024x1024: 10.47e12 operations."""
    stated = COUNTS["vae_decode_tf_1024"]
    assert operations(DIMENSIONS[name], SQUARE) / 1e12 == pytest.approx(stated, abs=0.01)


def _flux_tokens(name: str) -> int:
    """Tokens that a matrix of FLUX sees: the image's, the text's, both, or one vector."""
    if any(
        part in name
        for part in ("_mod.", "modulation", "adaLN", "time_in", "vector_in", "guidance_in")
    ):
        return 1
    if "single_blocks" in name:
        return 4096 + 512
    return 512 if "txt" in name else 4096


def _z_image_tokens(name: str) -> int:
    if "adaLN" in name or "t_embedder" in name:
        return 1
    if "context_refiner" in name or "cap_embedder" in name:
        return 128
    return 4096 if "layers." not in name else 4096 + 128


def _qwen3_tokens(name: str) -> int:
    return 0 if "embed" in name or "lm_head" in name or "token_embd" in name else 512


Z_IMAGE_ATTENTION = 4 * 3840 * (30 * 4224**2 + 2 * 4096**2 + 2 * 128**2)


@pytest.mark.parametrize(
    ("name", "architecture", "tokens", "attention"),
    [
        ("z-image-bf16-single", "z-image", _z_image_tokens, Z_IMAGE_ATTENTION),
        ("flux1-fill-q4_k_m", "flux1-fill-dev", _flux_tokens, 57 * 4 * 4608**2 * 3072),
        ("klein-4b-bf16", "flux2-klein-4b", _flux_tokens, 25 * 4 * 4608**2 * 3072),
        ("klein-9b-q4_k_m", "flux2-klein-9b", _flux_tokens, 32 * 4 * 4608**2 * 4096),
        ("qwen3-4b-bf16-hf", "qwen3-4b", _qwen3_tokens, 36 * 4 * 512**2 * 4096),
    ],
)
def test_no_matrix_of_a_real_file_is_forgotten(
    name: str, architecture: str, tokens: Any, attention: int
) -> None:
    """Twice every matrix of the file times its tokens, and attention: the same to 0.1 %."""
    matrices = [tensor for tensor in inventory(name).tensors if len(tensor.shape) == 2]
    counted = attention + sum(2 * tensor.elements * tokens(tensor.name) for tensor in matrices)
    assert operations(DIMENSIONS[architecture], SQUARE) == pytest.approx(counted, rel=0.001)


@given(
    dimensions=st.sampled_from(sorted(DIMENSIONS)).map(DIMENSIONS.__getitem__),
    side=st.integers(20, 80),
)
def test_a_larger_image_is_never_less_work(dimensions: Dimensions, side: int) -> None:
    """Operations are positive and grow with the image, or don't depend on it."""
    small, large = (operations(dimensions, Size(16 * n, 16 * n)) for n in (side, side + 1))
    assert 0 < small <= large
