"""`fitplan compare`, and what `plan`, `explain` and `inspect` say of each runtime."""

from pathlib import Path
from typing import Any

import pytest

from cli import Run
from sparse import install

Z_IMAGE = ("Z-Image Turbo", "leejet/Q8_0", "unsloth/Q8_0")


def document(run: Run, *arguments: str) -> dict[str, Any]:
    """The JSON document that a command answers."""
    result = run(*arguments, "--json")
    assert result.code == 0, result.err
    found: dict[str, Any] = result.json
    return found


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A comparison's entries by program."""
    return {entry["name"]: entry for entry in found["runtimes"]}


def test_the_same_pair_needs_different_ram_everywhere(run: Run) -> None:
    """12.64 GiB in InvokeAI's books and 17.5 held, 10.8 in ComfyUI, 10.26 in sd.cpp."""
    found = by_name(document(run, "compare", *Z_IMAGE))
    counted = {name: f"{entry['cache_bytes'] / 2**30:.2f}" for name, entry in found.items()}
    assert counted == {
        "invokeai": "12.64",
        "comfyui": "10.84",
        "sd.cpp": "10.26",
        "diffusers": "13.75",
    }
    assert f"{found['invokeai']['real_bytes'] / 2**30:.1f}" == "17.5"


def test_sums_hold(run: Run) -> None:
    """Parts add up; hard and soft memory make what is held; only shown GiB are floats."""
    for entry in document(run, "compare", *Z_IMAGE, "--ram", "16")["runtimes"]:
        for key in ("cache_bytes", "real_bytes", "mapped_bytes"):
            assert sum(part[key] for part in entry["parts"]) == entry[key]
        assert entry["hard_bytes"] + entry["mapped_bytes"] == entry["real_bytes"]
        assert entry["needed_bytes"] >= entry["cache_bytes"]
        assert all(isinstance(v, int) for k, v in entry.items() if k.endswith("_bytes"))


def test_what_makes_it_fit_at_16_gib(run: Run) -> None:
    """A setting for each program, each with its source; sd.cpp needs the VAE in tiles."""
    found = by_name(document(run, "compare", *Z_IMAGE, "--ram", "16"))
    assert {name: entry["fits"] for name, entry in found.items()} == {
        "invokeai": True,
        "comfyui": True,
        "sd.cpp": False,
        "diffusers": True,
    }
    written = {name: entry["way"]["write"] for name, entry in found.items()}
    assert "max_cache_ram_gb: 12.64" in written["invokeai"]
    assert written["comfyui"] == "python main.py --cache-ram 2"
    assert written["sd.cpp"] == "sd --vae-tiling -W 1024 -H 1024"
    assert "torch_dtype=torch.bfloat16" in written["diffusers"]
    assert all(entry["way"]["source"] for entry in found.values())


@pytest.mark.parametrize(("ram", "kept"), [("16", "2"), ("64", "6.4"), ("128", "10")])
def test_what_to_write_is_for_the_ram_there_is(run: Run, ram: str, kept: str) -> None:
    """ComfyUI keeps a tenth of the machine's RAM free, not of what the pair needs.

    InvokeAI's limit is the other way about: what the pair needs, whatever there is.
    """
    found = by_name(document(run, "compare", *Z_IMAGE, "--ram", ram))
    assert found["comfyui"]["way"]["write"] == f"python main.py --cache-ram {kept}"
    assert "max_cache_ram_gb: 12.64" in found["invokeai"]["way"]["write"]


@pytest.mark.parametrize("ram", ["1", "8", "11", "12", "12.7", "14", "16", "32"])
def test_the_way_shown_fits(run: Run, ram: str) -> None:
    """Whatever is proposed needs no more than there is; what fits as it is needs no other mode."""
    found = run("compare", *Z_IMAGE, "--ram", ram, "--json").json
    for entry in found["runtimes"]:
        assert entry["fits"] == (entry["needed_bytes"] <= found["ram_bytes"])
        if entry["way"]:
            assert entry["way"]["needed_bytes"] <= found["ram_bytes"]
        if entry["fits"]:
            assert entry["way"]["modes"] == entry["modes"]


def test_from_disk_at_8_gib(run: Run) -> None:
    """Where no sum fits, stable-diffusion.cpp runs part by part, and ComfyUI has no way."""
    found = by_name(document(run, "compare", *Z_IMAGE, "--ram", "8"))
    assert "--params-backend disk" in found["sd.cpp"]["way"]["write"]
    assert found["comfyui"]["way"] is None


def test_a_format_that_a_program_cant_load_says_so(run: Run) -> None:
    """bitsandbytes INT8 is a folder: InvokeAI and diffusers take it; no rule tells of others."""
    found = by_name(document(run, "compare", "FLUX.1 Fill Dev", "unknown/Q4_K_M", "INT8_BNB"))
    assert {name for name, entry in found.items() if entry["loads"]} == {"invokeai", "diffusers"}
    assert "folder" in found["comfyui"]["reason"]
    assert (found["comfyui"]["loads"], found["comfyui"]["fits"]) == (None, None)


def test_code_is_told_from_measured_in_json_and_text(run: Run) -> None:
    """diffusers' GGUF text encoder was never measured."""
    found = by_name(document(run, "compare", *Z_IMAGE))["diffusers"]
    assert {p["slot"]: p["basis"] for p in found["parts"]}["encoder"] == "code"
    text = run("compare", *Z_IMAGE).out
    assert "from code, not measured: qwen3-4b/unsloth/Q8_0" in text
    shown = run("explain", *Z_IMAGE, "--runtime", "diffusers").out
    assert "from code, not measured" in " ".join(shown.split())


def test_nothing_fits_is_exit_code_1(run: Run) -> None:
    """At 1 GiB no program has a way."""
    assert run("compare", *Z_IMAGE, "--ram", "1").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("Z-Image", "Q8_0", "Q8_0"),
        ("nothing", "Q8_0", "Q8_0"),
        ("Z-Image Turbo", "Q99", "Q8_0"),
        ("Z-Image Turbo", "Q8_0", "unknown/Q8_0"),
        (*Z_IMAGE, "--ram", "junk"),
        ("Z-Image Turbo",),
        ("", "", ""),
    ],
)
def test_junk_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    """One clear line and exit code 2, never a traceback."""
    result = run("compare", *arguments)
    assert result.code == 2
    assert result.err.startswith("fitplan: ")


@pytest.mark.parametrize("columns", ["40", "80", "140"])
def test_the_table_keeps_to_the_terminal(
    run: Run, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider than 80 or 140 columns, and every program is there even at 40."""
    monkeypatch.setenv("COLUMNS", columns)
    out = run("compare", *Z_IMAGE, "--ram", "12").out
    assert max(map(len, out.splitlines())) <= int(columns)
    for title in ("InvokeAI 6.14", "ComfyUI 0.33", "stable-diffusion.cpp 817", "diffusers 0.42"):
        assert title in " ".join(out.split())


def test_compare_takes_a_version_and_modes_of_one_program(run: Run) -> None:
    """The program asked for stands first, as it was asked for."""
    found = document(run, "--runtime", "sd.cpp", "--mode", "disk", "compare", *Z_IMAGE)
    assert found["runtimes"][0]["name"] == "sd.cpp"
    assert found["runtimes"][0]["modes"]["mode"] == "disk"
    assert len(found["runtimes"]) == 4


@pytest.mark.parametrize(
    ("runtime", "named"),
    [
        ("invokeai", "InvokeAI 6.14's model cache"),
        ("comfyui", "RAM available to ComfyUI 0.33 (dynamic)"),
        ("sd.cpp", "RAM available to stable-diffusion.cpp 817 (resident)"),
        ("diffusers", "RAM available to diffusers 0.42 (bfloat16)"),
    ],
)
def test_the_title_and_the_json_say_what_ram_means(run: Run, runtime: str, named: str) -> None:
    """A cache limit in one program, available RAM in the others."""
    arguments = ("--ram", "14", "--runtime", runtime, "--model", "Klein 4B")
    assert f"of {named}" in " ".join(run(*arguments).out.split())
    found = document(run, *arguments)
    assert found["limits"] == named
    assert found["runtime"]["name"] == runtime
    left_out = found["excluded"]
    assert left_out["unsupported_format"] + left_out["no_rules"] > 0 or runtime == "diffusers"
    for pair in found["plans"]:
        assert pair["headroom_bytes"] >= 0


def test_headroom_is_what_the_fit_test_leaves(run: Run) -> None:
    """ComfyUI: budget less counted bytes and 2 GiB kept free."""
    found = document(
        run, "--ram", "14", "--runtime", "comfyui", "--model", "Klein 4B", "--top", "1"
    )
    pair, budget = found["plans"][0], found["budget"]["cache_bytes"]
    assert pair["headroom_bytes"] == budget - pair["cache_bytes"] - 2 * 2**30


@pytest.mark.parametrize("runtime", ["invokeai", "comfyui", "sd.cpp", "diffusers"])
def test_explain_adds_up_in_every_runtime(run: Run, runtime: str) -> None:
    """Lines make parts, parts the whole; every part names its rule and basis."""
    found = document(run, "explain", *Z_IMAGE, "--runtime", runtime)
    for key in ("cache_bytes", "real_bytes", "mapped_bytes"):
        assert sum(part[key] for part in found["parts"]) == found[key]
        for part in found["parts"]:
            assert sum(line[key] for line in part["lines"]) == part[key]
    for part in found["parts"]:
        assert part["rule"]["where"]
        assert part["rule"]["basis"] in ("measured", "code")


def test_modes_change_the_answer(run: Run) -> None:
    """Part by part a larger pair runs than resident, and more run in all."""
    common = ("--ram", "8", "--runtime", "sd.cpp", "--all")
    small = ("--mode", "vae-tiling", "--mode", "diffusion-fa")
    resident = document(run, *common, *small)
    disk = document(run, *common, *small, "--mode", "disk")
    assert len(disk["plans"]) > len(resident["plans"]) > 0


def test_a_mode_that_a_program_hasnt_is_a_usage_error(run: Run) -> None:
    """The hint lists its modes."""
    result = run("--ram", "14", "--runtime", "comfyui", "--mode", "disk")
    assert result.code == 2
    assert "mode=dynamic|legacy" in result.err


def test_inspect_gives_every_runtime_s_residency(run: Run, tmp_path: Path) -> None:
    """By program: what its fit test counts in its default modes; null and a reason if it can't."""
    path = install("t5-xxl-bnb-int8", tmp_path)
    residency = document(run, "inspect", str(path))["files"][0]["residency"]
    assert set(residency) == {"invokeai", "comfyui", "sd.cpp", "diffusers"}
    assert residency["diffusers"]["basis"] == "code"
    for name in ("comfyui", "sd.cpp"):
        assert residency[name]["cache_bytes"] is None
        assert "folder" in residency[name]["reason"]
