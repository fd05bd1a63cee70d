"""CSV and Markdown come from one list of columns: same rows, no cell that is code."""

import csv
import io
import json

import pytest

from cli import Run
from fitplan.render.columns import OutputColumn
from fitplan.render.delimited import csv_text
from fitplan.render.markdown import markdown_text

NAME: OutputColumn[str] = OutputColumn("name", "Name", lambda row: row)


@pytest.mark.parametrize("name", ["=1+1", "  =1+1", "\uff1d1+1", "+1", "-1", "@x"])
def test_no_text_is_a_formula(name: str) -> None:
    assert csv_text([NAME], [name]).splitlines()[1].strip('"').startswith("'")


def test_no_text_is_a_link_or_a_further_cell() -> None:
    line = markdown_text([NAME], ["a|b [x](https://e.org)"]).splitlines()[2]
    assert line == r"| a\|b \[x\](https:\//e.org) |"


def test_a_column_without_key_or_heading_is_left_out_there() -> None:
    for_people: OutputColumn[str] = OutputColumn("", "Seen", lambda row: row)
    for_scripts: OutputColumn[str] = OutputColumn("exact", "", lambda row: row)
    assert csv_text([for_people, for_scripts], []) == "exact\n"
    assert markdown_text([for_people, for_scripts], ["x"]) == "| Seen |\n| --- |\n| x |\n"


@pytest.mark.parametrize("more", [[], ["--for-ram"]])
def test_the_needs_are_the_same_in_every_format(run: Run, more: list[str]) -> None:
    asked = ("need", "FLUX.2 Klein 9B", *more)
    document = json.loads(run(*asked, "--json").out)
    pairs = document["steps" if more else "pairs"]
    rows = list(csv.DictReader(io.StringIO(run(*asked, "--format", "csv").out)))
    keys = ("cache_limit_bytes", "real_bytes", "system_ram_bytes", "disk_bytes")
    assert [[int(row[key]) for key in keys] for row in rows] == [
        [p[k] for k in keys] for p in pairs
    ]
    assert [row["denoiser"] for row in rows] == [pair["denoiser"]["quant"] for pair in pairs]
    markdown = run(*asked, "--format", "markdown").out
    assert len(markdown.splitlines()) == len(pairs) + 2


def test_a_comparison_is_the_same_in_every_format(run: Run) -> None:
    asked = ("compare", "Z-Image Turbo", "Q8_0", "Q8_0")
    programs = run(*asked, "--json").json["runtimes"]
    rows = list(csv.DictReader(io.StringIO(run(*asked, "--format", "csv").out)))
    assert [row["runtime"] for row in rows] == [program["name"] for program in programs]
    needed = [str(program.get("needed_bytes", "")) for program in programs]
    assert [row["needed_bytes"] for row in rows] == needed
    markdown = run(*asked, "--format", "markdown").out
    assert len(markdown.splitlines()) == len(programs) + 2
