"""diffusers' and transformers' rules against what their loaders held."""

import pytest

from fitplan import runtimes
from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.weights import WeightFile
from fitplan.runtimes.diffusers import PROCESS_BYTES
from inventory import weight_file
from runtime_data import klein_4b_q4_k_m, measurements, published, residency

CASES: dict[str, tuple[WeightFile, str, list[str]]] = {
    "0.40.0:zimage-q8-gguf": (weight_file("z-image-turbo-q8_0"), "0.40", []),
    "0.40.0:klein4b-q8-gguf": (weight_file("klein-4b-q8_0"), "0.40", []),
    "0.40.0:klein4b-q4km-gguf": (klein_4b_q4_k_m(), "0.40", []),
    "0.40.0:fluxfill-q4km-gguf": (weight_file("flux1-fill-q4_k_m"), "0.40", []),
    "0.36.0:fluxfill-q4km-gguf": (weight_file("flux1-fill-q4_k_m"), "0.36", []),
    "0.40.0:klein4b-bf16-single": (weight_file("klein-4b-bf16"), "0.40", []),
    "0.40.0:klein4b-bf16-single-nodtype": (weight_file("klein-4b-bf16"), "0.40", ["dtype=none"]),
    "0.40.0:klein-r2-diff-bf16": (weight_file("klein-4b-diffusers-r2"), "0.40", []),
    "0.40.0:klein-r2-diff-f32default": (
        weight_file("klein-4b-diffusers-r2"),
        "0.40",
        ["dtype=none"],
    ),
    "0.36.0:klein-r2-diff-bf16": (weight_file("klein-4b-diffusers-r2"), "0.36", []),
    "0.40.0:zimage-fp8-single": (weight_file("z-image-fp8-single"), "0.40", []),
    "0.40.0:qwen3-4b-bf16": (weight_file("qwen3-4b-bf16-hf"), "0.40", []),
    "0.40.0:qwen3-r4-f32default": (weight_file("z-image-diff-te-r4"), "0.40", ["dtype=none"]),
    "0.40.0:qwen3-4b-nf4": (weight_file("qwen3-4b-bf16-hf"), "0.40", ["nf4"]),
    "0.40.0:qwen3-4b-int8": (weight_file("qwen3-4b-bf16-hf"), "0.40", ["int8"]),
    "0.40.0:t5-bf16": (weight_file("t5-xxl-bf16"), "0.40", []),
    "0.40.0:clip-l-bf16": (weight_file("clip-l-bf16"), "0.40", []),
    "0.40.0:clip-l-default": (weight_file("clip-l-bf16"), "0.40", ["dtype=none"]),
    "0.36.0:clip-l-default": (weight_file("clip-l-bf16"), "0.36", ["dtype=none"]),
    "0.40.0:flux2-vae-bf16": (weight_file("flux2-vae-f32"), "0.40", []),
    "0.40.0:flux2-vae-default": (weight_file("flux2-vae-f32"), "0.40", ["float32"]),
}
NOT_A_MODE = {"0.40.0:klein-r2-diff-bf16-nommap"}
"""Run with memory mapping switched off by hand."""

REBUILT = {"0.40.0:klein4b-bf16-single": 37_748_736, "0.36.0:klein-r2-diff-bf16": 20_447_232}
"""Bytes that are anonymous though their type stays: two swapped matrices; guidance zeros."""


def found_in(case: str) -> Residency:
    """What the rules say of one measured load."""
    file, version, modes = CASES[case]
    return residency(runtimes.find(f"diffusers@{version}", modes), file)


def test_every_measured_load_is_here() -> None:
    """No measurement is left out but the one that no user makes."""
    assert set(CASES) | NOT_A_MODE == set(measurements("diffusers"))


@pytest.mark.parametrize("case", CASES)
def test_held_bytes_are_the_measured_ones(case: str) -> None:
    """Within 1 kB of the distinct storages after loading (rotary tables, position ids)."""
    seen = measurements("diffusers")[case]
    if case == "0.36.0:klein-r2-diff-bf16":
        assert found_in(case).real_bytes - REBUILT[case] == pytest.approx(seen["storage_mmap"])
        return
    held = seen["storage_anon"] + seen["storage_mmap"]
    assert found_in(case).real_bytes == pytest.approx(held, abs=1000)


@pytest.mark.parametrize("case", sorted(set(CASES) - set(REBUILT)))
def test_mapped_bytes_are_the_measured_ones(case: str) -> None:
    """Soft memory: what the same-type tensors of a safetensors file take, within 1 kB."""
    seen = measurements("diffusers")[case]
    assert found_in(case).mapped_bytes == pytest.approx(seen["storage_mmap"], abs=1000)


def test_model_offload_makes_mapped_weights_anonymous() -> None:
    """After its first trip to the GPU nothing is mapped any more; the sum stays."""
    file = weight_file("qwen3-4b-bf16-hf")
    stays, trips = (
        residency(runtimes.find("diffusers", modes), file) for modes in ([], ["offload=model"])
    )
    assert stays.real_bytes == trips.real_bytes
    assert (stays.mapped_bytes, trips.mapped_bytes) == (stays.real_bytes, 0)


def test_the_process_is_part_of_what_is_needed() -> None:
    """Σ held + 0.46 GB."""
    runtime = runtimes.find("diffusers")
    parts = [residency(runtime, weight_file(n)) for n in ("klein-4b-q8_0", "qwen3-4b-bf16-hf")]
    assert runtime.fit.needed(parts, 0) == sum(p.real_bytes for p in parts) + PROCESS_BYTES


def test_0_36_cant_load_klein_gguf() -> None:
    """FLUX.2 GGUF came after it."""
    assert isinstance(
        runtimes.find("diffusers@0.36").residency(weight_file("klein-4b-q8_0")), Unsupported
    )


def test_a_gguf_text_encoder_is_dequantized_whole_by_the_code() -> None:
    """Two bytes an element, never measured, and it says so."""
    file = weight_file("qwen3-4b-q8_0")
    found = residency(runtimes.find("diffusers"), file)
    assert (found.basis, found.real_bytes) == ("code", 2 * file.elements)


def test_a_catalog_s_sums_leave_out_scales_of_rows() -> None:
    """Without shapes INT8 counts a byte an element; the rows' scales are 0.1 % more."""
    by_shape = found_in("0.40.0:qwen3-4b-int8").real_bytes
    file = published("qwen3-4b/black-forest-labs/BF16")
    by_sum = residency(runtimes.find("diffusers", ["int8"]), file).real_bytes
    assert by_sum < by_shape <= by_sum * 1.0011
