"""What people rightly add to and change in the catalog: a check stays silent on all of it."""

import pytest

from catalog_edits import Change, findings

KREA = "  flux1-krea-dev:\n    kind: denoiser"
KONTEXT = "  flux1-kontext-dev:\n    kind: denoiser"
CHANGES = (
    Change(
        "a variant more",
        "          - {quant: Q4_1, bytes: 7536977184,",
        "          - {quant: Q5_K_M, bytes: 8419501344}\n          - {quant: "
        "Q4_1, bytes: 7536977184,",
        KREA,
    ),
    Change("a variant less", "          - {quant: Q6_K, bytes: 9848349984}\n", "", KONTEXT),
    Change(
        "a release more",
        "      - publisher: worstplayer\n",
        "      - publisher: bartowski\n"
        "        url: https://huggingface.co/bartowski/Qwen_Qwen3-4B-GGUF\n"
        "        format: gguf\n        file: Qwen_Qwen3-4B-{quant}.gguf\n"
        "        recipe: llama.cpp\n        source: lmgw\n        confidence: high\n"
        "        variants:\n          - {quant: Q8_0, bytes: 4280405600}\n"
        "          - {quant: Q6_K, bytes: 3306261600}\n      - publisher: worstplayer\n",
    ),
    Change(
        "a release in another format",
        "  flux1-krea-dev:\n    kind: denoiser\n    name: FLUX.1 Krea Dev\n"
        "    architecture: flux1-dev\n    releases:\n",
        "  flux1-krea-dev:\n    kind: denoiser\n    name: FLUX.1 Krea Dev\n"
        "    architecture: flux1-dev\n    releases:\n      - publisher: black-forest-labs\n"
        "        url: https://huggingface.co/black-forest-labs/FLUX.1-Krea-dev\n"
        "        format: safetensors\n        file: flux1-krea-dev.safetensors\n"
        "        recipe: unquantized\n        source: mold\n        confidence: high\n"
        "        variants:\n          - {quant: BF16, bytes: 23802932552}\n",
    ),
    Change(
        "a finetune of a model whose licence binds it",
        "  # FLUX.2\n  flux2-klein-4b:\n    name",
        "  flux1-sunset:\n    name: Sunset\n    denoiser: flux1-sunset\n"
        "    encoders: [t5-xxl, clip-l]\n    vae: flux1-vae\n"
        "    license: FLUX.1 [dev] Non-Commercial\n    distilled: guidance\n    steps: 30\n"
        "  # FLUX.2\n  flux2-klein-4b:\n    name",
    ),
    Change(
        "a new quantization of a recipe",
        "          Q4_0: {weights: {BF16: 291176448, Q4_0: 8606711808}",
        "          Q4_K_S: {weights: {BF16: 291176448, Q4_K: 8606711808}, "
        "vectors: {F32: 2095168}}\n"
        "          Q4_0: {weights: {BF16: 291176448, Q4_0: 8606711808}",
    ),
    Change("a longer note", "note: Inpainting and outpainting.", "note: Fills and extends images."),
    Change("a note less", "    note: Inpainting and outpainting.\n", ""),
    Change(
        "a new source of one file",
        "{quant: Q5_K_M, bytes: 7018699040, basis: derived, source: sdcpp-catalog}",
        "{quant: Q5_K_M, bytes: 7018699040, source: klein-pages}",
    ),
    Change(
        "derived bytes that were read meanwhile",
        "{quant: Q5_1, bytes: 9010085024, basis: derived, source: comfyui-manager}",
        "{quant: Q5_1, bytes: 9010085024}",
    ),
    Change("an observation within tolerance", "cache_gib: 13.09", "cache_gib: 13.1"),
    Change(
        "an observation more",
        "\n# ── Benchmarks",
        "  - {pipeline: z-image-turbo, denoiser: leejet/Q6_K, encoder: Q8_0, "
        "runtime: invokeai@6.14, "
        "cache_gib: 11.72, source: user-1, date: 2026-11-20}\n\n# ── Benchmarks",
    ),
    Change("a new rating", "elo: {value: 1000", "elo: {value: 997"),
    Change(
        "a rating of a model that had none",
        "    guidance: 4\n",
        '    guidance: 4\n    elo: {value: 890, as_of: "2026-09", source: artificial-analysis}\n',
        "    denoiser: ernie-image\n",
    ),
    Change(
        "a rating less",
        '    elo: {value: 1012, as_of: "2026-10-07", source: artificial-analysis}\n',
        "",
    ),
    Change(
        "a display name",
        "    name: SDXL\n    denoiser",
        "    name: Stable Diffusion XL\n    denoiser",
    ),
    Change("a component's display name", "    name: T5-XXL v1.1\n", "    name: Google T5-XXL\n"),
    Change("fewer steps", "steps: 50", "steps: 28", "    denoiser: z-image\n"),
    Change(
        "a step fewer of a distilled model",
        "    steps: 4\n    note: 1 to",
        "    steps: 1\n    note: 1 to",
    ),
    Change("a source read again", 'as_of: "2026-09-21"', 'as_of: "2026-11-20"'),
    Change(
        "a source's title",
        "title: Sizes of installed files, in",
        "title: Sizes of files on disk, in",
    ),
    Change("less confidence", "confidence: high", "confidence: medium", KREA),
    Change("an allowance", "cache_error_bytes: 128471040", "cache_error_bytes: 120000000"),
    Change(
        "a measured error",
        "{quant: Q3_K_M, bytes: 5368489248}",
        "{quant: Q3_K_M, bytes: 5368489248, rel_error: 0.12}",
    ),
    Change(
        "a file's full name",
        "file: flux1-krea-dev-{quant}.gguf",
        "file: gguf/flux1-krea-dev-{quant}.gguf",
        KREA,
    ),
    Change(
        "a benchmark on another card",
        "  - {gpu: RTX 4070 Ti, engine: comfyui, model: z-image-turbo, variants: {denoiser: BF16}",
        "  - {gpu: RTX 3060 12GB, engine: comfyui, model: z-image-turbo, "
        "variants: {denoiser: Q4_K_M}, "
        "size: 1024x1024, seconds_per_forward: 3.4, source: "
        "z-image-turbo-benchmark, date: 2025-12-10}\n"
        "  - {gpu: RTX 4070 Ti, engine: comfyui, model: z-image-turbo, variants: {denoiser: BF16}",
    ),
    Change(
        "a comment",
        "  # FLUX.2\n  flux2-klein-4b:\n    family",
        "  # FLUX.2, two sizes\n  flux2-klein-4b:\n    family",
    ),
    Change(
        "constants of the ranking",
        "\n# ── Observations",
        "\nquality:\n  tie_band: 30\n\n# ── Observations",
    ),
)
BESIDE = {
    "a finetune of a model whose licence binds it": (
        "\n  # Denoisers: FLUX.2\n",
        "\n  flux1-sunset:\n    kind: denoiser\n    name: FLUX.1 Sunset\n    "
        "architecture: flux1-dev\n"
        "    releases:\n      - publisher: someone\n        url: "
        "https://huggingface.co/someone/sunset-GGUF\n"
        "        format: gguf\n        file: sunset-{quant}.gguf\n        recipe: quantstack\n"
        "        source: lmgw\n        confidence: high\n        variants:\n"
        "          - {quant: Q8_0, bytes: 12714452256}\n\n  # Denoisers: FLUX.2\n",
    ),
    "a new quantization of a recipe": (
        "          - {quant: Q4_0, bytes: 5432053920}\n",
        "          - {quant: Q4_K_S, bytes: 5432053920}\n          - {quant: "
        "Q4_0, bytes: 5432053920}\n",
    ),
    "a new source of one file": (
        "  qwen3-table:\n    title",
        '  klein-pages:\n    title: File pages on the hub, exact bytes\n    as_of: "2026-11-02"\n'
        "  qwen3-table:\n    title",
    ),
    "an observation more": (
        "  artificial-analysis:\n    title",
        '  user-1:\n    title: A user who read the log\n    as_of: "2026-11-20"\n'
        "  artificial-analysis:\n    title",
    ),
}
"""What has to stand elsewhere for some of them: old and new text."""

OVERLAYS = {
    "a file of one's own": """version: 1
sources:
  mine:
    title: Files on my disk
components:
  flux1-krea-dev:
    kind: denoiser
    name: FLUX.1 Krea Dev
    architecture: flux1-dev
    releases:
      - publisher: me
        format: gguf
        file: my-krea-{quant}.gguf
        recipe: quantstack
        source: mine
        confidence: high
        variants:
          - {quant: Q4_K_M, bytes: 6931817760}
""",
    "a model of a known architecture": """version: 1
sources:
  mine:
    title: Files on my disk
components:
  dreamer:
    kind: denoiser
    name: Dreamer
    architecture: z-image
    releases:
      - publisher: someone
        url: https://huggingface.co/someone/dreamer
        format: safetensors
        file: dreamer-bf16.safetensors
        recipe: unquantized
        source: mine
        confidence: high
        variants:
          - {quant: BF16, bytes: 12309870256}
pipelines:
  dreamer:
    name: Dreamer
    denoiser: dreamer
    encoders: [qwen3-4b]
    vae: flux1-vae
    license: MIT
    distilled: steps
    steps: 6
""",
    "a model of known parts": """version: 1
pipelines:
  klein-mix:
    name: Klein Mix
    denoiser: flux2-klein-4b
    encoders: [qwen3-4b]
    vae: flux2-vae
    license: CC-BY-NC-4.0
    distilled: steps
    steps: 6
""",
    "a measurement of one's own": """version: 1
sources:
  log:
    title: My log of InvokeAI
    as_of: "2026-11-24"
observations:
  - pipeline: flux2-klein-9b
    denoiser: unsloth/Q4_K_M
    encoder: Q5_K_M
    runtime: invokeai@6.12
    cache_gib: 13.57
    source: log
    date: 2026-11-24
""",
}


def edited(change: Change) -> str:
    """The catalog after a change, and after what has to stand elsewhere for it."""
    old, new = BESIDE.get(change.kind, ("", ""))
    text = change.text
    assert not old or text.count(old) == 1
    return text.replace(old, new) if old else text


def test_there_are_more_than_twenty_kinds() -> None:
    """Each another one, and each changes the catalog."""
    kinds = {change.kind for change in CHANGES} | OVERLAYS.keys()
    assert len(kinds) == len(CHANGES) + len(OVERLAYS) > 20
    assert len({edited(change) for change in CHANGES}) == len(CHANGES)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.kind)
def test_a_legitimate_edit_of_the_catalog_is_not_found(change: Change) -> None:
    """Neither an error nor a warning."""
    assert [f"{f.line} {f.rule}: {f.message}" for f in findings(edited(change))] == []


@pytest.mark.parametrize("kind", OVERLAYS)
def test_a_legitimate_overlay_is_not_found(kind: str) -> None:
    """Neither an error nor a warning, laid over the shipped catalog."""
    assert [f"{f.line} {f.rule}: {f.message}" for f in findings(OVERLAYS[kind])] == []
