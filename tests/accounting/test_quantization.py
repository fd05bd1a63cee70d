"""Tensor types against the reference package, names, and weight errors."""

import gguf
import pytest

from fitplan.accounting.quantization import (
    GGML_TYPES,
    TENSOR_TYPES,
    WeightError,
    quant_name,
    weight_error,
)
from fitplan.accounting.unknown import Unknown


@pytest.mark.parametrize("known", list(gguf.GGMLQuantizationType), ids=lambda known: known.name)
def test_block_sizes_are_those_of_the_gguf_package(known: gguf.GGMLQuantizationType) -> None:
    """Id, name, block size and bytes per block of every GGML type agree with the package."""
    ours = GGML_TYPES[known.value]
    if known.name == "Q8_1":  # the package says 40; ggml's block_q8_1 has 36
        assert ours.block_bytes == 36
        return
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
    """e² = Σ nᵢ·eᵢ² / Σ nᵢ, with its basis; a type whose error is unknown leaves it unknown."""
    assert value([("Q8_0", 100)]) == pytest.approx(0.0054)
    assert value([("Q8_0", 100), ("BF16", 100)]) == pytest.approx(0.0054 / 2**0.5)
    for amounts, named in (([("Q8_0", 100), ("IQ3_S", 1)], "IQ3_S"), ([], "no weights")):
        found = weight_error(amounts)
        assert isinstance(found, Unknown)
        assert named in found.reason


def test_an_estimate_says_between_what_it_lies() -> None:
    """Of half a file in estimated INT8, the range is half as wide in squares."""
    found = weight_error([("INT8_CONVROT", 100), ("BF16", 100)])
    assert isinstance(found, WeightError)
    assert found.basis == "estimated"
    assert (found.low, found.value, found.high) == pytest.approx(
        [error / 2**0.5 for error in (0.005, 0.0085, 0.020)]
    )
    exact = weight_error([("Q8_0", 1)])
    assert isinstance(exact, WeightError)
    assert (exact.basis, exact.low, exact.high) == ("measured", 0.0054, 0.0054)


def value(amounts: list[tuple[str, int]]) -> float:
    """The error of weights that is known."""
    found = weight_error(amounts)
    assert isinstance(found, WeightError)
    return found.value
