"""What other programs reported (tests/data/runtimes/), and the files they were given."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

from catalogs import shipped
from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.weights import Container, Role, WeightFile, WeightGroup
from inventory import weight_file
from places import DATA

FOLDER = DATA / "runtimes"


@cache
def measurements(name: str) -> Any:
    """One file of measured figures."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def single(name: str) -> WeightFile:
    """One inventory as a single file (GGUF or safetensors)."""
    file = weight_file(name)
    alone = file.container is Container.FOLDER
    return replace(file, container=Container.SAFETENSORS) if alone else file


def published(id: str) -> WeightFile:
    """One file of the shipped catalog, by component/publisher/quantization."""
    component = id.partition("/")[0]
    return next(file.weights for file in shipped().files(component) if file.id == id)


def klein_4b_q4_k_m() -> WeightFile:
    """The FLUX.2 Klein 4B Q4_K_M that was measured: llama.cpp's mix, by the bytes it reported."""
    groups = (
        WeightGroup(Role.WEIGHTS, "BF16", 176_160_768),
        WeightGroup(Role.WEIGHTS, "Q4_K", 2_642_411_520),
        WeightGroup(Role.WEIGHTS, "Q5_K", 1_038_090_240),
        WeightGroup(Role.VECTORS, "F32", 7_680),
        WeightGroup(Role.FINAL_ADALN, "BF16", 18_874_368),
    )
    return WeightFile("flux2", Container.GGUF, "Q4_K_M", 2_590_155_296, groups, hidden_size=3072)


def residency(runtime: Runtime, file: WeightFile) -> Residency:
    """What `file` becomes; it must be loadable."""
    found = runtime.residency(file)
    assert isinstance(found, Residency), found
    return found


def held(found: Residency, without: str = "") -> int:
    """Real bytes of all lines but those of one name."""
    return sum(line.real_bytes for line in found.lines if line.what != without)
