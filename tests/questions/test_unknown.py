"""What fitplan doesn't know, it says: files of unknown flavour and error in every command."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sparse
from cli import Run
from fitplan.accounting.weights import Tensor
from fitplan.catalog import reading
from flavoured import MAKERS, is_matrix, quantized

PACKING = "tensors of unknown packing, e.g. "


@pytest.fixture(params=["I8", "U8", "I32"])
def mystery(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A Z-Image whose matrices are integers that nothing explains."""
    tensors = (
        Tensor(t.name, t.shape, request.param) if is_matrix(t) else t
        for t in sparse.architecture("z-image")
    )
    return sparse.write_safetensors(tmp_path / "z_image_mystery.safetensors", tuple(tensors))


def written(folder: Path, model: str, name: str) -> Path:
    """A model in one file, quantized as the maker of that name does."""
    tensors = quantized(sparse.architecture(model), MAKERS[name])
    return sparse.write_safetensors(folder / f"{model}_{name}.safetensors", tensors)


def expect_all_unknown(entry: Any) -> None:
    """No number in place of ignorance, and the tensors are named."""
    for key in ("rel_error", "rel_error_basis", "parameters", "quant", "bits_per_weight"):
        assert entry[key] is None
    assert set(entry["unknown"]) == {"rel_error", "parameters", "quant"}
    assert all(PACKING in reason for reason in entry["unknown"].values())
    assert set(entry["residency"]) == {"invokeai", "comfyui", "sd.cpp", "diffusers"}
    for residency in entry["residency"].values():
        assert PACKING in residency["unknown"]
        assert residency["cache_bytes"] is residency["real_bytes"] is None
        assert "unsupported" not in residency


def test_inspect_says_what_is_unknown(run: Run, mystery: Path) -> None:
    """Null and a reason in JSON, "?" in the table; the bytes of the file stay exact."""
    (entry,) = run("inspect", str(mystery), "--json").json["files"]
    expect_all_unknown(entry)
    assert entry["file_bytes"] == mystery.stat().st_size
    table = run("inspect", str(mystery)).out
    assert "? parameters, error ?" in table
    assert "0.0000" not in table


def test_scan_says_what_is_unknown(run: Run, mystery: Path) -> None:
    """The same entry, and "?" for quantization, cache and RAM."""
    ran = run("scan", str(mystery.parent), "--json")
    (entry,) = ran.json["models"]
    first = run("scan", str(mystery.parent)).out
    assert entry["quant"] is None
    assert PACKING in entry["residency"]["invokeai"]["unknown"]
    assert [line.split()[-2:] for line in first.splitlines() if "mystery" in line] == [["?", "?"]]
    assert '"?": not known what InvokeAI 6.14 makes of it' in first
    assert '"no"' not in first


def test_no_plan_has_a_file_of_unknown_packing(run: Run, mystery: Path) -> None:
    """Named alone it is refused with the reason; beside others it makes no pair."""
    alone = run("--ram", "14", "--file", str(mystery), "--json")
    assert alone.code == 2
    assert PACKING in alone.json["error"]["message"]


def test_a_catalog_takes_no_entry_of_unknown_packing(run: Run, mystery: Path) -> None:
    """Its parameters would be a guess: exit code 2, and the tensors are named."""
    ran = run("catalog", "add", str(mystery), "--json")
    assert ran.code == 2
    assert PACKING in ran.out


def test_check_says_that_integers_cannot_be_counted(run: Run, tmp_path: Path) -> None:
    """Weights given as I8 tell no parameters: a finding, and no error of 0 in a plan."""
    overlay = {
        "version": 1,
        "components": {
            "z-image-turbo": {
                "kind": "denoiser",
                "name": "Z-Image Turbo",
                "architecture": "z-image",
                "releases": [
                    {
                        "publisher": "nobody",
                        "format": "safetensors",
                        "source": "mine",
                        "confidence": "low",
                        "variants": [
                            {
                                "quant": "INT8_BNB",
                                "bytes": 6154908736,
                                "weights": {"weights": {"I8": 6154900000}},
                            }
                        ],
                    }
                ],
            }
        },
        "sources": {"mine": {"title": "mine"}},
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(overlay, sort_keys=False))
    found = run("check", str(path), "--json")
    assert found.code == 1
    assert "I8 weights of unknown packing" in found.out
    plans = run(
        "--ram", "64", "--model", "z-image turbo", "--all", "--json", "--catalog", str(path)
    )
    assert "nobody" not in {plan["denoiser"]["publisher"] for plan in plans.json["plans"]}
    assert plans.json["excluded"]["no_rules"] > 0


def test_the_field_case_of_int8_and_int4(run: Run, tmp_path: Path) -> None:
    """Z-Image in int8 is refused by InvokeAI; Klein becomes BF16; int4 has all its parameters."""
    files = [
        written(tmp_path, "z-image", "int8-convrot"),
        written(tmp_path, "z-image", "int4-convrot-u8"),
        written(tmp_path, "flux2-klein-4b", "int8-tensorwise"),
    ]
    int8, int4, klein = run("inspect", *map(str, files), "--json").json["files"]
    assert int8["quant"] == "INT8_CONVROT"
    assert int8["rel_error_basis"] == "estimated"
    low, high = int8["rel_error_range"]
    assert 0 < low <= int8["rel_error"] <= high <= 0.02
    assert int8["parameters"] == int4["parameters"] == 6154908736
    refused = int8["residency"]["invokeai"]
    assert refused["cache_bytes"] is None
    assert "INT8_CONVROT" in refused["unsupported"]
    assert "z_image.py" in refused["source"]
    assert int8["residency"]["comfyui"]["basis"] == "code"
    assert (int4["quant"], int4["rel_error"]) == ("INT4_CONVROT", None)
    assert set(int4["unknown"]) == {"rel_error"}
    assert f"{klein['residency']['invokeai']['cache_bytes'] / 2**30:.2f}" == "7.24"


def test_a_pair_of_unknown_error_comes_after_those_with_a_known_one(
    run: Run, tmp_path: Path
) -> None:
    """ "?" for its quality, a warning, and the last ranks of its model."""
    path = written(tmp_path, "z-image", "int4-convrot-i8")
    asked = ("--ram", "20", "--runtime", "comfyui", "--model", "z-image-base", "--file", str(path))
    plans = run(*asked, "--all", "--json").json["plans"]
    known = [plan["quality_db"] is not None for plan in plans]
    assert sorted(known, reverse=True) == known
    assert not known[-1]
    last = plans[-1]
    assert last["denoiser"]["unknown"]["rel_error"].endswith("INT4_CONVROT is not known")
    assert "error-unknown" in {warning["kind"] for warning in last["warnings"]}
    assert "quality unknown" in run(*asked, "--all").out
    assert " ? |" in run(*asked, "--all", "--format", "markdown").out


def test_a_model_of_unknown_error_comes_after_the_others(run: Run, tmp_path: Path) -> None:
    """With nothing but an int4 Z-Image and a Q8_0 Klein installed, Klein stands first."""
    written(tmp_path, "z-image", "int4-convrot-u8")
    for name in ("klein-4b-q8_0", "qwen3-4b-q8_0", "flux2-vae-f32", "flux1-ae-f32"):
        sparse.install(name, tmp_path)
    ran = run(
        "--ram", "20", "--runtime", "comfyui", "--installed", "--folder", str(tmp_path), "--json"
    )
    assert [plan["quality_db"] is None for plan in ran.json["plans"]] == sorted(
        plan["quality_db"] is None for plan in ran.json["plans"]
    )
    assert ran.json["plans"][-1]["denoiser"]["rel_error"] is None


def test_an_added_entry_says_that_its_error_is_unknown(run: Run, tmp_path: Path) -> None:
    """`rel_error: unknown`, true parameters; it loads, is checked and explained without a 0."""
    path = written(tmp_path, "z-image", "int4-convrot-u8")
    mine = tmp_path / "mine.yaml"
    added = run("catalog", "add", str(path), "--publisher", "me", "--component", "z-image-turbo")
    assert added.code == 0
    mine.write_text(added.out)
    (variant,) = yaml.safe_load(added.out)["components"]["z-image-turbo"]["releases"][0]["variants"]
    assert (variant["quant"], variant["rel_error"]) == ("INT4_CONVROT", "unknown")
    assert run("check", str(mine)).code == 0
    pair = ("z-image-turbo", "me/INT4_CONVROT", "Q8_0")
    shared = ("--runtime", "comfyui", "--catalog", str(mine))
    explained = run("explain", *pair, *shared, "--json").json
    assert explained["quality_db"] is None
    assert explained["parts"][0]["rel_error"] is None
    text = run("explain", *pair, *shared).out
    assert "weight error: ? (the weight error of INT4_CONVROT is not known)" in text
    assert "quality:  ?" in text


@pytest.fixture
def mine(run: Run, tmp_path: Path) -> Path:
    """An overlay with one file of Z-Image Turbo whose error it calls unknown."""
    path = sparse.install("z-image-turbo-q8_0", tmp_path)
    added = run("catalog", "add", str(path), "--publisher", "me", "--component", "z-image-turbo")
    text = re.sub(r"(quant: Q8_0, .*)}", r"\1, rel_error: unknown}", added.out)
    assert "unknown" in text
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(text)
    return overlay


COMMANDS = (
    ("need", "z-image-turbo", "me/Q8_0", "Q8_0"),
    ("compare", "z-image-turbo", "me/Q8_0", "Q8_0"),
    ("explain", "z-image-turbo", "me/Q8_0", "Q8_0"),
    ("pack", "--ram", "30", "--keep", "z-image-turbo=me/Q8_0+Q8_0"),
    ("setup", "--ram-total", "32"),
    ("catalog", "show", "z-image-turbo/me/Q8_0"),
    ("--ram", "20", "--all", "--model", "z-image-turbo"),
)


@pytest.mark.parametrize("format", ["table", "json"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_command_stumbles_over_an_unknown_error(
    run: Run, mine: Path, command: tuple[str, ...], format: str
) -> None:
    """Each answers; where the file stands in JSON, its error and quality are null."""
    ran = run(*command, "--catalog", str(mine), "--format", format)
    assert ran.code in (0, 1)
    if format == "json":
        found = list(_entries(ran.json, "me"))
        assert [entry["rel_error"] for entry in found if "rel_error" in entry] == [None] * len(
            [entry for entry in found if "rel_error" in entry]
        )


def _entries(document: Any, publisher: str) -> Iterator[dict[str, Any]]:
    """Every object of a JSON document that is about a file of `publisher`."""
    if isinstance(document, dict):
        if document.get("publisher") == publisher:
            yield document
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            yield from _entries(item, publisher)


def test_a_review_of_catalogs_takes_an_unknown_error(run: Run, mine: Path) -> None:
    """`catalog diff` compares plans with a file of unknown error, and lists it."""
    ran = run("catalog", "diff", str(reading.shipped_path()), str(mine), "--json")
    assert ran.code in (0, 1)
