"""The catalog against the models that InvokeAI offers on its start page, file by file."""

from functools import cache
from pathlib import PurePosixPath

import pytest
import yaml

from catalogs import shipped
from fitplan.accounting.weights import Container
from fitplan.catalog import PublishedFile
from places import DATA

STARTERS = yaml.safe_load((DATA / "invokeai_starters.yaml").read_text("utf-8"))
HUB = "https://huggingface.co/"

MISSING = {
    "FLUX.1 schnell (SDNQ uint4 + SVD)": "no exact size seen",
    "Ideogram 4 (nf4)": "no exact size seen",
    "CyberRealistic v4.1": "no exact size seen",
    "ReV Animated": "its tensor type is not known",
    "Deliberate v5": "no exact size seen",
    "Deliberate v5 (inpainting)": "no exact size seen",
    "FLUX.2 Klein 4B (Diffusers)": "its publisher's single file of this quantization is there",
    "FLUX.2 Klein 4B (SDNQ dynamic 4-bit)": "no exact size seen",
    "FLUX.2 Klein 9B (SDNQ dynamic 4-bit + SVD)": "no exact size seen",
    "FLUX.2 [dev] cow Mistral Encoder (GGUF IQ4_XS)": "sizes of three digits only",
    "FLUX.2 [dev] cow Mistral Encoder (GGUF Q4)": "sizes of three digits only",
    "FLUX.2 [dev] cow Mistral Encoder (GGUF Q8)": "sizes of three digits only",
    "FLUX.2 [dev] (Diffusers, NF4)": "no exact size seen",
    "FLUX.2 [dev] Transformer (GGUF Q3_K_M)": "sizes of three digits only",
    "FLUX.2 [dev] Transformer (GGUF Q4_K_M)": "sizes of three digits only",
    "FLUX.2 [dev] Transformer (GGUF Q5_K_M)": "sizes of three digits only",
    "FLUX.2 [dev] Transformer (GGUF Q6_K)": "sizes of three digits only",
    "FLUX.2 [dev] Transformer (GGUF Q8_0)": "sizes of three digits only",
    "Z-Image Turbo (SDNQ uint4 + SVD)": "no exact size seen",
    "Qwen Image VAE": "the same file as Qwen/Qwen-Image's, which is there",
    "Qwen2.5-VL Encoder (Diffusers)": "the same files as Qwen/Qwen-Image's, which are there",
    "Krea-2 Turbo (Q8_0 GGUF)": "sizes of three digits only",
    "Wan 2.2 TI2V-5B VAE": "its tensor type is not known",
    "Wan 2.2 T2V A14B (Diffusers)": "its tensor type is not known",
    "Wan 2.2 I2V A14B (Diffusers)": "its tensor type is not known",
    "Wan 2.2 TI2V-5B (Diffusers)": "its tensor type is not known",
    "Gemma 2 2B (PiD caption encoder)": "no pipeline has it",
    "SigLIP - google/siglip-so400m-patch14-384": "no pipeline has it",
}
"""Models that the catalog has not, and why."""


@cache
def _files() -> dict[str, list[PublishedFile]]:
    """Address of a repository, lower case → the files of the catalog that lie in it."""
    found: dict[str, list[PublishedFile]] = {}
    catalog = shipped()
    for id in catalog.file.components:
        for file in catalog.files(id):
            found.setdefault((file.url or "").lower(), []).append(file)
    return found


def _is_there(starter: dict[str, str]) -> bool:
    repository, inside = _parts(starter["source"])
    kind = {"Main": "denoiser", "VAE": "vae"}.get(starter["type"], "encoder")
    files = _files().get(f"{HUB}{repository}".lower(), [])
    folders = {f.file for f in files if f.weights.container is Container.FOLDER and _is(f, kind)}
    if not inside:
        return bool(folders)
    names = {name for f in files for name in (f.file, f.beside) if name}
    return inside in names or bool(folders & set(map(str, PurePosixPath(inside).parents)))


def _is(file: PublishedFile, kind: str) -> bool:
    return shipped().file.components[file.component_id].kind == kind


def _parts(source: str) -> tuple[str, str]:
    """Repository, and the file or first folder in it; "" for all of it."""
    if source.startswith(HUB):
        repository, _, file = source.removeprefix(HUB).partition("/resolve/main/")
        return repository, file
    repository, _, inside = source.partition("::")
    return repository, inside.partition("+")[0]


def test_the_list_has_every_model_invokeai_counts() -> None:
    """104 main models, encoders and VAEs, each with a name and a source of its own."""
    assert len(STARTERS) == len({s["name"] for s in STARTERS}) == 104


@pytest.mark.parametrize("starter", STARTERS, ids=lambda s: s["name"])
def test_starters_are_in_the_catalog_with_that_very_file(starter: dict[str, str]) -> None:
    """A model that is offered is there, or it is known why not."""
    assert _is_there(starter) != (starter["name"] in MISSING)


def test_most_starters_are_there() -> None:
    """76 of 104; raise the number with the catalog, never lower it."""
    assert sum(_is_there(s) for s in STARTERS) >= 76
