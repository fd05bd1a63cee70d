"""What an answer looks like for hostile names, odd terminals and narrow encodings."""

import csv
import io
import json
import re
from pathlib import Path
from unicodedata import normalize

import pytest

import hostile
from cli import Run
from fitplan.cli import output
from fitplan.questions.check import Finding, Report, Severity
from fitplan.questions.check.checking import Checked
from fitplan.render.findings import github_annotations
from fitplan.render.markdown import _escape
from places import ROOT

COMMANDS = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)
"""What the log of a CI takes for a command."""


@pytest.mark.parametrize("format", ["table", "csv", "markdown", "json"])
@pytest.mark.parametrize("name", hostile.NAMES, ids=ascii)
def test_no_name_is_more_than_a_name(run: Run, tmp_path: Path, name: str, format: str) -> None:
    """No command of a CI, no escape of a terminal, in no format; or the catalog is refused."""
    path = str(hostile.overlay(tmp_path / "own.yaml", name))
    ran = run("--ram", "14", "--catalog", path, "--model", "hostile", "--format", format)
    said = ran.out + ran.err
    assert ran.code in (0, 3)
    assert not COMMANDS.search(said)
    assert all(char.isprintable() or char == "\n" for char in said)
    if ran.code == 0 and format == "json":
        assert {plan["model"] for plan in json.loads(ran.out)["plans"]} == {name}
    if ran.code == 0 and format == "csv":
        for row in csv.reader(io.StringIO(ran.out)):
            assert normalize("NFKC", row[0]).strip()[:1] not in ("=", "+", "-", "@", "\u2212")
    if ran.code == 0 and format == "markdown":
        rows = ran.out.splitlines()
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {12}
        assert not re.search(r"(?<!\\)[<`\[]|://|www\.", ran.out)


def test_markdown_shows_what_the_name_is() -> None:
    """A reader of the rendered text sees the name itself."""
    for name in ("Z-Image Turbo", "Q4_K_M", "a|b", "https://a.org", "www.a.org", "<b>&amp;"):
        assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", _escape(name)) == name


FINDINGS = [
    ("a.yaml", "plain", "do this"),
    ("a\n::error::b.yaml", "two\nlines\r\n::warning::x", ""),
    ("##[error]x.yaml", "##[group]x", "##vso[task.complete]"),
    ("a,line=9:b%.yaml", "100% \x1b[31mred\x1b[0m\x07", "\x9b2J"),
    ("::error::name.yaml", "::error::message", "::error::cure"),
]


@pytest.mark.parametrize(("file", "message", "cure"), FINDINGS, ids=ascii)
def test_annotations_are_the_only_commands(file: str, message: str, cure: str) -> None:
    """One line per finding is a command; every property and the message are escaped in it."""
    finding = Finding(file, 1, 2, "bytes", Severity.ERROR, message, cure)
    report = Report((Checked(file, True, (finding,), ()),))
    annotation, *summary = github_annotations(report, strict=False).split("\n")
    found = re.fullmatch(r"::error file=([^,:]*),line=1,col=2,title=([^,:]*)::(.*)", annotation)
    assert found
    assert "##[" not in annotation
    for line in summary:
        assert not COMMANDS.search(line)
    assert all(char.isprintable() for line in (annotation, *summary) for char in line)


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("²", 140),
        ("0", 140),
        ("-5", 140),
        ("", 140),
        ("wide", 140),
        ("٣٠", 140),
        ("1e3", 140),
        ("9" * 5000, 140),
        ("20", 40),
        ("1", 40),
        (" 90 ", 90),
        ("00100", 100),
        ("100000", 1000),
    ],
    ids=lambda value: str(value)[:8],
)
@pytest.mark.parametrize("lines", ["²", "0", None])
def test_any_columns_give_a_readable_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, width: int, lines: str | None
) -> None:
    """A number of columns is kept to, from 40 on; what is none is as if it weren't set."""
    monkeypatch.setenv("COLUMNS", columns)
    if lines is not None:
        monkeypatch.setenv("LINES", lines)
    assert output.console().width == width
    ran = run("--ram", "14", "--model", "klein")
    assert ran.code == 0
    assert "Q8_0" in ran.out
    assert "…" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= width


def test_errors_are_no_commands_either(run: Run) -> None:
    """What a user or a script names comes back in the message and the hint."""
    for name in ("::error::x", "##[error]x", "a\n::error::x"):
        ran = run("--ram", "14", "--model", name)
        assert ran.code == 2
        assert not COMMANDS.search(ran.err)


def test_only_one_place_makes_a_console() -> None:
    """rich reads COLUMNS and LINES wherever a console is made without both sizes."""
    makers = [
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"\bConsole\(", path.read_text(encoding="utf-8"))
    ]
    assert makers == ["rich_tables.py"]
