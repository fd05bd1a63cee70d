"""What configuration files say of a quantization: `quantization_config.json`, `config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitplan.accounting.flavours import Declared
from fitplan.readers.json_file import read_json

QUANTIZATION_CONFIG = "quantization_config.json"
"""A file of its own that SDNQ writes beside the weights."""
_IN_CONFIG = "quantization_config"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the configuration files of a folder say of its weights."""

    load_type: str
    """Tensor type that a loader is to cast to; "" when it says nothing."""
    declared: Declared | None = None


def declared_beside(path: Path) -> Declared | None:
    """What `quantization_config.json` in the folder of the file `path` says; None without one.

    FitplanError when it can't be read.
    """
    own = path.with_name(QUANTIZATION_CONFIG)
    return declared_by({}, read_json(own)) if own.is_file() else None


def declared_by(config: Mapping[str, Any], own: Mapping[str, Any]) -> Declared | None:
    """The quantization that config.json or `quantization_config.json` (`own`) names.

    None when neither does. Values of a wrong type count as missing.
    """
    nested = config.get(_IN_CONFIG)
    said = own or (nested if isinstance(nested, dict) else {})
    method = said.get("quant_method")
    if not isinstance(method, str) or not method:
        return None
    return Declared(method.casefold(), _dtype(said.get("weights_dtype")), _by_layer(said))


def _dtype(said: object) -> str:
    return said.casefold() if isinstance(said, str) else ""


def _by_layer(said: Mapping[str, Any]) -> dict[str, str]:
    """SDNQ's `modules_dtype_dict`: type → layers that have it."""
    listed = said.get("modules_dtype_dict")
    types = listed.items() if isinstance(listed, dict) else ()
    return {
        layer: _dtype(dtype)
        for dtype, layers in types
        if isinstance(layers, list)
        for layer in layers
        if isinstance(layer, str)
    }
