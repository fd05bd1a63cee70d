"""Sizes: exact integers inside; GB (1e9) and GiB (2**30) only where people read or write them."""

import re

from fitplan.errors import usage_error

GB = 10**9
MIB = 2**20
GIB = 2**30

_UNITS = {
    "": GIB,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": GB,
    "tb": 10**12,
    "kib": 2**10,
    "mib": MIB,
    "gib": GIB,
    "tib": 2**40,
    "k": 2**10,
    "m": MIB,
    "g": GIB,
    "t": 2**40,
}
_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18}"
_SIZE = re.compile(rf"\s*({_NUMBER})\s*([a-z]{{0,3}})\s*", re.IGNORECASE)
_HINT = "write a size like 14 (GiB), 14GiB, 15GB or 14336MiB"


def parse_size(text: str) -> int:
    """Bytes of a size as users write it; a bare number is GiB, fractions of a byte are dropped.

    Raises FitplanError (usage) for anything else, for zero and for negative sizes.
    """
    match = _SIZE.fullmatch(text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise usage_error(f"invalid size {text!r}", _HINT)
    whole, _, decimals = match[1].partition(".")
    size = int(whole + decimals) * unit // int(10 ** len(decimals))
    if size == 0:
        raise usage_error(f"{text!r} is less than one byte", _HINT)
    return size


def format_gb(size: int, digits: int = 2) -> str:
    """`size` bytes in decimal GB, as model hubs show file sizes: "7.02 GB"."""
    return f"{size / GB:.{digits}f} GB"


def format_gib(size: int, digits: int = 2) -> str:
    """`size` bytes in binary GiB, as runtimes show RAM: "13.81 GiB"."""
    return f"{size / GIB:.{digits}f} GiB"
