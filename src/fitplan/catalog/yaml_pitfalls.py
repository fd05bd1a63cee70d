"""Plain YAML scalars that aren't what they look like."""

import re

import yaml

INT = "tag:yaml.org,2002:int"
BOOL = "tag:yaml.org,2002:bool"
FLOAT = "tag:yaml.org,2002:float"
DATE = "tag:yaml.org,2002:timestamp"
_STR = "tag:yaml.org,2002:str"

_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?")
_POWER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+")
_NUMBER_WITH = re.compile(r"[-+]?[0-9]+([ ,.'][0-9]{3})+")

Trap = tuple[str, str]
"""What YAML makes of it, and the cure."""


def silent_trap(node: yaml.ScalarNode) -> Trap | None:
    """A trap that a model might take without a word, because YAML has made a number of it."""
    text = node.value
    if node.tag == BOOL and text.casefold() not in ("true", "false"):
        return f"YAML reads a bare {text} as {_truth(text)}", f'write "{text}" in quotes'
    if node.tag in (INT, FLOAT):
        return _number_trap(text)
    return None


def _truth(text: str) -> str:
    return "true" if text.casefold() in ("yes", "on") else "false"


def _number_trap(text: str) -> Trap | None:
    if ":" in text:
        return f"YAML reads {text} in base 60", "write a plain decimal number"
    if _OCTAL.fullmatch(text):
        return f"YAML reads {text} as octal", f"write {text.lstrip('0') or '0'}, without zeros"
    if text[:2].casefold() in ("0x", "0b"):
        return f"{text} is not a decimal number", f"write {int(text.replace('_', ''), 0)}"
    if text.lstrip("-+").casefold() in (".inf", ".nan"):
        return f"{text} is not a number", "write a number"
    return None


def open_trap(node: yaml.ScalarNode) -> Trap | None:
    """What explains that a model refused a plain scalar: YAML made text (or a date) of it."""
    text = node.value
    if node.style:
        return None
    if node.tag == DATE:
        return f"YAML reads a bare {text} as a date", f'write "{text}" in quotes'
    if node.tag == _STR and _POWER.fullmatch(text):
        return f"YAML reads a bare {text} as text", f"write {float(text.replace('_', '')):.0f}"
    if node.tag == _STR and _LEADING_ZERO.fullmatch(text):
        return f"YAML reads {text} as text", f"write {text.lstrip('0')}, without zeros"
    if node.tag == _STR and _NUMBER_WITH.fullmatch(text):
        digits = re.sub(r"[^-+0-9]", "", text)
        return f"YAML reads {text} as text", f"write {digits}, without separators"
    return silent_trap(node)
