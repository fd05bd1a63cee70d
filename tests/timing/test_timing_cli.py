"""`--gpu`, `--disk`, `--include-misses` and `--sort` as a user and a script meet them."""

import csv
import io
from itertools import product
from math import inf

import pytest

from catalogs import as_stored, catalog_of, shipped
from cli import Run
from fitplan.cli.timing_options import parse_image_size, parse_rate
from fitplan.errors import FitplanError
from fitplan.machine import memory
from fitplan.planning.candidates import Candidates
from fitplan.planning.ordering import fastest
from fitplan.planning.planner import near_misses, plan
from timing import clock_for

TIMED = ("--ram", "14", "--gpu", "RTX 3060")
DISK = ("--disk", "350MB/s")


def test_a_plan_without_a_card_shows_no_times(run: Run) -> None:
    """No columns; in JSON the key is there, and null."""
    assert "image" not in run("--ram", "14").out
    document = run("--ram", "14", "--json").json
    assert document["gpu"] is None
    assert {plan["time"] for plan in document["plans"]} == {None}


def test_the_json_contract_of_a_time(run: Run) -> None:
    """The keys that scripts rely on, and how they hang together."""
    document = run(*TIMED, *DISK, "--json").json
    assert document["gpu"]["name"] == "RTX 3060 12GB"
    for row in document["plans"]:
        time = row["time"]
        keys = {"seconds", "error_seconds", "basis", "seconds_if_reread", "reread_bytes"}
        assert keys <= time.keys()
        assert isinstance(time["reread_bytes"], int)
        assert (
            (time["seconds"] is None)
            == (time["basis"] == "refused")
            == bool(time["reason"] and time["basis"] != "lower-bound")
        )
        if time["basis"] == "estimated":
            assert time["error_seconds"] >= 3
            assert time["seconds_if_reread"] > time["seconds"]


@pytest.mark.parametrize("columns", ["80", "100", "140"])
def test_the_table_shows_seconds_and_their_basis(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """Measured, estimated with an error, and refused with a reason, at any width."""
    monkeypatch.setenv("COLUMNS", columns)
    out = run(*TIMED, *DISK, "--top", "1").out
    klein = next(
        line
        for line in out.splitlines()
        if line.startswith("FLUX.2 Klein 9B  ") or line.startswith("FLUX.2 Klein 9B ")
    )
    assert " 35 meas" in " ".join(klein.split())
    assert "±2.5" in klein
    assert klein.split()[-1] in ("69",) or columns == "140"
    assert "no time for FLUX.1 Kontext Dev" in out
    assert all(len(line) <= int(columns) for line in out.splitlines())


def test_an_unknown_card_lists_the_nearest(run: Run) -> None:
    """Exit code 2, and the names to choose from."""
    ran = run("--ram", "14", "--gpu", "RTX 3061")
    assert ran.code == 2
    assert "no GPU is called 'RTX 3061'" in ran.err
    assert "RTX 3060" in ran.err


def test_an_old_card_gets_a_plan_without_times_and_the_reason(run: Run) -> None:
    """Exit code 0, no column, one line that says why."""
    ran = run("--ram", "14", "--gpu", "RTX 2080", "--top", "1")
    assert ran.code == 0
    assert "basis" not in ran.out
    assert "no time for all models: RTX 2080: before Ampere" in ran.out


def test_auto_without_a_card_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan comes without times; the talk goes to stderr."""
    monkeypatch.setattr(memory, "gpus", tuple)
    ran = run("--ram", "14", "--gpu", "auto", "--json")
    assert ran.code == 0
    assert "no NVIDIA card found" in ran.err
    assert ran.json["gpu"] is None


def test_auto_takes_the_drivers_card(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first card that NVML tells of, by the name in the table; an unknown one is named."""
    card = memory.Gpu("NVIDIA GeForce RTX 4090", 24 * 2**30)
    monkeypatch.setattr(memory, "gpus", lambda: (card,))
    assert run("--ram", "14", "--gpu", "auto", "--json").json["gpu"]["name"] == "RTX 4090"
    monkeypatch.setattr(memory, "gpus", lambda: (memory.Gpu("Odd \x1b[1mCard", 2**30),))
    ran = run("--ram", "14", "--gpu", "auto")
    assert "no figures for the card found, Odd" in ran.err
    assert "\x1b" not in ran.err


def test_misses_are_priced_against_what_fits(run: Run) -> None:
    """The pair above the limit, its size, and its time in place of the best that fits."""
    ran = run(*TIMED, *DISK, "--include-misses", "--model", "flux2-klein-9b")
    assert "FLUX.2 Klein 9B Q8_0 + Q8_0: 19.38 GiB, 87 s instead of 35 s" in ran.out
    document = run(*TIMED, *DISK, "--include-misses", "--model", "flux2-klein-9b", "--json").json
    (miss,) = document["misses"]
    assert miss["headroom_bytes"] < 0
    assert miss["time"]["seconds_if_reread"] == pytest.approx(87.3, abs=0.5)
    assert all(plan["headroom_bytes"] >= 0 for plan in document["plans"])


def test_misses_are_the_best_pairs_over_the_budget() -> None:
    """Held against all pairs: over the budget, each part within it, better than all that fit."""
    sizes = [(30, 0.0), (22, 0.01), (15, 0.05), (9, 0.2)], [(28, 0.0), (12, 0.02), (6, 0.1)]
    catalog = catalog_of({"m": sizes})
    for budget in range(8, 62):
        fits: list[float] = []
        over: list[float] = []
        for (d, de), (e, ee) in product(*sizes):
            score = catalog.quality.score_db(de, ee)
            if max(d, e) <= budget and score is not None:
                (fits if d + e + 1 <= budget else over).append(score)
        better = sorted((s for s in over if s > max(fits, default=-inf)), reverse=True)
        found = near_misses(as_stored(catalog), ["m"], budget, None)
        assert [miss.quality_db for miss in found] == better


def test_sorting_puts_all_models_in_one_order(run: Run) -> None:
    """By seconds, by Elo less what quantization costs, by free cache; the unknown comes last."""
    by_time = run(*TIMED, "--sort", "time", "--json").json["plans"]
    seconds = [inf if p["time"]["seconds"] is None else p["time"]["seconds"] for p in by_time]
    assert seconds == sorted(seconds)
    room = [
        p["headroom_bytes"]
        for p in run("--ram", "14", "--sort", "headroom", "--json").json["plans"]
    ]
    assert room == sorted(room, reverse=True)
    elos = [
        p["elo"] or 0
        for p in run("--ram", "14", "--sort", "quality", "--top", "1", "--json").json["plans"]
    ]
    assert elos[-1] == 0
    assert elos[0] == max(elos)


def test_the_fastest_are_beaten_by_nothing() -> None:
    """Held against all fitting pairs: none is as fast with a clearly better picture, nor faster
    with one as good; and every model's best is worse or slower than one of them."""
    clock = clock_for(shipped())
    candidates = Candidates(shipped(), clock.runtime)
    answer = plan(candidates, shipped().file.pipelines, 14 * 2**30, "all")
    timed = [(p, clock.time(p)) for p in answer.plans]
    band = shipped().quality.tie_band
    kept = fastest(timed, band)
    seconds = [round(time.predicted_seconds or inf) for _, time in kept]
    assert seconds == sorted(seconds, reverse=True)
    assert len(kept) >= 2
    for (mine, my_time), other, time in ((k, *t) for k, t in product(kept, timed)):
        if time.predicted_seconds is None or time.basis == "lower-bound":
            continue
        faster = round(time.predicted_seconds) < round(my_time.predicted_seconds or inf)
        assert not (faster and other.adjusted_elo >= mine.adjusted_elo)
        as_fast = round(time.predicted_seconds) <= round(my_time.predicted_seconds or inf)
        assert not (as_fast and other.adjusted_elo >= mine.adjusted_elo + band)


def test_steps_and_guidance_change_the_forwards(run: Run) -> None:
    """Steps replace the default; a scale above 1 doubles Z-Image and Klein, not FLUX.1."""

    def forwards(model: str, *options: str) -> int:
        document = run(*TIMED, "--model", model, "--top", "1", "--json", *options).json
        return int(document["plans"][0]["time"]["forwards"])

    assert forwards("z-image-base") == 60
    assert forwards("z-image-base", "--guidance", "1") == 30
    assert forwards("flux2-klein-4b-base") == 30
    assert forwards("flux2-klein-4b-base", "--guidance", "4", "--steps", "10") == 20
    assert forwards("flux1-dev", "--guidance", "4", "--steps", "10") == 10


def test_other_steps_are_not_what_was_measured(run: Run) -> None:
    """A benchmark holds for its own steps and size only."""
    for options in (("--steps", "7"), ("--size", "768x1024")):
        document = run(*TIMED, "--model", "flux2-klein-9b", "--json", *options).json
        assert {plan["time"]["basis"] for plan in document["plans"]} == {"estimated"}


def test_explain_shows_the_terms(run: Run) -> None:
    """Every addend with its reason; they sum to what the model says, and the JSON has them."""
    arguments = ("explain", "flux2-klein-9b", "Q5_K_M", "Q4_K_M", "--gpu", "3060", *DISK)
    out = run(*arguments).out
    assert "6 forwards of 75.5e12 operations" in out
    assert "time:     35 s, measured ±2.5" in out
    time = run(*arguments, "--json").json["time"]
    total = sum(term["seconds"] for term in time["terms"])
    assert total == pytest.approx(time["predicted_seconds"], abs=0.1)


def test_csv_and_markdown_have_the_columns_only_with_a_card(run: Run) -> None:
    """CSV gains seconds, error, basis, re-read; Markdown seconds and basis."""
    plain, timed = (run(*o, "--format", "csv").out for o in (("--ram", "14"), (*TIMED, *DISK)))
    assert "seconds" not in plain
    rows = list(csv.DictReader(io.StringIO(timed)))
    assert {row["basis"] for row in rows} == {"measured", "estimated", "refused"}
    assert all(row["seconds"] or row["time_note"] for row in rows)
    table = run(*TIMED, "--format", "markdown").out.splitlines()
    assert {line.count("|") for line in table} == {table[0].count("|")}
    assert "| s/image | Basis |" in table[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--disk", "1GB/s"),
        ("--steps", "4"),
        ("--sort", "time"),
        ("--include-misses",),
        ("--gpu", "3060", "--include-misses"),
        ("--gpu", "3060", "--disk", "350"),
        ("--gpu", "3060", "--disk", "fast"),
        ("--gpu", "3060", "--disk", "0MB/s"),
        ("--gpu", "3060", "--size", "huge"),
        ("--gpu", "3060", "--size", "1000x1000"),
        ("--gpu", "3060", "--size", "16x16"),
        ("--gpu", "3060", "--guidance", "nan"),
        ("--gpu", "3060", "--guidance", "-1"),
        ("--gpu", "3060", "--steps", "0"),
        ("--gpu", ""),
        ("--gpu", "RTX 4060 Ti"),
    ],
)
def test_junk_is_a_usage_error_with_a_cure(run: Run, arguments: tuple[str, ...]) -> None:
    """Exit code 2, one line with the error, one with the cure."""
    ran = run("--ram", "14", *arguments)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 2


def test_rates_and_sizes_are_read_as_people_write_them() -> None:
    """Decimal and binary units, with or without /s; a single side is a square."""
    rates = ("350MB/s", "350 MB/s", "0.35GB/s", "350000kB", "350MBps")
    assert {parse_rate(text) for text in rates} == {350_000_000}
    assert str(parse_image_size("1024")) == "1024x1024"
    assert str(parse_image_size(" 832 X 1216 ")) == "832x1216"
    with pytest.raises(FitplanError):
        parse_rate("350")
