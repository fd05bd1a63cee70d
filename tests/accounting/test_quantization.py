"""Tensor types against the reference package, names, and weight errors."""

import gguf
import pytest

from fitplan.accounting.quantization import GGML_TYPES, TENSOR_TYPES, quant_name, weight_error


@pytest.mark.parametrize("known", list(gguf.GGMLQuantizationType), ids=lambda known: known.name)
def test_block_sizes_are_those_of_the_gguf_package(known: gguf.GGMLQuantizationType) -> None:
    """Id, name, block size and bytes per block of every GGML type agree with the package."""
    ours = GGML_TYPES[known.value]
    assert (ours.name, ours.block_size, ours.block_bytes) == (
        known.name,
        *gguf.GGML_QUANT_SIZES[known],
    )


def test_a_started_block_counts_whole() -> None:
    """33 elements of Q8_0 take two blocks of 34 bytes."""
    assert TENSOR_TYPES["Q8_0"].bytes_for(33) == 68
    assert TENSOR_TYPES["BF16"].bytes_for(3) == 6


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("q8", "Q8_0"),
        ("Q8_0", "Q8_0"),
        (" bnb  int8 ", "INT8_BNB"),
        ("fp16", "F16"),
        ("q5_k_m", "Q5_K_M"),
    ],
)
def test_short_and_lower_case_names_are_understood(text: str, name: str) -> None:
    """Users write "q8" for Q8_0; publishers write lower case."""
    assert quant_name(text) == name


def test_error_of_a_file_is_the_weighted_root_mean_square() -> None:
    """e² = Σ nᵢ·eᵢ² / Σ nᵢ; integer buffers carry no weights; an unknown type leaves it unknown."""
    assert weight_error([("Q8_0", 100)]) == pytest.approx(0.0054)
    assert weight_error([("Q8_0", 100), ("BF16", 100), ("I64", 1)]) == pytest.approx(
        0.0054 / 2**0.5
    )
    assert weight_error([("Q8_0", 100), ("IQ3_S", 1)]) is None
    assert weight_error([]) is None
