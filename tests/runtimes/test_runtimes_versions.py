"""Any version of a program is answered with the newest rules known for it, and that is said."""

import pytest

from cli import Run
from fitplan import runtimes
from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.units import GIB
from inventory import weight_file
from runtime_data import published, residency, single


@pytest.mark.parametrize(
    ("asked", "version", "said"),
    [
        ("invokeai@6.12.3", "6.12", ""),
        ("invokeai@6.13.6", "6.12", "6.13.6"),
        ("invokeai@6", "6.14", ""),
        ("invokeai@v6.14.2", "6.14", ""),
        ("invokeai@6.15.0rc1", "6.14", "6.15.0rc1"),
        ("comfyui@0.3.64", "0.3.64", ""),
        ("comfyui@0.3.70", "0.3.64", "0.3.70"),
        ("comfyui@0.16", "0.16", ""),
        ("comfyui@0.22", "0.16", "0.22"),
        ("comfyui@0.23", "0.23", ""),
        ("comfyui@0.33.1", "0.33", ""),
        ("diffusers@0.36.0", "0.36", ""),
        ("diffusers@0.41", "0.40", "0.41"),
        ("diffusers@0.42.0", "0.42", ""),
        ("sd.cpp@900", "817", ""),
    ],
)
def test_the_newest_rules_that_are_no_newer_answer(asked: str, version: str, said: str) -> None:
    """A patch release has its version's rules; builds of sd.cpp have those from theirs on."""
    found = runtimes.find(asked)
    assert (found.version, found.asked) == (version, said)
    assert (f"(the newest rules for {said})" in found.title) == bool(said)
    assert all(other.asked == said for other in found.cheaper)


def test_table_and_json_say_whose_rules_answer(run: Run) -> None:
    """In the title, and as `asked` beside the version."""
    asked = ("--ram", "14", "--runtime", "comfyui@0.3.70", "--model", "FLUX.1 Dev")
    shown = " ".join(run(*asked).out.split())
    assert "ComfyUI 0.3.64 (legacy) (the newest rules for 0.3.70)" in shown
    found = run(*asked, "--json").json["runtime"]
    assert found == {"name": "comfyui", "version": "0.3.64", "asked": "0.3.70"}


def test_comfyui_keeps_ram_free_only_since_the_pressure_cache() -> None:
    """A tenth of 16 GiB, at least 2 GiB, since 0.23; nothing before."""
    kept = {v: runtimes.find(f"comfyui@{v}").fit.needed((), 16 * GIB) for v in ("0.22", "0.23")}
    assert kept == {"0.22": 0, "0.23": 2 * GIB}
    assert "swaps" in runtimes.find("comfyui@0.16").miss


def test_comfyui_0_3_64_is_always_legacy() -> None:
    """Dynamic VRAM came later (pull request 12658): a VAE is BF16 in RAM, half its F32 file."""
    old, new = (runtimes.find(f"comfyui@{version}") for version in ("0.3.64", "0.16"))
    assert (old.modes["mode"], new.modes["mode"]) == ("legacy", "dynamic")
    vae = single("flux1-ae-f32")
    sizes = [sum(g.bytes for g in vae.groups), residency(old, vae).real_bytes]
    assert sizes[0] == 2 * sizes[1]


def test_comfyui_0_3_64_knows_no_families_that_came_later() -> None:
    """FLUX.2 is not in `models` of comfy/supported_models.py there."""
    klein = single("klein-4b-q8_0")
    assert isinstance(runtimes.find("comfyui@0.3.64").residency(klein), Unknown)
    assert isinstance(runtimes.find("comfyui@0.16").residency(klein), Residency)


def test_diffusers_0_42_makes_of_a_file_what_0_40_does() -> None:
    """Its loaders' code is the same; it only has more models."""
    for name in ("klein-4b-bf16", "z-image-fp8-single", "qwen3-4b-bf16-hf", "clip-l-bf16"):
        file = weight_file(name)
        old, new = (residency(runtimes.find(f"diffusers@{v}"), file) for v in ("0.40", "0.42"))
        assert old == new


@pytest.mark.parametrize("version", ["6.12", "6.14"])
def test_invokeai_takes_no_scaled_fp8_of_flux1(version: str) -> None:
    """FluxCheckpointModel is strict in 6.12 and leaves the scales out in 6.14: wrong weights."""
    file = published("flux1-kontext-dev/Comfy-Org/FP8_SCALED")
    found = runtimes.find(f"invokeai@{version}").residency(file)
    assert isinstance(found, Unsupported)
    assert "FP8_SCALED" in found.reason
    assert "FluxCheckpointModel" in found.source
