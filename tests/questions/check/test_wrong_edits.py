"""Sixty edits as people get them wrong, made after the rules: nearly all are found, and where."""

import sys
from collections.abc import Iterator

import pytest

from catalog_edits import TEXT, Change, findings
from fitplan.questions.check import Finding

pytestmark = pytest.mark.slow

NEAR = 30
"""Lines between an edit and a finding that still leads there: the longest entry of a release."""

EDITS = (
    # Sources
    Change("a source's month slips a year ahead", 'as_of: "2026-09-27"', 'as_of: "2027-09-27"'),
    Change(
        "a source's address is another repository's",
        "url: https://github.com/lmgw-dev/lmgw",
        "url: https://github.com/utensils/mold",
    ),
    Change(
        "an address without its scheme",
        "url: https://github.com/leejet/stable",
        "url: github.com/leejet/stable",
    ),
    Change(
        "the day of a source before there were such models",
        'as_of: "2025-12-10"',
        'as_of: "2015-12-10"',
    ),
    # Architectures
    Change(
        "the other Klein's width",
        "hidden_size: 4096",
        "hidden_size: 3072",
        "  flux2-klein-9b:\n    family",
    ),
    Change("parameters in billions", "parameters: 12820073036", "parameters: 13"),
    Change("parameters with one digit twice", "parameters: 5680910336", "parameters: 56809103366"),
    Change("a family of the model before", "family: chroma\n", "family: ernie\n"),
    Change("a family of encoders of one name", "family: umt5", "family: t5"),
    Change(
        "a head where the head is the embedding",
        "token_embedding: {Q8_0: 155582464}",
        "output_head: {Q8_0: 155582464}",
    ),
    Change("fused q/k/v in a T5", "relative_bias: {BF16: 49152}", "fused_qkv: {BF16: 49152}"),
    Change(
        "elements of another role by copy",
        "final_adaln: {BF16: 33554432}",
        "final_adaln: {BF16: 18874368}",
        "          Q6_K: {weights: {BF16: 320864256",
    ),
    Change(
        "one matrix moved a type up",
        "{BF16: 701497344, Q6_K: 4454350848, Q5_K: 25140658176}",
        "{BF16: 701497344, Q6_K: 4567597056, Q5_K: 25027411968}",
    ),
    Change(
        "one type for its neighbour",
        "{BF16: 135266304, Q4_K: 30161240064}",
        "{BF16: 135266304, Q5_K: 30161240064}",
    ),
    Change(
        "matrices kept whole in another type",
        "{F16: 39378944, Q4_0: 8014315520}",
        "{BF16: 39378944, Q4_0: 8014315520}",
    ),
    Change(
        "vectors as in another publisher's",
        "vectors: {F32: 5582400}",
        "vectors: {BF16: 5582400}",
        "          Q6_K: {weights: {BF16: 40501248, Q6_K: 20384317440}",
    ),
    # Components: bytes
    Change("bytes of the neighbour in the ladder", "bytes: 9857000736", "bytes: 9010085024"),
    Change("bytes of the other Klein's file", "bytes: 7865424160", "bytes: 3409273408"),
    Change("GiB taken for GB", "bytes: 16381516824", "bytes: 17589519360"),
    Change("mebibytes", "bytes: 19345952288", "bytes: 18450"),
    Change(
        "two digits change places",
        "bytes: 8779212512}\n          - {quant: Q4_0",
        "bytes: 8779215212}\n          - {quant: Q4_0",
    ),
    Change("a digit of a derived byte count", "bytes: 8278582560", "bytes: 8278585560"),
    Change("derived bytes rounded", "bytes: 5522742336, basis", "bytes: 5522742000, basis"),
    Change("shards counted once", "bytes: 40861027880", "bytes: 9973570000"),
    Change(
        "bytes that are said to be published",
        "{quant: BF16, bytes: 4182218328, basis: derived}",
        "{quant: BF16, bytes: 4182218328}",
        "        file: split_files/diffusion_models/anima-turbo",
    ),
    Change(
        "bytes that are said to be derived",
        "{quant: Q6_K, bytes: 4667283296}",
        "{quant: Q6_K, bytes: 4667283296, basis: derived}",
    ),
    # Components: names and references
    Change(
        "a quantization of the same size",
        "{quant: Q4_K, bytes: 6884606880",
        "{quant: Q4_1, bytes: 6884606880",
    ),
    Change(
        "a quantization of a folder",
        "- {quant: BF16, bytes: 168120878}",
        "- {quant: F32, bytes: 168120878}",
    ),
    Change(
        "the recipe of another publisher",
        "recipe: leejet",
        "recipe: unsloth",
        "        url: https://huggingface.co/leejet/FLUX.2-klein-4B-GGUF",
    ),
    Change(
        "the recipe of a sister",
        "recipe: inputs-f32",
        "recipe: quantstack",
        "        url: https://huggingface.co/YarvixPA/FLUX.1-Fill-dev-gguf",
    ),
    Change(
        "the distilled model's repository",
        "url: https://huggingface.co/unsloth/FLUX.2-klein-base-9B-GGUF",
        "url: https://huggingface.co/unsloth/FLUX.2-klein-9B-GGUF",
    ),
    Change(
        "the base model's file",
        "file: flux-2-klein-9b-{quant}.gguf",
        "file: flux-2-klein-base-9b-{quant}.gguf",
        "url: https://huggingface.co/unsloth/FLUX.2-klein-9B-GGUF",
    ),
    Change(
        "another publisher's repository",
        "url: https://huggingface.co/QuantStack/Qwen-Image-Edit-2509-GGUF",
        "url: https://huggingface.co/unsloth/Qwen-Image-Edit-2509-GGUF",
    ),
    Change(
        "a repository of the year's other edit model",
        "url: https://huggingface.co/unsloth/Qwen-Image-Edit-2511-GGUF",
        "url: https://huggingface.co/unsloth/Qwen-Image-Edit-2509-GGUF",
    ),
    Change(
        "the smaller encoder's repository",
        "url: https://huggingface.co/unsloth/Qwen3-8B-GGUF",
        "url: https://huggingface.co/unsloth/Qwen3-4B-GGUF",
    ),
    Change(
        "the smaller Klein's repository for an encoder",
        "url: https://huggingface.co/black-forest-labs/FLUX.2-klein-9B",
        "url: https://huggingface.co/black-forest-labs/FLUX.2-klein-4B",
        "    name: Qwen3-8B\n",
    ),
    Change(
        "the other model's VAE",
        "url: https://huggingface.co/Qwen/Qwen-Image",
        "url: https://huggingface.co/Tongyi-MAI/Z-Image-Turbo",
        "    name: Qwen-Image VAE\n",
    ),
    Change(
        "the first encoder's file for the second",
        "file: text_encoder_2/model.fp16.safetensors",
        "file: text_encoder/model.fp16.safetensors",
    ),
    Change(
        "the file of another quantization",
        "file: t5xxl_fp8_e4m3fn_scaled.safetensors",
        "file: t5xxl_fp16.safetensors",
    ),
    Change(
        "the format of the release before",
        "format: gguf",
        "format: safetensors",
        "      - publisher: orabazes\n",
    ),
    Change("part of the other model's folder", "part_of: sd15", "part_of: sdxl"),
    Change("no word of the folder", "        part_of: sd15\n", ""),
    Change("a source that nobody wrote down", "source: qwen3-table", "source: qwen-table"),
    Change(
        "the source of another model's table",
        "source: klein-table}",
        "source: qwen3-table}",
        "          - {quant: Q4_1, bytes: 2690425408",
    ),
    Change("a kind by copy", "kind: encoder", "kind: denoiser", "  umt5-xxl:\n    kind"),
    # Pipelines
    Change(
        "the encoders in another order",
        "encoders: [t5-xxl, clip-l]",
        "encoders: [clip-l, t5-xxl]",
        "    denoiser: flux1-kontext-dev\n",
    ),
    Change(
        "the other Klein's encoder",
        "encoders: [qwen3-8b]",
        "encoders: [qwen3-4b]",
        "    denoiser: flux2-klein-9b-base\n",
    ),
    Change(
        "the VAE of the model before",
        "vae: flux2-vae",
        "vae: flux1-vae",
        "    encoders: [mistral-small-24b]\n",
    ),
    Change(
        "the VAE of the older Stable Diffusion",
        "vae: sdxl-vae",
        "vae: sd15-vae",
        "    denoiser: sdxl-turbo\n",
    ),
    Change("the denoiser of the model before", "denoiser: krea2-raw", "denoiser: krea2-turbo"),
    Change(
        "a free licence for a derivative",
        "license: FLUX.1 [dev] Non-Commercial",
        "license: Apache-2.0",
        "    denoiser: flux1-krea-dev\n",
    ),
    Change(
        "the larger sister's licence",
        "license: Apache-2.0",
        "license: FLUX Non-Commercial",
        "    denoiser: flux2-klein-4b-base\n",
    ),
    Change("steps of the base model", "steps: 4", "steps: 50", "    denoiser: sd3.5-large-turbo\n"),
    Change("distilled by copy", 'distilled: "no"', "distilled: steps", "    denoiser: z-image\n"),
    Change("the sister's rating", "value: 758", "value: 863"),
    Change("a rating with a digit too few", "value: 909", "value: 90"),
    # Measurements
    Change("cache in GB", "cache_gib: 13.27", "cache_gib: 14.25"),
    Change(
        "denoiser and encoder of another row",
        "denoiser: unsloth/Q5_K_M, encoder: Q4_K_M",
        "denoiser: unsloth/Q5_K_M, encoder: Q5_K_M",
        "  - {pipeline: flux2-klein-9b, denoiser: unsloth/Q5_K_M",
    ),
    Change("milliseconds", "seconds_per_forward: 1.01", "seconds_per_forward: 1010"),
    Change(
        "another model's time",
        "model: flux2-klein-4b-base",
        "model: flux2-klein-9b-base",
        "# The page's second table",
    ),
)
Found = dict[Change, tuple[Finding, ...]]


@pytest.fixture(scope="module")
def found() -> Found:
    """Every edit, and what a check finds near it."""
    return {
        edit: tuple(f for f in findings(edit.text) if abs(f.line - edit.line) <= NEAR)
        for edit in EDITS
    }


def verdicts(found: Found) -> Iterator[str]:
    """Each edit and the first finding; those that aren't found last."""
    for edit, told in sorted(found.items(), key=lambda item: not item[1]):
        verdict = f"{told[0].rule}: {told[0].message}" if told else "NOT FOUND"
        yield f"line {edit.line}: {edit.kind}\n    {verdict}"


def test_there_are_sixty_different_edits() -> None:
    """In different places, or to different ends."""
    assert len({edit.kind for edit in EDITS}) == len({edit.text for edit in EDITS} | {TEXT}) - 1
    assert len(EDITS) == 60


def test_nearly_all_are_found(found: Found) -> None:
    """At least 54 of 60, in the entry they are made in. `pytest -rP` shows the list."""
    sys.stdout.writelines(f"{line}\n" for line in verdicts(found))
    assert sum(map(bool, found.values())) >= 54
