"""The schemas in docs/schemas are those of the documents, and real answers satisfy them."""

import json
import shlex
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fitplan.render.documents.json_schema import schemas
from workshop import ROOT, Workshop, workshop

PUBLISHED = ROOT / "docs" / "schemas"
BAD = "tests/questions/check/examples/bad"
ANSWERS = {
    "plan": [
        "--ram 14",
        "--ram 14 --frontier --no-user-catalog",
        "--ram 14 --gpu 'RTX 3060' --disk 350MB/s --include-misses --model klein",
        "--ram 24 --gpu 'RTX 5090' --model 'FLUX.2 Dev' --all",
        "--ram 8 --runtime sd.cpp --mode disk --mode vae-tiling",
        "--ram 16 --runtime comfyui --model Chroma",
        "--ram 14 --installed",
        "--ram 14 --file models/flux2-vae.safetensors --catalog mine.yaml",
        "--ram 1",
    ],
    "explain": [
        "explain 'Klein 9B' Q5_K_M Q4_K_M --runtime invokeai@6.12",
        "explain 'Klein 9B' Q8_0 Q8_0 --gpu 'RTX 3060' --disk 3GB/s",
        "explain 'Z-Image Turbo' leejet/Q8_0 unsloth/Q8_0 --runtime sd.cpp",
        "explain 'FLUX.1 Dev' Q4_K_S BF16 --runtime diffusers",
    ],
    "compare": [
        "compare 'Z-Image Turbo' leejet/Q8_0 unsloth/Q8_0 --ram 12",
        "compare 'FLUX.1 Fill Dev' Q4_K_M INT8_BNB",
    ],
    "need": [
        "need 'Klein 9B'",
        "need 'Klein 9B' --for-ram",
        "need 'Z-Image Turbo' leejet/Q8_0 Qwen/Q8_0 --ram-total 16",
    ],
    "pack": [
        "pack --ram 14 --min-quality 30",
        "pack --ram 8 --ram-total 16 --objective count",
        "pack --ram 4 --want 'Klein 9B'",
    ],
    "setup": [
        "setup",
        "setup --ram-total 16 --vram 12",
        "setup --ram-total 64 --vram 0",
        "setup --ram-total 16 --vram 12 --write settings",
    ],
    "inspect": [
        "inspect models/z_image_turbo-Q8_0.gguf models/t5_bnb_int8 models/flux2-vae.safetensors",
        "inspect models.yaml",
        "inspect hf:unsloth/FLUX.2-klein-9B-GGUF --ram 14",
        "inspect hf:unsloth/Qwen3-8B-GGUF",
    ],
    "scan": ["scan", "scan models", "scan models --runtime sd.cpp"],
    "fit": [
        "fit hf:unsloth/FLUX.2-klein-9B-GGUF --ram 14",
        "fit hf:unsloth/Qwen3-8B-GGUF --ram 6",
    ],
    "verify": ["verify models/z_image_turbo-Q8_0.gguf models/flux2-vae.safetensors"],
    "check": [
        "check models.yaml mine.yaml --today 2026-11-22",
        f"check --strict {ROOT / BAD / 'bytes.yaml'} {ROOT / BAD / 'header.yaml'}",
    ],
    "train": [
        "train --vram 12 --ram 16",
        "train 'Z-Image Base' --vram 12 --resolution 1024 --gpu 'RTX 4090'",
        "train 'FLUX.2 Dev' --vram 4 --ram 8",
        "train 'SD 1.5' --vram 12",
    ],
    "catalog-list": ["catalog list", "catalog list --catalog mine.yaml", "catalog show"],
    "catalog-show": [
        "catalog show 'Klein 9B'",
        "catalog show 'FLUX.1 Fill Dev'",
        "catalog show qwen3-4b",
        "catalog show flux2-klein-9b/unsloth/Q5_K_M",
    ],
    "catalog-add": [
        "catalog add models/z_image_turbo-Q8_0.gguf --source https://example.org/files",
        "catalog add models/z_image_turbo-Q8_0.gguf --publisher me --to models.yaml --backup",
    ],
    "catalog-observe": [
        "catalog observe 'Klein 9B' Q5_K_M Q4_K_M --cache 13.9 --runtime invokeai@6.12"
        " --source https://example.org/seen --date 2026-06-01",
    ],
    "catalog-diff": [
        "catalog diff HEAD~1:models.yaml models.yaml",
        "catalog diff old.yaml models.yaml",
    ],
    "catalog-format": ["catalog format models.yaml", "catalog format mine.yaml --check"],
    "error": [
        "--ram lots",
        "explain 'No Such Model' Q8_0 Q8_0",
        "check no-such-file.yaml",
    ],
}
"""Document → commands that answer with it, run beside models, a catalog and settings."""


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """The folder that the commands run in, with an older catalog that lacks a file."""
    with workshop() as made:
        lines = (made.folder / "models.yaml").read_text(encoding="utf-8").splitlines()
        older = [line for line in lines if "quant: Q5_K_M, bytes: 7018699040" not in line]
        assert len(older) == len(lines) - 1
        (made.folder / "old.yaml").write_text("\n".join(older), encoding="utf-8")
        yield made


def published(name: str) -> dict[str, Any]:
    """A schema as the repository has it."""
    found: dict[str, Any] = json.loads((PUBLISHED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without permission for other keys."""
    made = deepcopy(dict(schema))
    for entry in (made, *made["$defs"].values()):
        entry["additionalProperties"] = False
    return made


def test_the_published_schemas_are_those_of_the_documents() -> None:
    """`python -m fitplan.render.documents.json_schema docs/schemas` rewrites them."""
    assert {path.stem for path in PUBLISHED.iterdir()} == set(schemas())
    assert {name: published(name) for name in schemas()} == dict(schemas())


def test_every_document_of_the_sources_has_a_schema() -> None:
    """No renderer names a document that isn't published; every schema is tested below."""
    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    named = {part.partition('"')[0] for part in sources.split('"fitplan.')[1:]}
    documents = {name.removesuffix("/1") for name in named if name.endswith("/1")}
    assert documents == set(schemas()) == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_schemas_are_valid_and_allow_new_keys(name: str) -> None:
    """JSON Schema 2020-12; whoever validates with it can read answers of a newer fitplan."""
    schema = published(name)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"fitplan.{name}/1"
    assert all("additionalProperties" not in entry for entry in (schema, *schema["$defs"].values()))


@pytest.mark.parametrize(
    ("name", "command"), [(name, line) for name, lines in ANSWERS.items() for line in lines]
)
def test_an_answer_satisfies_its_schema(shop: Workshop, name: str, command: str) -> None:
    """Every key is described, has its type, and is there if it is required."""
    printed = shop.run(*shlex.split(command), "--json")
    document = json.loads(printed.out)
    assert document["schema"] == f"fitplan.{name}/1", printed.out
    found = Draft202012Validator(closed(published(name))).iter_errors(document)
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_a_wrong_type_is_an_error(shop: Workshop) -> None:
    """The schemas are strict: bytes are integers, and what is required can't be left out."""
    document = json.loads(shop.run("--ram", "14", "--top", "1", "--json").out)
    validator = Draft202012Validator(published("plan"))
    assert validator.is_valid(document)
    for broken in ({"cache_bytes": 1.5}, {"cache_bytes": None}, {"cache_bytes": "1"}, {}):
        assert not validator.is_valid(document | {"budget": {"source": "option", **broken}})
