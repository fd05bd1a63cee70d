"""`fitplan catalog observe`: a measured usage beside its prediction, and put where it belongs."""

from decimal import Decimal
from pathlib import Path

import pytest

from catalogs import as_stored, catalog_of, shipped
from cli import Run
from fitplan import runtimes
from fitplan.catalog import reading
from fitplan.catalog.text import deviations
from fitplan.questions.edit.observe import MeasuredUsage
from fitplan.questions.explain import explain
from fitplan.units import GIB

SHIPPED = reading.shipped_path().read_text(encoding="utf-8")
PAIR = ("Klein 9B", "unsloth/q5_k_m", "Q4_K_M")
SEEN = ("--cache", "13.80", "--runtime", "invokeai@6.12", "--date", "2026-05-01")
NEW = ("--source", "https://example.org/usage")


def test_an_overlay_is_printed_that_loads(run: Run) -> None:
    """The observation, its source and the prediction for the version it was made with."""
    ran = run("catalog", "observe", *PAIR, *SEEN, *NEW)
    assert ran.code == 0
    assert "13.80 GiB seen, 13.805 GiB predicted; -0.005 GiB off" in ran.out
    seen = reading.parse_over(shipped(), ran.out).file.observations[-1]
    assert (seen.pipeline, seen.denoiser, seen.encoder) == (
        "flux2-klein-9b",
        "unsloth/Q5_K_M",
        "Q4_K_M",
    )
    assert "cache_gib: 13.80," in ran.out


def test_only_its_own_lines_are_new(run: Run, tmp_path: Path) -> None:
    """At the end of the observations, above the next heading; the rest stays to the byte."""
    path = tmp_path / "models.yaml"
    path.write_text(SHIPPED, encoding="utf-8")
    ran = run("catalog", "observe", *PAIR, *SEEN, "--source", "mold", "--to", str(path), "--json")
    assert ran.code == 0
    (new,) = ran.json["new_lines"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines.pop(new["line"] - 1) == new["text"]
    assert lines == SHIPPED.splitlines()
    assert deviations(path.read_text(encoding="utf-8")) == []
    assert ran.json["predicted_bytes"] == 14823019598
    assert ran.json["residual_gib"] == round(13.80 - 14823019598 / 2**30, 6)
    observed = reading.load(path).file.observations
    assert len(observed) == len(shipped().file.observations) + 1


def test_a_bad_prediction_is_told_not_hidden(run: Run) -> None:
    """The residual has its sign."""
    ran = run("catalog", "observe", *PAIR, *SEEN[2:], *NEW, "--cache", "15")
    assert "15 GiB seen, 13.805 GiB predicted; +1.195 GiB off" in ran.out


@pytest.mark.parametrize(
    ("seen", "agrees"),
    [("13.8", True), ("13.7", True), ("13.9", False), ("13.80", False), ("13.75", True)],
)
def test_a_prediction_agrees_to_half_of_the_last_decimal(seen: str, agrees: bool) -> None:
    """13.75 GiB may be shown as 13.8 or 13.7, but not as 13.80."""
    made = catalog_of({"m": ([(10 * GIB, 0.0)], [(7 * GIB // 2, 0.0)])}, vae=GIB // 4)
    found = explain(as_stored(made), "m", "T0", "T0", runtimes.find)
    measured = MeasuredUsage("", {"cache_gib": Decimal(seen)}, found)
    assert measured.predicted_bytes == 55 * GIB // 4
    assert measured.agrees == agrees


REFUSED = [
    ((*PAIR, *SEEN, "--source", "page"), "page says 13.81 GiB of this pair already"),
    ((*PAIR, *SEEN, "--source", "nobody"), "no source is called 'nobody'"),
    ((*PAIR, *SEEN, *NEW, "--cache", "NaN"), "'NaN' is no size in GiB"),
    ((*PAIR, *SEEN, *NEW, "--cache", "-1"), "'-1' is no size in GiB"),
    ((*PAIR, *SEEN, *NEW, "--cache", "1e99"), "'1e99' is no size in GiB"),
    ((*PAIR, *SEEN, *NEW, "--runtime", "invokeai"), "names no version"),
    ((*PAIR, *SEEN, *NEW, "--runtime", "nothing@1"), "nothing"),
    ((*PAIR, *SEEN, *NEW, "--date", "2026-02-30"), "is no day"),
    (("Klein", *PAIR[1:], *SEEN, *NEW), "is more than one model"),
    (("Klein 9B", "Q7", "Q8_0", *SEEN, *NEW), "is called 'Q7'"),
    ((*PAIR, *SEEN, *NEW, "--backup"), "--backup keeps the file that --to names"),
    ((*PAIR, *SEEN, *NEW, "--format", "csv"), "no format csv"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_what_cant_be_said_is_refused(run: Run, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, one line, a cure."""
    ran = run("catalog", "observe", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 2
