"""Planning with installed files: checkpoints, projectors, pipelines; nothing found is lost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sparse
from catalogs import in_runtime
from cli import Run
from field import flux_checkpoint, packed, under, vision_projector
from fitplan import readers
from fitplan.accounting.weights import Role, Tensor
from fitplan.planning.candidates import Candidates
from fitplan.planning.installed import shortfall
from fitplan.planning.matching import match
from fitplan.planning.planner import plan
from fitplan.units import GIB

FLUX_DENOISER = 2 * 11_901_408_320
"""Bytes of FLUX.1 Dev's transformer in BF16: 22.17 GiB."""
SDXL = (("unet", "sdxl-unet.diffusers"), ("clip_l", "clip-l.hf"), ("clip_g", "clip-bigg.hf"))


def planned(run: Run, folder: Path, *options: str) -> Any:
    """The JSON of a plan with what is installed in `folder`."""
    return run("--installed", "--folder", str(folder), "--ram", "64", "--json", *options).json


def pairs(document: Any) -> set[tuple[str, str, str]]:
    """Model, denoiser's file and encoder's file of every pair."""
    return {
        (p["model"], Path(p["denoiser"]["file"]).name, Path(p["encoder"]["file"]).name)
        for p in document["plans"]
    }


def reasons(document: Any) -> dict[str, str]:
    """File name → why it is not planned."""
    return {Path(item["path"]).name: item["reason"] for item in document["unused"]}


def test_a_whole_checkpoint_is_one_pair_in_comfyui(run: Run, tmp_path: Path) -> None:
    """Denoiser, text encoders and VAE come out of one file, and its bytes count once."""
    path = flux_checkpoint(tmp_path / "flux1-dev-fp8.safetensors")
    found = planned(run, tmp_path, "--runtime", "comfyui")
    assert pairs(found) == {("FLUX.1 Dev", path.name, path.name)}
    (pair,) = found["plans"]
    assert pair["file_bytes"] == path.stat().st_size
    assert (found["unused"], found["missing"]) == ([], [])


def test_invokeai_takes_the_transformer_alone(run: Run, tmp_path: Path) -> None:
    """A FLUX.1 checkpoint without a T5 folder is no pair there; with one, it is 22.17 GiB of it."""
    path = flux_checkpoint(tmp_path / "flux1-dev-fp8.safetensors")
    alone = planned(run, tmp_path)
    assert alone["plans"] == []
    assert [m["components"] for m in alone["missing"]] == [["T5-XXL v1.1", "CLIP-L", "FLUX.1 VAE"]]
    assert "T5-XXL" in reasons(alone)[path.name]
    for name in ("t5-xxl-bnb-int8", "clip-l-bf16", "flux1-ae-f32"):
        sparse.install(name, tmp_path)
    (pair,) = planned(run, tmp_path)["plans"]
    assert pair["denoiser"]["cache_bytes"] == FLUX_DENOISER
    assert pair["denoiser"]["file_bytes"] == path.stat().st_size


@pytest.mark.parametrize("runtime", ["invokeai", "invokeai@6.12", "comfyui", "sd.cpp"])
def test_an_sd_1_5_checkpoint_is_a_pair_by_itself(run: Run, tmp_path: Path, runtime: str) -> None:
    """Every program that loads Stable Diffusion from one file takes all of it."""
    path = sparse.install("sd15-single-f16", tmp_path)
    found = planned(run, tmp_path, "--runtime", runtime)
    assert pairs(found) == {("SD 1.5", path.name, path.name)}
    assert found["unused"] == []


def a_pipeline(folder: Path, *parts: str) -> Path:
    """A diffusers folder of SD 1.5 with these of its parts."""
    names = {
        "unet": "sd15-diff-unet-f16",
        "text_encoder": "sd15-diff-te-f16",
        "vae": "sd15-diff-vae-f32",
    }
    tensors = {part: sparse.inventory(names[part]).tensors for part in parts}
    return sparse.write_pipeline(folder, "StableDiffusionPipeline", tensors)


def test_parts_of_a_pipeline_stay_in_it(run: Run, tmp_path: Path) -> None:
    """InvokeAI takes an SD 1.5 text encoder out of the folder of its UNet, and from nowhere else.

    Neither the folder beside it nor a CLIP-L that stands alone completes a UNet without one.
    """
    for name in ("one", "two"):
        a_pipeline(tmp_path / name, "unet", "text_encoder", "vae")
    a_pipeline(tmp_path / "bare", "unet", "vae")
    sparse.install("clip-l-bf16", tmp_path)
    found = planned(run, tmp_path, "--all")["plans"]
    parts = [(p["denoiser"], p["encoder"], *p["others"]) for p in found]
    homes = [[Path(part["file"]).relative_to(tmp_path).parts[0] for part in p] for p in parts]
    assert sorted(homes) == [["one"] * 3, ["two"] * 3]


def test_folders_beside_each_other_are_no_pipeline(run: Run, tmp_path: Path) -> None:
    """A UNet and a CLIP-L that belong to no pipeline do not make one in InvokeAI."""
    unet = sparse.inventory("sd15-diff-unet-f16").tensors
    sparse.write_folder(tmp_path / "unet", unet, {}, stem="diffusion_pytorch_model")
    vae = sparse.inventory("sd15-diff-vae-f32").tensors
    sparse.write_folder(tmp_path / "vae", vae, {}, stem="diffusion_pytorch_model")
    sparse.install("clip-l-bf16", tmp_path)
    assert planned(run, tmp_path, "--all")["plans"] == []


def test_parts_of_sdxl_that_lie_apart_work_in_comfyui(run: Run, tmp_path: Path) -> None:
    """UNet, CLIP-L, CLIP-G and VAE as four files; in InvokeAI nothing loads them so."""
    for name, architecture in SDXL:
        sparse.write_safetensors(
            tmp_path / f"sdxl_{name}.safetensors", sparse.architecture(architecture, "F16")
        )
    sparse.write_safetensors(
        tmp_path / "sdxl_vae.safetensors", sparse.inventory("sdxl-vae-single-f32").tensors
    )
    found = planned(run, tmp_path, "--runtime", "comfyui", "--model", "sdxl")
    assert ("SDXL", "sdxl_unet.safetensors", "sdxl_clip_g.safetensors") in pairs(found)
    other = planned(run, tmp_path, "--model", "sdxl")
    assert other["plans"] == []
    assert set(reasons(other)) >= {"sdxl_unet.safetensors", "sdxl_clip_g.safetensors"}


def test_a_text_gguf_and_its_projector_are_one_encoder(run: Run, tmp_path: Path) -> None:
    """Qwen2.5-VL for Qwen-Image: both files' bytes, and the projector belongs to no one else."""
    models = tmp_path / "models"
    encoder = sparse.write_gguf(
        models / "Qwen2.5-VL-7B-Instruct-Q4_K_M.gguf",
        packed(sparse.architecture("qwen2.5-vl-7b"), "Q4_K"),
        architecture="qwen2vl",
    )
    projector = vision_projector(models / "Qwen2.5-VL-7B-Instruct-mmproj-F16.gguf", 1280, 3584, 4)
    stranger = vision_projector(models / "other-mmproj-F16.gguf", 1024, 4096, 4)
    sparse.write_gguf(
        models / "qwen-image-edit-2511-Q4_K_M.gguf",
        (
            *packed(sparse.architecture("qwen-image"), "Q4_K"),
            Tensor("__index_timestep_zero__", (1,), "F32"),
        ),
        architecture="qwen_image",
    )
    vae = sparse.inventory("wan21-vae-f32").tensors
    sparse.write_safetensors(models / "qwen_image_vae.safetensors", vae)
    found = planned(run, models, "--runtime", "comfyui")
    (pair,) = found["plans"]
    assert pair["model"] == "Qwen-Image-Edit 2511"
    both = encoder.stat().st_size + projector.stat().st_size
    assert pair["encoder"]["file_bytes"] == both
    assert set(reasons(found)) == {stranger.name}
    assert "without a text model of its width" in reasons(found)[stranger.name]


@pytest.mark.parametrize("name", ["extra.safetensors", "UPPER.SAFETENSORS"])
def test_what_is_no_part_of_a_pair_is_listed_with_the_reason(
    run: Run, tmp_path: Path, name: str
) -> None:
    """LoRAs, models the catalog lacks, and shapes that no component has."""
    low_rank = [
        Tensor(f"transformer.blocks.{i}.attn.lora_{side}.weight", shape, "BF16")
        for i in range(3)
        for side, shape in (("A", (16, 64)), ("B", (64, 16)))
    ]
    sparse.write_safetensors(tmp_path / name, low_rank)
    sparse.write_safetensors(tmp_path / "x.safetensors", [Tensor("a.weight", (4, 4), "F32")])
    tokens = [
        Tensor(t.name, (151_669, 2560) if "embed_tokens" in t.name else t.shape, "BF16")
        for t in sparse.architecture("qwen3-4b.hf")
    ]
    sparse.write_safetensors(tmp_path / "tokens.safetensors", tokens)
    found = planned(run, tmp_path)
    assert set(reasons(found)) == {name, "x.safetensors", "tokens.safetensors"}
    assert "not a part of a pair" in reasons(found)[name]
    assert "151,669 tokens instead of 151,936" in reasons(found)["tokens.safetensors"]


def test_a_file_that_the_program_does_not_load_says_so(run: Run, tmp_path: Path) -> None:
    """A single-file T5 in InvokeAI; a partner that is missing names itself."""
    sparse.write_safetensors(
        tmp_path / "t5xxl_fp16.safetensors", sparse.architecture("t5-xxl-encoder.hf", "F16")
    )
    sparse.install("z-image-turbo-q8_0", tmp_path)
    found = planned(run, tmp_path)
    assert "InvokeAI 6.14" in reasons(found)["t5xxl_fp16.safetensors"]
    assert "lacks Qwen3-4B" in reasons(found)["z-image-turbo-q8_0.gguf"]


SETS: Sequence[Sequence[str]] = (
    ("klein-4b-q8_0", "qwen3-4b-q8_0", "flux2-vae-f32"),
    ("z-image-turbo-q8_0", "z-image-bf16-single", "qwen3-4b-q8_0", "flux1-ae-f32"),
    ("flux1-dev-bf16-r2", "t5-xxl-bnb-int8", "clip-l-bf16", "flux1-ae-f32"),
    ("sd15-single-f32", "sd15-diff-unet-f16", "qwen3-8b-q4_k_m"),
    ("qwen3-4b-q8_0", "qwen3-4b-bf16-single", "flux1-ae-f32", "flux2-vae-f32"),
)


@pytest.mark.parametrize("names", SETS, ids=lambda names: names[0])
@pytest.mark.parametrize("runtime", ["invokeai", "comfyui", "sd.cpp", "diffusers"])
def test_every_file_is_in_a_pair_or_listed(
    names: Sequence[str], runtime: str, tmp_path: Path
) -> None:
    """Of whatever is installed nothing disappears, in any program."""
    models = [(n, m) for n in names for m in readers.read(sparse.install(n, tmp_path))]
    shipped = in_runtime(runtime)
    matched = match(shipped.catalog, models)
    here = Candidates(shipped.catalog.with_only(matched.files), shipped.runtime)
    listed = {item.model.path for item in shortfall(here, matched, ()).unused}
    answer = plan(here, here.catalog.file.pipelines, 200 * GIB, "all")
    used = {Path(c.file.file or "") for found in answer.plans for c in found.choices}
    assert {model.path for _, model in models} == used | listed
    assert not used & listed


def test_the_cheaper_of_checkpoint_and_separate_files_is_found(tmp_path: Path) -> None:
    """Plans of both kinds are compared: no plan on the frontier beats another."""
    flux_checkpoint(tmp_path / "flux1-dev-fp8.safetensors")
    q4 = packed(sparse.architecture("flux1-dev"), "Q4_K", "F16")
    sparse.write_gguf(tmp_path / "flux1-dev-Q4_K.gguf", q4, architecture="flux")
    for name, kind in (("t5-xxl-encoder.hf", "F16"), ("clip-l", "F16")):
        sparse.write_safetensors(tmp_path / f"{name}.safetensors", sparse.architecture(name, kind))
    vae = sparse.inventory("flux1-ae-f32").tensors
    sparse.write_safetensors(tmp_path / "ae.safetensors", vae)
    models = [(model.path.name, model) for model in readers.read(tmp_path)]
    shipped = in_runtime("comfyui")
    matched = match(shipped.catalog, models)
    here = Candidates(shipped.catalog.with_only(matched.files), shipped.runtime)
    frontier = plan(here, ["flux1-dev"], 64 * GIB, "frontier").plans
    every = plan(here, ["flux1-dev"], 64 * GIB, "all").plans
    assert {(p.denoiser.file.quant, p.denoiser.file.checkpoint is None) for p in every} == {
        ("FP8_E4M3", False),
        ("Q4_K_S", True),
    }
    assert not any(a.beaten_by(b) for a in frontier for b in every)
    assert {(p.denoiser.file.id, p.encoder.file.id) for p in every if p.frontier} == {
        (p.denoiser.file.id, p.encoder.file.id) for p in frontier
    }


def test_vision_towers_do_not_decide_which_component_an_encoder_is(tmp_path: Path) -> None:
    """Qwen2.5-VL with and without its vision tower is the same component."""
    whole = sparse.write_safetensors(
        tmp_path / "qwen_2.5_vl_7b.safetensors", sparse.architecture("qwen2.5-vl-7b.hf")
    )
    text = sparse.write_gguf(
        tmp_path / "text.gguf",
        packed(sparse.architecture("qwen2.5-vl-7b"), "Q8_0"),
        architecture="qwen2vl",
    )
    models = [(path.name, model) for path in (whole, text) for model in readers.read(path)]
    files = match(in_runtime("comfyui").catalog, models).files
    assert len(files["qwen2.5-vl-7b"]) == 2
    roles = {group.role for group in files["qwen2.5-vl-7b"][0].weights.groups}
    assert Role.VISION in roles


def test_a_prefix_may_stand_twice(tmp_path: Path) -> None:
    """A finetune saved with its prefix once and again is the same architecture."""
    twice = "model.diffusion_model.model.diffusion_model."
    tensors = under(twice, sparse.architecture("flux1-dev"))
    path = sparse.write_gguf(
        tmp_path / "fluxUnchained.gguf", packed(tensors, "Q4_K", "F16"), architecture="flux"
    )
    (model,) = readers.read(path)
    assert model.architecture == "FLUX.1 Dev"


@pytest.mark.parametrize(
    ("name", "assumed"),
    [
        ("flux1-dev-Q4_K.gguf", False),
        ("flux1-krea-dev-Q4_K.gguf", False),
        ("fluxUnchained-Q4_K.gguf", True),
        ("my-finetune.gguf", True),
    ],
)
def test_a_guess_between_models_of_equal_shapes_is_called_one(
    run: Run, tmp_path: Path, name: str, assumed: bool
) -> None:
    """Whose name says which of FLUX.1 Dev, Kontext and Krea it is gets no warning."""
    tensors = packed(sparse.architecture("flux1-dev"), "Q4_K", "F16")
    sparse.write_gguf(tmp_path / name, tensors, architecture="flux")
    for inventory in ("t5-xxl-bnb-int8", "clip-l-bf16", "flux1-ae-f32"):
        sparse.install(inventory, tmp_path)
    (pair,) = planned(run, tmp_path)["plans"]
    told = [w["text"] for w in pair["warnings"] if w["kind"] == "assumed-model"]
    assert bool(told) == assumed
    assert all("FLUX.1 Krea" in text for text in told)
