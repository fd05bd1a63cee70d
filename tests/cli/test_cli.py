"""The command line as a user and a script meet it: answers, exit codes, errors, formats."""

import csv
import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from catalogs import GOOD
from cli import Run


def test_a_plan_keeps_the_json_contract(run: Run) -> None:
    """Schema, integer bytes, sums, ranks, and the keys that scripts rely on."""
    ran = run("--ram", "14", "--json")
    document = ran.json
    assert ran.code == 0
    assert document["schema"] == "fitplan.plan/1"
    assert document["budget"] == {"cache_bytes": 15032385536, "source": "option"}
    assert document["runtime"] == {"name": "invokeai", "version": "6.14"}
    assert set(document["excluded"]) >= {"too_large", "unsupported_format", "dominated"}
    for plan in document["plans"]:
        parts = [plan["denoiser"], plan["encoder"], *plan["others"]]
        for total in ("cache_bytes", "real_bytes"):
            assert plan[total] == sum(part[total] for part in parts)
        assert plan["file_bytes"] == sum(part["file_bytes"] for part in parts[:2])
        assert plan["headroom_bytes"] == 15032385536 - plan["cache_bytes"] >= 0
        for part in parts:
            assert part["basis"] in ("header", "published", "derived")
            assert all(isinstance(part[key], int) for key in part if key.endswith("_bytes"))


def test_an_observation_is_compared_with_its_own_version(run: Run) -> None:
    """The page's usage was seen in 6.12 and is predicted for 6.12, whatever is planned for."""
    plans = run("--ram", "14", "--model", "flux1-fill-dev", "--all", "--json").json["plans"]
    seen = [plan["observed"] for plan in plans if plan["observed"]]
    assert [(o["cache_gib"], o["predicted_gib"], o["runtime"]) for o in seen] == [
        (13.27, 13.27, "invokeai@6.12"),
        (11.89, 11.89, "invokeai@6.12"),
    ]


def test_json_is_accepted_before_and_after_a_command(run: Run) -> None:
    """`--json` and `--format json` mean the same wherever they stand."""
    pair = ("explain", "z-image-turbo", "leejet/Q8_0", "Q8_0")
    documents = [
        run("--json", *pair).json,
        run(*pair, "--json").json,
        run("--format", "json", *pair).json,
    ]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["schema"] == "fitplan.explain/1"


def test_explain_adds_up(run: Run) -> None:
    """The lines of every part add up to its bytes, file bytes with the header."""
    document = run("explain", "klein 9b", "q5_k_m", "Q4_K_M", "--json").json
    for part in document["parts"]:
        for total in ("cache_bytes", "real_bytes", "transient_bytes"):
            assert part[total] == sum(line[total] for line in part["lines"])
        in_tensors = sum(line["file_bytes"] for line in part["lines"])
        assert part["file_bytes"] == in_tensors + part["header_bytes"]
        assert part["rule"]["where"]
    assert document["cache_bytes"] == sum(part["cache_bytes"] for part in document["parts"])


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "words"),
    [
        (["--ram", "junk"], 2, "usage", "invalid size 'junk'"),
        (["--ram", "-3"], 2, "usage", "invalid size '-3'"),
        (
            ["--ram", "14", "--model", "Z-Imag Turbo"],
            2,
            "unknown-name",
            "did you mean Z-Image Turbo",
        ),
        (["--ram", "14", "--all", "--frontier"], 2, "usage", "exclude each other"),
        (["--ram", "14", "--top", "0"], 2, "usage", "'--top'"),
        (["--ram", "14", "--runtime", "invoke"], 2, "unknown-name", "invokeai@6.12"),
        (["--ram", "14", "--runtime", "invokeai@5.0"], 2, "usage", "6.12 and 6.14"),
        (["--ram"], 2, "usage", "--ram"),
        (["--nonsense"], 2, "usage", "--nonsense"),
        (["nonsense"], 2, "usage", "nonsense"),
        (["--ram", "14", "--format", "xml"], 2, "usage", "xml"),
        (["--ram", "14", "--catalog", "missing.yaml"], 3, "file", "missing.yaml"),
        (["--ram", "14", "explain", "z-image", "Q8_0", "Q8_0"], 2, "usage", "plan options"),
        (["explain", "klein 9", "Q8_0", "Q8_0"], 2, "usage", "more than one model"),
        (["explain", "z-image-turbo", "Q9", "Q8_0"], 2, "unknown-name", "Q8_0"),
        (["explain", "flux1-dev", "city96/Q8_0", "FP8_SCALED"], 2, "usage", "folder or GGUF only"),
        (["explain", "z-image-turbo", "Q8_0"], 2, "usage", "encoder"),
    ],
)
def test_a_mistake_is_one_clear_line(
    run: Run, arguments: Sequence[str], code: int, kind: str, words: str
) -> None:
    """The right exit code, nothing on stdout, no traceback; in JSON mode an error document."""
    ran = run(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words.lower() in ran.err.lower()
    assert ran.err.startswith("fitplan: ")
    assert len(ran.err.splitlines()) <= 2
    as_json = run("--json", *arguments)
    assert as_json.code == code
    assert as_json.json["schema"] == "fitplan.error/1"
    assert as_json.json["error"]["kind"] == kind


def test_nothing_fits_is_an_answer_with_exit_code_1(run: Run) -> None:
    """One GiB holds no pair; the answer says how many were too large."""
    ran = run("--ram", "1")
    assert ran.code == 1
    assert ran.out.startswith("No pair stays resident in 1.00 GiB of InvokeAI 6.14's model cache")
    document = run("--ram", "1", "--json")
    assert document.code == 1
    assert document.json["plans"] == []
    assert document.json["excluded"]["too_large"] > 1000


def test_without_ram_the_machine_is_asked_and_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget is this machine's RAM minus 2 GiB, and the answer says so."""
    import psutil

    from fitplan.units import GIB

    class Memory:
        total = 16 * GIB

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory)
    assert run("--json").json["budget"] == {"cache_bytes": 14 * GIB, "source": "machine"}
    assert "14.00 GiB (this machine's RAM minus 2 GiB)" in run().out


def test_csv_and_markdown_hold_the_same_pairs(run: Run) -> None:
    """Every format lists the pairs of the JSON answer in its order."""
    plans = run("--ram", "14", "--json").json["plans"]
    rows = list(csv.DictReader(io.StringIO(run("--ram", "14", "--format", "csv").out)))
    assert [int(row["cache_bytes"]) for row in rows] == [plan["cache_bytes"] for plan in plans]
    markdown = run("--ram", "14", "--format", "markdown").out.splitlines()
    assert len(markdown) == len(plans) + 2
    assert all(line.count("|") == markdown[0].count("|") for line in markdown)


@pytest.mark.parametrize("columns", ["60", "80", "100", "140"])
def test_the_legend_names_the_columns_there_are(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """Each column of figures is explained below the table, and none that it has no room for."""
    monkeypatch.setenv("COLUMNS", columns)
    above, _, below = run("--ram", "14").out.partition("─" * 20)
    headings = "".join(above.splitlines(keepends=True)[1:])
    legend = " ".join(below.split())
    for name in ("Cache", "RAM", "Seen", "Free", "dB", "Budget"):
        assert (f"{name}: " in legend) == (name in headings)


@pytest.mark.parametrize("columns", ["40", "80", "100", "140"])
def test_tables_keep_to_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """No line is wider than COLUMNS, and from 80 on no number is cut."""
    monkeypatch.setenv("COLUMNS", columns)
    lines = run("--ram", "14").out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    if columns != "40":
        assert not any("…" in line for line in lines)


def test_names_from_a_catalog_are_data_not_markup(run: Run, tmp_path: Path) -> None:
    """Markup and terminal escapes in an overlay are shown, not obeyed."""
    evil = "[red]Z\\e[31m[/]|=1"
    overlay = tmp_path / "evil.yaml"
    pipeline = (
        f'{{name: "{evil}", denoiser: z-image-turbo, encoders: [qwen3-4b], vae: flux1-vae, '
        'license: none, distilled: "no"}'
    )
    overlay.write_text(f"version: 1\npipelines:\n  evil: {pipeline}\n", encoding="utf-8")
    for format in ("table", "csv", "markdown", "json"):
        ran = run("--ram", "14", "--catalog", str(overlay), "--model", "evil", "--format", format)
        assert ran.code == 0
        assert "\x1b" not in ran.out
        assert "[red]" in ran.out.replace("\\[", "[").replace("\\]", "]")


def test_a_broken_catalog_is_refused_with_its_place(run: Run, tmp_path: Path) -> None:
    """Exit code 3, and the line of the mistake."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(GOOD.replace("bytes: 100", "bytes: many"), encoding="utf-8")
    ran = run("--ram", "14", "--catalog", str(broken))
    assert ran.code == 3
    assert f"{broken}:25:27 " in ran.err


def test_importing_the_command_line_is_light() -> None:
    """rich, numpy, gguf and sqlite are imported only where they are used."""
    heavy = {
        "rich",
        "numpy",
        "gguf",
        "sqlite3",
        "safetensors",
        "psutil",
        "highspy",
        "httpx",
        "yaml",
    }
    program = f"import sys, fitplan.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def fitplan(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run fitplan as a process of its own."""
    command = [sys.executable, "-c", "from fitplan.cli.app import run; run()", *arguments]
    return subprocess.run(command, text=True, check=False, timeout=60, **options)


def test_a_closed_pipe_is_no_error() -> None:
    """`fitplan | head -1` ends quietly."""
    program = "from fitplan.cli.app import run; run()"
    command = f"{sys.executable} -c '{program}' --ram 14 --all --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_narrow_encoding_is_no_error() -> None:
    """A terminal that knows only ASCII gets escapes, and plain characters for the bar."""
    environment = {"PYTHONIOENCODING": "ascii", "COLUMNS": "180", "PATH": ""}
    done = fitplan("--ram", "14", capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "####" in done.stdout
    assert done.stdout.isascii()


def test_no_home_and_no_writable_folder_are_no_problem(tmp_path: Path) -> None:
    """Planning reads only the catalog."""
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    tmp_path.chmod(0o500)
    environment = {"HOME": str(file / "home"), "PATH": ""}
    done = fitplan("--ram", "14", "--json", capture_output=True, env=environment, cwd=tmp_path)
    tmp_path.chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")
