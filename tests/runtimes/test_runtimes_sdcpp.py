"""stable-diffusion.cpp's rules and fit tests against the buffers it logged."""

import re
from dataclasses import replace

import pytest

from fitplan import runtimes
from fitplan.accounting.fitting import fits
from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container, WeightFile
from fitplan.architectures import quant_of, recognise
from fitplan.errors import FitplanError
from fitplan.runtimes.sdcpp import PROCESS_BYTES
from fitplan.units import MIB
from runtime_data import klein_4b_q4_k_m, measurements, published, residency, single
from sparse import inventory

DERIVED = {
    "qwen3-4b-q6_k": "qwen3-4b/unsloth/Q6_K",
    "flux1-dev-q8_0 (LocalAI#11216 log)": "flux1-dev/city96/Q8_0",
    "qwen3-8b-q8_0": "qwen3-8b/unsloth/Q8_0",
    "klein-9b-q8_0": "flux2-klein-9b/unsloth/Q8_0",
    "t5-gguf-q5km": "t5-xxl/city96/Q5_K_S",
}
"""Files without an inventory: the catalog's groups stand for them."""

VAES = {
    "ae(decoder)": ("flux1-ae-f32", True),
    "ae(full)": ("flux1-ae-f32", False),
    "flux2-vae(decoder)": ("flux2-vae-f32", True),
}


def weights(name: str) -> WeightFile:
    """The file that a measured figure is of."""
    if name == "klein-4b-q4_k_m":
        return klein_4b_q4_k_m()
    if name in VAES:
        inventory, decoder = VAES[name]
        return decoder_of(inventory) if decoder else single(inventory)
    return published(DERIVED[name]) if name in DERIVED else single(name)


def decoder_of(name: str) -> WeightFile:
    """What builds before 695 load of a VAE: all but its encoder, the running statistics too."""
    whole = recognise(inventory(name).tensors)
    left_out = ("encoder.", "quant_conv.", "bn.")
    kept = [t for t in inventory(name).tensors if not t.name.startswith(left_out)]
    groups = recognise(kept).groups
    quant = quant_of(groups, Container.SAFETENSORS)
    return WeightFile(whole.family, Container.SAFETENSORS, quant, 0, groups)


LOGGED = measurements("sdcpp")["params_buffer_MiB"]
PREDICTED = measurements("sdcpp")["predicted_only_MiB"]
NEAR = {"z-image-bf16-single", "z-image-fp8-single"}
"""Predicted elsewhere with an F32 patch embedder, which no log shows: 0.47 MiB more."""


@pytest.mark.parametrize("name", LOGGED)
def test_buffers_are_the_logged_ones(name: str) -> None:
    """Each component's parameter buffer, within 0.01 MiB of what the program logged."""
    found = residency(runtimes.find("sd.cpp"), weights(name))
    assert found.basis == "measured"
    assert found.cache_bytes / MIB == pytest.approx(LOGGED[name]["measured"], abs=0.01)


@pytest.mark.parametrize("name", sorted(set(PREDICTED) - NEAR))
def test_buffers_are_those_predicted_elsewhere(name: str) -> None:
    """Files nobody ran: two readings of the same code agree within 0.01 MiB."""
    found = residency(runtimes.find("sd.cpp"), weights(name))
    assert found.cache_bytes / MIB == pytest.approx(PREDICTED[name]["predicted"], abs=0.01)


def test_the_whole_flux2_vae_is_164_43_mib() -> None:
    """Logged by master-827: convolutions F16, its linear attention as stored."""
    found = residency(runtimes.find("sd.cpp"), single("flux2-vae-f32"))
    assert found.cache_bytes / MIB == pytest.approx(164.43, abs=0.01)


def test_the_logged_sums_come_out() -> None:
    """ "total params memory size" of a whole pipeline: 10509.14 and 8592.72 MiB."""
    runtime = runtimes.find("sd.cpp")
    z_image = ("z-image-turbo-q8_0", "qwen3-4b-q8_0", "ae(full)")
    total = sum(residency(runtime, weights(name)).cache_bytes for name in z_image)
    assert total / MIB == pytest.approx(logged_total("v2-zimage-1024"), abs=0.01)
    vae = residency(runtime, single("flux2-vae-f32")).cache_bytes
    klein = ("klein-4b-q8_0", "qwen3-4b-q6_k")
    total = sum(residency(runtime, weights(name)).cache_bytes for name in klein) + vae
    assert total / MIB == pytest.approx(logged_total("v2-klein-q6k-eager"), abs=0.02)


def logged_total(run: str) -> float:
    """MiB of "total params memory size" in the log of a run."""
    log = "\n".join(measurements("sdcpp")["runs"][run]["log"])
    match = re.search(r"total params memory size = ([\d.]+)MB", log)
    assert match
    return float(match[1])


def z_image_pair(*modes: str) -> list[Residency]:
    """Z-Image Turbo Q8_0, Qwen3-4B Q8_0 and the VAE, started with `modes`."""
    runtime = runtimes.find("sd.cpp", modes)
    names = ("z-image-turbo-q8_0", "qwen3-4b-q8_0", "flux1-ae-f32")
    return [residency(runtime, single(name)) for name in names]


def test_disk_mode_peaks_at_the_maximum_not_the_sum() -> None:
    """Run from disk at 256², 6.7246 GB were seen: the denoiser's phase, within 1 MB."""
    modes = ("disk", "size=256")
    parts = z_image_pair(*modes)
    needed = runtimes.find("sd.cpp", modes).fit.needed(parts, 0)
    phases = [part.cache_bytes + part.scratch_bytes for part in parts]
    assert needed == max(phases) + PROCESS_BYTES < sum(phases)
    seen = measurements("sdcpp")["runs"]["v2-zimage-disk"]["peak_anon"]
    assert needed == pytest.approx(seen, abs=1_000_000)


def test_resident_mode_needs_the_sum_and_the_largest_compute_buffer() -> None:
    """At 256² the VAE's 416.06 MiB come on top of 10509.14 MiB; one byte less fails."""
    runtime = runtimes.find("sd.cpp", ["size=256"])
    parts = z_image_pair("size=256")
    needed = runtime.fit.needed(parts, 0)
    assert (needed - PROCESS_BYTES) / MIB == pytest.approx(10509.14 + 416.06, abs=0.01)
    assert fits(runtime.fit, parts, needed)
    assert not fits(runtime.fit, parts, needed - 1)


@pytest.mark.parametrize("run", ["v1-zimage-q8", "v1-zimage-1024", "v2-zimage-1024"])
def test_a_denoiser_s_compute_buffer_is_the_logged_one(run: str) -> None:
    """47.79, 690.06 and 2379.46 MiB: at 256², at 1024² with and without flash attention."""
    data = measurements("sdcpp")["runs"][run]
    arguments = data["arguments"]
    size = arguments[arguments.index("-H") + 1]
    flash = "--diffusion-fa" in arguments
    modes = [f"size={size}", *(["diffusion-fa"] if flash else [])]
    log = "\n".join(data["log"])
    match = re.search(r"z_image compute buffer size: ([\d.]+) MB", log)
    assert match
    assert z_image_pair(*modes)[0].scratch_bytes / MIB == pytest.approx(float(match[1]), abs=0.01)


def test_vae_decoding_scales_with_the_area_and_tiles_dont() -> None:
    """416 MiB at 256², 16 times that at 1024²; in tiles as at 256² again."""
    sizes = {
        modes: z_image_pair(*modes)[2].scratch_bytes
        for modes in (("size=256",), ("size=512",), ("size=1024",), ("vae-tiling",))
    }
    small, middle, large, tiled = sizes.values()
    assert abs(middle - 4 * small) < 16
    assert abs(large - 16 * small) < 16
    assert tiled == small
    assert (round(middle / MIB), round(large / MIB)) == (1664, 6657)


def test_an_unmeasured_compute_buffer_says_so() -> None:
    """FLUX.1's was never logged: nothing is counted, and the basis is "unknown"."""
    found = residency(runtimes.find("sd.cpp"), single("flux1-fill-q4_k_m"))
    assert found.scratch is not None
    assert (found.scratch.bytes, found.scratch.basis) == (0, "unknown")


def test_flash_attention_never_needs_more() -> None:
    """At every size the bound with flash attention is no larger than without."""
    for size in ("256", "512", "1024"):
        plain, flash = (
            z_image_pair(f"size={size}", *more)[0].scratch_bytes for more in ((), ("diffusion-fa",))
        )
        assert flash <= plain


def test_mmap_tells_soft_from_hard() -> None:
    """With --mmap same-type tensors stay in page cache; without it nothing does."""
    soft, hard = (z_image_pair(mode) for mode in ("mmap", "resident"))
    assert [part.cache_bytes for part in soft] == [part.cache_bytes for part in hard]
    assert all(part.mapped_bytes == 0 for part in hard)
    denoiser = soft[0]
    assert denoiser.mapped_bytes == denoiser.real_bytes
    assert soft[2].hard_bytes > soft[2].mapped_bytes


def test_bf16_tables_become_f32_and_q8_0_tables_stay() -> None:
    """Why Qwen3-4B BF16 takes 8414.50 MiB and Q8_0 less than its file."""
    runtime = runtimes.find("sd.cpp")
    for name, becomes in (("qwen3-4b-bf16-single", "F32"), ("qwen3-4b-q8_0", "Q8_0")):
        lines = residency(runtime, single(name)).lines
        assert [line.becomes for line in lines if line.what == "token_embedding"] == [becomes]


def test_later_builds_have_the_rules_of_695_and_earlier_ones_none() -> None:
    """Versions are build numbers."""
    assert runtimes.find("sd.cpp@720").version == "695"
    assert runtimes.find("sd.cpp@816").version == "721"
    assert runtimes.find("sd.cpp@master-827-97d2990").version == "817"
    assert runtimes.find("sd.cpp@827").version == "817"
    with pytest.raises(FitplanError, match="no rules"):
        runtimes.find("sd.cpp@694")


def test_scaled_fp8_and_folders_are_left_out() -> None:
    """It is known to ignore scales of fp8; of folders no rule tells."""
    runtime = runtimes.find("sd.cpp")
    scaled = runtime.residency(single("klein-4b-fp8-r2"))
    assert isinstance(scaled, Unsupported)
    assert "ggml_extend.hpp" in scaled.source
    folder = runtime.residency(published("t5-xxl/InvokeAI/INT8_BNB"))
    assert isinstance(folder, Unknown)


def test_a_text_encoder_s_second_table_and_head_are_dropped() -> None:
    """T5's encoder.embed_tokens and a language model's head take no RAM."""
    file = published("t5-xxl/comfyanonymous/F16")
    found = residency(runtimes.find("sd.cpp"), replace(file))
    assert [line.real_bytes for line in found.lines if line.what == "output_head"] == [0]
