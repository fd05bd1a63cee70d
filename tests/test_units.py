"""Sizes as users write them, and as fitplan prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitplan.errors import ErrorKind, FitplanError
from fitplan.units import GB, GIB, MIB, format_gb, format_gib, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("14", 14 * GIB),
        ("14GiB", 14 * GIB),
        ("14G", 14 * GIB),
        ("14 gib", 14 * GIB),
        ("15GB", 15 * GB),
        ("8.5GB", 8_500_000_000),
        ("14336MiB", 14 * GIB),
        ("0.5", GIB // 2),
        (".5", GIB // 2),
        ("1b", 1),
        ("1m", MIB),
    ],
)
def test_sizes_are_read_as_users_write_them(text: str, size: int) -> None:
    """A bare number is GiB; units are case-insensitive; decimals are exact."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "1e3",
        "14 GiB extra",
        "nan",
        "inf",
        "1,5",
        "0",
        "0GB",
        "14QB",
        "9" * 99,
        "\N{ARABIC-INDIC DIGIT ONE}",
        "0x10",
    ],
)
def test_junk_is_a_usage_error(text: str) -> None:
    """Anything else is answered with the forms that are understood."""
    with pytest.raises(FitplanError) as caught:
        parse_size(text)
    assert caught.value.kind is ErrorKind.USAGE
    assert "14GiB" in caught.value.hint


@given(st.integers(min_value=1, max_value=2**53))
def test_whole_bytes_survive(size: int) -> None:
    """A size in bytes is read back exactly."""
    assert parse_size(f"{size}B") == size


def test_every_printed_size_names_its_unit() -> None:
    """GB is decimal, GiB binary; the same bytes print differently."""
    assert format_gb(12_030_000_000) == "12.03 GB"
    assert format_gib(12_030_000_000) == "11.20 GiB"
