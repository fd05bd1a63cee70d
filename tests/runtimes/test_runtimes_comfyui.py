"""ComfyUI's rules and fit test against what its own loaders and RAM budget did."""

from collections.abc import Iterator

import pytest

from fitplan import runtimes
from fitplan.accounting.fitting import fits
from fitplan.accounting.residency import Residency
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container, WeightFile
from fitplan.runtimes.comfyui import HEADROOM, TOKENIZER
from fitplan.units import GIB
from runtime_data import held, measurements, published, residency, single

FILES = {
    "z_image_turbo-Q8_0.gguf": single("z-image-turbo-q8_0"),
    "flux-2-klein-4b-Q8_0.gguf": single("klein-4b-q8_0"),
    "flux1-fill-dev-Q4_K_M.gguf": single("flux1-fill-q4_k_m"),
    "Qwen3-4B-Q8_0.gguf": single("qwen3-4b-q8_0"),
    "Qwen3-8B-Q4_K_M.gguf": single("qwen3-8b-q4_k_m"),
    "t5-v1_1-xxl-encoder-Q5_K_M.gguf": published("t5-xxl/city96/Q5_K_S"),
    "qwen_3_4b.safetensors": single("qwen3-4b-bf16-single"),
    "flux-2-klein-4b.safetensors": single("klein-4b-bf16"),
    "models/flux-2-klein-4b-fp8-qmeta.safetensors": published(
        "flux2-klein-4b/black-forest-labs/FP8_SCALED"
    ),
    "flux-2-klein-4b-fp8-r2.safetensors": single("klein-4b-fp8-r2"),
    "flux-2-klein-4b-fp8plain-r2.safetensors": single("klein-4b-fp8plain-r2"),
    "flux1-dev-fp8-r2.safetensors": single("flux1-dev-fp8-r2"),
    "z_image_turbo_fp8.safetensors": single("z-image-fp8-single"),
    "t5xxl_fp16.safetensors": published("t5-xxl/comfyanonymous/F16"),
    "t5xxl_fp8_e4m3fn.safetensors": published("t5-xxl/comfyanonymous/FP8_E4M3"),
    "t5xxl_fp8_e4m3fn_scaled.safetensors": published("t5-xxl/comfyanonymous/FP8_SCALED"),
    "ae.safetensors": single("flux1-ae-f32"),
    "diffusion_pytorch_model.safetensors": single("flux2-vae-f32"),
}
MODES = {"classic": "legacy", "dynamic": "dynamic"}

ELSEWHERE = {
    ("z_image_turbo_fp8.safetensors", "classic", None),
    ("flux-2-klein-4b-fp8-r2.safetensors", "classic", None),
    ("flux-2-klein-4b-fp8plain-r2.safetensors", "classic", "1"),
}
"""Runs that depend on what no header tells: the card's memory and abilities (the doubled fp8 file
was too big for it, or it computed fp8), and metadata that marks fp8 as scaled."""


def runs() -> Iterator[tuple[str, str, int]]:
    """File, mode and bytes held after use."""
    for run in measurements("comfyui")["runs"]:
        where = (run["path"], run["mode"], run.get("opt", {}).get("fp8"))
        if run["mode"] in MODES and where not in ELSEWHERE:
            anonymous = run.get("roundtrip_storage", run.get("pin_bytes"))
            stored = run["unique_storage_file"] + run["unique_storage_anon"]
            yield run["path"], MODES[run["mode"]], anonymous or stored


@pytest.mark.parametrize(("path", "mode", "seen"), list(runs()))
def test_held_bytes_are_the_measured_ones(path: str, mode: str, seen: int) -> None:
    """Within 0.1 % of the weights that stayed in RAM, tokenizers aside."""
    found = residency(runtimes.find("comfyui", [mode]), FILES[path])
    assert found.basis == "measured"
    assert held(found, without=TOKENIZER.what) == pytest.approx(seen, rel=0.001)
    assert found.mapped_bytes == 0


PUBLISHED_GB = {
    "z_image_turbo-Q8_0.gguf": 6.577,
    "flux-2-klein-4b-Q8_0.gguf": 4.301,
    "flux1-fill-dev-Q4_K_M.gguf": 6.938,
    "Qwen3-4B-Q8_0.gguf": 4.639,
    "Qwen3-8B-Q4_K_M.gguf": 5.916,
    "t5-v1_1-xxl-encoder-Q5_K_M.gguf": 3.292,
    "qwen_3_4b.safetensors": 8.045,
    "flux-2-klein-4b.safetensors": 7.751,
    "models/flux-2-klein-4b-fp8-qmeta.safetensors": 4.071,
    "z_image_turbo_fp8.safetensors": 6.155,
    "t5xxl_fp16.safetensors": 9.524,
    "t5xxl_fp8_e4m3fn.safetensors": 4.762,
    "t5xxl_fp8_e4m3fn_scaled.safetensors": 4.894,
    "ae.safetensors": 0.335,
}


@pytest.mark.parametrize("path", PUBLISHED_GB)
def test_dynamic_mode_holds_what_the_table_says(path: str) -> None:
    """The default mode's gigabytes, within 0.1 % or their last digit."""
    found = residency(runtimes.find("comfyui"), FILES[path])
    seen = PUBLISHED_GB[path]
    assert held(found, without=TOKENIZER.what) / 1e9 == pytest.approx(seen, rel=0.001, abs=0.0005)


def test_a_legacy_vae_is_half_as_large() -> None:
    """0.168 GB: BF16 of a float32 file, to the byte."""
    found = residency(runtimes.find("comfyui", ["legacy"]), FILES["ae.safetensors"])
    assert found.cache_bytes == 167_639_366


def test_a_text_encoder_adds_its_tokenizer() -> None:
    """85 MB beside the weights, as a line of its own; a denoiser has none."""
    lines = {
        name: [line.what for line in residency(runtimes.find("comfyui"), FILES[name]).lines]
        for name in ("Qwen3-4B-Q8_0.gguf", "z_image_turbo-Q8_0.gguf")
    }
    assert "tokenizer" in lines["Qwen3-4B-Q8_0.gguf"]
    assert "tokenizer" not in lines["z_image_turbo-Q8_0.gguf"]


def test_the_untied_head_stays_packed_and_the_table_becomes_f16() -> None:
    """Qwen3-8B Q4_K_M: head Q6_K as stored, token embedding two bytes an element."""
    found = residency(runtimes.find("comfyui"), FILES["Qwen3-8B-Q4_K_M.gguf"])
    becomes = {line.what: (line.type, line.becomes) for line in found.lines}
    assert becomes["output_head"] == ("Q6_K", "Q6_K")
    assert becomes["token_embedding"] == ("Q4_K", "F16")


@pytest.mark.parametrize("case", measurements("comfyui")["fit_sim"][1:])
def test_the_ram_pressure_cache_decides_the_same(case: dict[str, float]) -> None:
    """Two VAEs and ComfyUI's own budget code: exactly H left keeps both, 20 MiB less doesn't."""
    runtime = runtimes.find("comfyui")
    pair = [residency(runtime, FILES[name]) for name in ("ae.safetensors", _FLUX2_VAE)]
    stayed = case["A_after_trim"] + case["B_after_trim"] == case["need"]
    assert fits(runtime.fit, pair, int(case["available_before"])) == stayed


_FLUX2_VAE = "diffusion_pytorch_model.safetensors"


def test_exactly_the_headroom_left_fits_and_a_byte_less_doesnt() -> None:
    """The edge is at Σ counted + H, to the byte, whatever H is."""
    runtime = runtimes.find("comfyui")
    pair = [residency(runtime, FILES[name]) for name in ("ae.safetensors", _FLUX2_VAE)]
    edge = sum(found.cache_bytes for found in pair) + 2 * GIB
    assert fits(runtime.fit, pair, edge)
    assert not fits(runtime.fit, pair, edge - 1)
    assert not fits(runtime.fit, pair, edge - 20 * 2**20)


@pytest.mark.parametrize(("ram", "kept"), [(4, 2), (20, 2), (32, 3.2), (100, 10), (512, 10)])
def test_headroom_is_a_tenth_within_limits(ram: int, kept: float) -> None:
    """clamp(0.10·R, 2, 10) GiB."""
    assert HEADROOM.of(ram * GIB) == int(kept * GIB)


def test_the_z_image_pair_holds_10_8_gib() -> None:
    """Q8_0 + Q8_0 and the float32 VAE, tokenizer included; InvokeAI's books say 12.64."""
    names = ("z_image_turbo-Q8_0.gguf", "Qwen3-4B-Q8_0.gguf", "ae.safetensors")
    total = sum(residency(runtimes.find("comfyui"), FILES[name]).real_bytes for name in names)
    assert f"{total / GIB:.1f}" == "10.8"


def test_folders_and_bitsandbytes_are_left_out() -> None:
    """No rule tells what ComfyUI makes of a folder, and the reason says so: not "does not load"."""
    for name in ("t5-xxl/InvokeAI/INT8_BNB", "qwen3-4b/black-forest-labs/BF16"):
        found = runtimes.find("comfyui").residency(published(name))
        assert isinstance(found, Unknown)
        assert "folder" in found.reason


def test_a_rule_that_was_only_read_says_so() -> None:
    """Wan was not run: its basis is the code."""
    file = WeightFile("wan", Container.GGUF, "Q8_0", 1, ())
    found = runtimes.find("comfyui").residency(file)
    assert isinstance(found, Residency)
    assert found.basis == "code"


@pytest.mark.parametrize(
    ("name", "seen"),
    [("Qwen3-4B-Q8_0.gguf", 698_392_576), ("Qwen3-8B-Q4_K_M.gguf", 1_911_771_136)],
)
def test_dequantizing_a_table_takes_what_was_measured(name: str, seen: int) -> None:
    """The peak of anonymous memory while loading, above what stays, within 1 %."""
    found = residency(runtimes.find("comfyui"), FILES[name])
    assert found.transient_bytes == pytest.approx(seen, rel=0.01)


def test_loading_anything_else_takes_no_more_than_what_stays() -> None:
    """Files are mapped while tensors are made from them."""
    for name in ("ae.safetensors", "z_image_turbo-Q8_0.gguf", "t5xxl_fp16.safetensors"):
        assert residency(runtimes.find("comfyui", ["legacy"]), FILES[name]).transient_bytes == 0
