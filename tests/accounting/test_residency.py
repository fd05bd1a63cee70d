"""InvokeAI's rules against what its own ModelCache reported, to the byte."""

from dataclasses import replace

import pytest

from fitplan import runtimes
from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.runtime import Runtime
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container, Role, WeightFile, WeightGroup
from fitplan.runtimes import invokeai
from inventory import measured, weight_file
from sparse import NAMES

CASES = [(name, version) for name, versions in measured().items() for version in versions]


def runtime(version: str, by_state_dict: bool = True) -> Runtime:
    """InvokeAI counting by state dict or by module."""
    known = "6.12" if version.startswith("6.12") else "6.14"
    rules = invokeai.rules(known, by_state_dict)  # type: ignore[arg-type]
    return replace(runtimes.find(f"invokeai@{version}"), rules=rules)


def residency(runtime: Runtime, file: WeightFile) -> Residency:
    """What `file` becomes; it must be loadable."""
    found = runtime.residency(file)
    assert isinstance(found, Residency)
    return found


def test_every_inventory_was_measured() -> None:
    """No measured component lacks its tensors, and no tensors lack a measurement."""
    assert set(NAMES) == set(measured())


@pytest.mark.parametrize(("name", "version"), CASES)
def test_cache_and_real_bytes_are_the_measured_ones(name: str, version: str) -> None:
    """Predicted and measured bytes are equal, with partial loading on and counted by module."""
    seen = measured()[name][version]
    by_dict = residency(runtime(version), weight_file(name))
    by_module = residency(runtime(version, by_state_dict=False), weight_file(name))
    assert by_dict.cache_bytes == seen["accounted"]
    assert by_module.cache_bytes == seen["accounted_partial_loading_off"]
    assert by_dict.real_bytes == by_module.real_bytes == seen["real"]


def test_6_12_without_partial_loading_counts_by_module_and_6_14_doesnt() -> None:
    """The setting changes what 6.12 counts; 6.14 budgets by state dict either way."""
    file = weight_file("qwen3-4b-q8_0")
    seen = measured()["qwen3-4b-q8_0"]
    old = residency(runtimes.find("invokeai@6.12", partial_loading=False), file)
    new = residency(runtimes.find("invokeai@6.14", partial_loading=False), file)
    assert old.cache_bytes == seen["6.12.0"]["accounted_partial_loading_off"]
    assert new.cache_bytes == seen["6.14.2"]["accounted"]


def test_loading_qwen3_8b_peaks_where_it_was_measured() -> None:
    """Qwen3-8B Q5_K_M holds 6.15 GB and was seen to peak at 10.4 GB while loading."""
    found = residency(runtime("6.12"), weight_file("qwen3-8b-q5_k_m"))
    assert f"{(found.real_bytes + found.transient_bytes) / 1e9:.1f}" == "10.4"


def test_a_type_without_a_dequantizer_is_not_loadable() -> None:
    """InvokeAI has no IQ4_XS; the reason names the type."""
    groups = (WeightGroup(Role.WEIGHTS, "IQ4_XS", 256),)
    found = runtime("6.14").residency(WeightFile("qwen3", Container.GGUF, "IQ4_XS", 200, groups))
    assert isinstance(found, Unsupported)
    assert "IQ4_XS" in found.reason


def test_t5_as_gguf_needs_6_14_and_as_one_file_never_loads() -> None:
    """6.12 has no GGUF loader for T5; no version takes a single t5xxl safetensors file."""
    groups = (WeightGroup(Role.WEIGHTS, "Q8_0", 320),)
    as_gguf = WeightFile("t5", Container.GGUF, "Q8_0", 400, groups)
    assert isinstance(runtime("6.12").residency(as_gguf), Unsupported)
    assert isinstance(runtime("6.14").residency(as_gguf), Residency)
    for version in ("6.12", "6.14"):
        as_file = WeightFile(
            "t5", Container.SAFETENSORS, "F16", 400, (WeightGroup(Role.WEIGHTS, "F16", 9),)
        )
        assert isinstance(runtime(version).residency(as_file), Unsupported)


def test_an_unknown_architecture_is_unknown_in_every_program() -> None:
    """What no rule knows has no cache bytes; the reason names the program."""
    groups = (WeightGroup(Role.WEIGHTS, "Q8_0", 320), WeightGroup(Role.VECTORS, "F32", 10))
    for program in runtimes.newest():
        found = program.residency(WeightFile("", Container.GGUF, "Q8_0", 1000, groups))
        assert isinstance(found, Unknown)
        assert program.title in found.reason
