"""How single values are written in a catalog: plain where YAML allows it, else in double quotes."""

import re
from functools import cache, lru_cache
from typing import Any

import yaml

_STRING = "tag:yaml.org,2002:str"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_PLAIN = re.compile(r"[^\W_][^\n]*|[./(~+_][^\s\n][^\n]*")
_BREAKS_PLAIN = re.compile(r":(?=\s|$)|\s#|\s$")
_BREAKS_FLOW = re.compile(r"[,?\[\]{}]|:(?=[\s,\[\]{}])")
_LIKE_A_NUMBER = re.compile(r"[0-9.][0-9.,:_eE+-]*")
"""A number or date to some reader of YAML, or to people: "2026-07", "1e3"."""
_NUMBER = re.compile(r"([+-]?)([0-9][0-9_]*)?(\.[0-9_]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def written(node: yaml.ScalarNode, in_flow: bool) -> str:
    """The canonical text of a scalar that stands on one line."""
    if node.tag in _NUMBERS:
        return _number(node.value)
    return text(node.value, in_flow) if node.tag == _STRING else str(node.value)


def text(value: str, in_flow: bool = False) -> str:
    """A string as YAML: plain when it reads back as itself, else in double quotes."""
    return value if _is_plain(value, in_flow) else quoted(value)


def _is_plain(value: str, in_flow: bool) -> bool:
    if not _PLAIN.fullmatch(value) or not value.isprintable() or _BREAKS_PLAIN.search(value):
        return False
    if _LIKE_A_NUMBER.fullmatch(value):
        return False
    return not (in_flow and _BREAKS_FLOW.search(value)) and _resolved(value) == _STRING


@cache
def _resolver() -> Any:
    return yaml.resolver.Resolver()


@lru_cache(maxsize=4096)
def _resolved(value: str) -> str:
    return str(_resolver().resolve(yaml.ScalarNode, value, (True, False)))


def quoted(value: str) -> str:
    """A string in double quotes."""
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _number(value: str) -> str:
    """Decimal digits without plus, underscores, and with a digit before the point.

    Anything else (octal, hexadecimal, sexagesimal) stays as it is: to rewrite it would hide what
    is most likely a mistake.
    """
    found = _NUMBER.fullmatch(value)
    if found is None or re.match(r"[+-]?0[0-9_]", value):
        return value
    sign, whole, fraction, power = (part or "" for part in found.groups())
    digits = (whole or "0").replace("_", "")
    return f"{sign.strip('+')}{digits}{fraction.replace('_', '')}{power}"
