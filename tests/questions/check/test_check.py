"""`fitplan check`: each rule finds its bad example, all mistakes are told at once, with places."""

import json
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs import shipped
from cli import Run
from fitplan.catalog import reading
from fitplan.catalog.document import Document
from fitplan.catalog.references import broken_references, names_of
from fitplan.errors import FitplanError
from fitplan.questions import check as checks
from fitplan.questions.check import RULES, Finding, Report
from fitplan.render.findings import findings_document, github_annotations, sarif_document

EXAMPLES = Path(__file__).parent / "examples"
GOOD = (EXAMPLES / "good.yaml").read_text(encoding="utf-8")
TODAY = date(2026, 6, 1)
READ_WHILE_LOADING = {
    *("yaml-syntax", "duplicate-key", "yaml-trap", "unknown-key", "missing-key", "wrong-type"),
    *("incomplete", "no-source", "unknown-source", "unknown-architecture", "unknown-component"),
    *("unknown-pipeline", "unknown-model", "unknown-recipe", "unknown-quantization"),
    *("unknown-tensor-type", "duplicate-file"),
}
"""Rules without which a catalog means nothing: loading refuses what breaks them."""


def checked(*texts: str, today: date | None = TODAY) -> Report:
    """The report on the texts of catalog files m0.yaml, m1.yaml …"""
    documents = [Document(text, f"m{i}.yaml") for i, text in enumerate(texts)]
    return checks.check(documents, lambda: shipped().file, today)


def found(text: str, today: date | None = TODAY) -> list[tuple[int, str]]:
    """Line and rule of every finding in one text."""
    return [(f.line, f.rule) for f in checked(text, today=today).findings]


def example(rule: str) -> str:
    """The bad example of a rule."""
    return (EXAMPLES / "bad" / f"{rule}.yaml").read_text(encoding="utf-8")


def test_no_rule_lacks_its_example() -> None:
    """One file per rule, and none that belongs to no rule."""
    files = {path.stem for path in (EXAMPLES / "bad").glob("*.yaml")}
    assert files == {rule.id for rule in RULES}
    assert len(RULES) == len(files)


def test_the_good_example_breaks_no_rule() -> None:
    """What every bad example is one edit away from."""
    assert checked(GOOD).findings == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_bad_example_breaks_its_rule_and_no_other(rule: checks.Rule) -> None:
    """Each finding has the rule's id and severity, a place in the file, a message and a cure."""
    text = example(rule.id)
    findings = checked(text, today=None if rule.id == "date-ahead" else TODAY).findings
    assert {(f.rule, f.severity) for f in findings} == {(rule.id, rule.severity)}
    lines = text.splitlines()
    for finding in findings:
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message
        assert finding.cure
        assert "\n" not in finding.message + finding.cure


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_loading_refuses_what_has_no_meaning_and_nothing_else(rule: checks.Rule) -> None:
    """Loading and checking share one mechanism: the same message, from the same place or deeper."""
    text = example(rule.id)
    if rule.id not in READ_WHILE_LOADING:
        reading.parse(text)
        return
    with pytest.raises(FitplanError) as caught:
        reading.parse(text, "m0.yaml")
    first = checked(text).findings[0]
    assert caught.value.message.endswith(first.message) or first.message in caught.value.message


CURES = [
    ("bytes: 4542547904", "bytes: 4542547094", "padding", "did you mean 4542547904?"),
    ("bytes: 4542547904", "bytes: 5442547904", "bytes", "did you mean 4542547904?"),
    ("bytes: 4542547904", "bytes: 45425479040", "bytes", "a digit too many?"),
    ("bytes: 4542547904", "bytes: 454254790", "bytes", "a digit too few?"),
    ("bytes: 4542547904", "bytes: 4542548", "bytes", "write plain bytes"),
    ("bytes: 4542547904", "bytes: 4877523626", "bytes", "GB taken for GiB? multiply by 1e9"),
    ("bytes: 4542547904", "bytes: 4230576668", "bytes", "GiB taken for GB? multiply by 2**30"),
    ("bytes: 4542547904", "bytes: 3864250304", "bytes", "these are the bytes of a Q4_K"),
    ("parameters: 6154908736", "parameters: 6154908763", "elements", "did you mean 6154908736?"),
    ("denoiser: Q8_0, encoder: Q8_0, r", "denoiser: q8, encoder: Q8_0, r", "unknown-file", "Q8_0?"),
    ("quant: Q5_0", "quant: Q9", "unknown-quantization", "Q8_0"),
    ("steps: 8\n", "steps: 1e1\n", "yaml-trap", "write 10"),
    ("steps: 8\n", "steps: 010\n", "yaml-trap", "found 8; write 10, without zeros"),
    ("steps: 8\n", "steps: 1:08\n", "yaml-trap", "write a plain decimal number"),
    ("parameters: 83819683", "parameters: 83,819,683", "yaml-trap", "write 83819683"),
    ('as_of: "2026-04-07"', "as_of: 2026-04-07", "yaml-trap", 'write "2026-04-07" in quotes'),
    ("cache_gib: 12.64", "cache_gib: .inf", "yaml-trap", "write a number"),
    ("date: 2026-04-07}", "date: 2026-02-30}", "date", "write a real date"),
    ("license: ", "lisence: ", "unknown-key", "did you mean license?"),
]


@pytest.mark.parametrize(("old", "new", "rule", "cure"), CURES)
def test_a_finding_says_what_was_meant(old: str, new: str, rule: str, cure: str) -> None:
    """The cure names the slip where the figures show which it was."""
    assert old in GOOD
    cures = [f.cure for f in checked(GOOD.replace(old, new, 1)).findings if f.rule == rule]
    assert [text for text in cures if cure in text]


def test_all_mistakes_are_told_at_once() -> None:
    """An entry that can't be used hides neither its other mistakes nor those of other entries."""
    text = GOOD.replace("confidence: high", "confidnce: high", 1)
    text = text.replace("architecture: z-image", "architecture: z-imag")
    text = text.replace("bytes: 2497281312", "bytes: 2497281312000")
    text = text.replace("vae: flux1-vae", "vae: flux1-vea").replace(
        "distilled: steps", "distilled: no"
    )
    assert found(text) == [
        (48, "unknown-architecture"),
        (56, "unknown-key"),
        (75, "bytes"),
        (96, "unknown-component"),
        (98, "yaml-trap"),
    ]


def test_what_a_mistake_makes_unusable_is_not_told_again() -> None:
    """References to an entry that can't be used stay silent; a release tells its source once."""
    assert found(GOOD.replace("    name: Z-Image Turbo\n    arch", "    arch")) == [
        (45, "missing-key")
    ]
    assert found(GOOD.replace("source: hub", "source: hup", 1)) == [(55, "unknown-source")]


def test_a_date_is_in_the_future_only_against_a_given_day() -> None:
    """Without `--today` the answer doesn't depend on the clock, but on the other dates."""
    text = example("future-date")
    assert found(text, today=None) == [(7, "date-ahead")]
    assert found(text, today=date(2062, 4, 7)) == []
    assert found(text, today=date(2062, 4, 6)) == [(7, "future-date")]


def test_an_overlay_is_held_against_what_it_extends() -> None:
    """It may name what the shipped catalog and its companions have; only its own entries count."""
    overlay = "version: 1\npipelines:\n  mine: " + (
        "{name: Mine, denoiser: z-image, encoders: [qwen3-4b], vae: %s, license: MIT, "
        "distilled: steps}\n"
    )
    vae = GOOD[GOOD.index("  flux1-vae:\n    kind") : GOOD.index("\npipelines")]
    other = "version: 1\ncomponents:\n" + vae.replace("flux1-vae:", "my-vae:").replace(
        "source: hub", "source: mold"
    ).replace("FLUX.1 VAE", "My VAE")
    rules = {f.rule for f in checked(overlay % "flux1-vae").findings}
    assert rules == {"canonical-form"}
    assert {f.rule for f in checked(overlay % "my-vae").findings} == {"unknown-component"}
    both = checked(overlay % "my-vae", other)
    assert {(f.file, f.rule) for f in both.findings} == {("m0.yaml", "canonical-form")}
    assert [c.whole for c in (*both.checked, *checked(GOOD).checked)] == [False, False, True]


def test_the_shipped_catalog_passes_in_strict_mode(run: Run) -> None:
    """Every rule holds, and every observation is within 0.02 GiB of its prediction."""
    ran = run("check", "--strict", "--json")
    assert (ran.json["files"][0]["findings"], ran.code) == ([], 0)
    residuals = [seen["residual_bytes"] for seen in ran.json["files"][0]["observations"]]
    assert len(residuals) == len(shipped().file.observations)
    assert max(map(abs, residuals)) < 0.02 * 2**30


def test_exit_codes(run: Run, tmp_path: Path) -> None:
    """0 when all is well, 1 on findings, warnings only with --strict; 2 for junk; 3 unreadable."""
    bad, odd = EXAMPLES / "bad" / "bytes.yaml", EXAMPLES / "bad" / "header.yaml"
    codes = {
        0: [["check", str(EXAMPLES / "good.yaml")], ["check", str(odd)]],
        1: [["check", str(bad)], ["check", "--strict", str(odd)], ["check", str(odd), str(bad)]],
        2: [["check", "--today", "soon"], ["check", "--format", "csv"], ["--format=csv", "check"]],
        3: [["check", str(tmp_path)], ["check", str(tmp_path / "none.yaml"), "--json"]],
    }
    for code, lines in codes.items():
        for line in lines:
            assert (line, run(*line).code) == (line, code)


def test_the_text_names_place_rule_message_and_cure(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As editors and terminals understand places; then one line for each file."""
    monkeypatch.chdir(EXAMPLES)
    ran = run("check", "bad/header.yaml", "good.yaml")
    assert ran.out == (
        "bad/header.yaml:59:27  warning  header\n"
        "    these bytes leave 61,152 for the header; its siblings have 52,960\n"
        "    did you mean 4542547904?\n"
        "\n"
        "bad/header.yaml: 0 errors, 1 warning; 1 observation, at most 0.000 GiB from the "
        "prediction\n"
        f"good.yaml: all {len(RULES)} rules hold; 1 observation, at most 0.000 GiB from the "
        "prediction\n"
        "Warnings alone fail only with --strict.\n"
    )


def test_the_json_document(run: Run) -> None:
    """`fitplan.check/1`, by --json before or after the command's name."""
    bad = str(EXAMPLES / "bad" / "yaml-trap.yaml")
    document = run("check", bad, "--json").json
    assert (
        document == run("--json", "check", bad).json == run("check", bad, "--format", "json").json
    )
    assert document["schema"] == "fitplan.check/1"
    assert (document["passed"], document["errors"], document["warnings"]) == (False, 1, 0)
    assert document["files"][0]["findings"] == [
        {
            "line": 98,
            "column": 5,
            "rule": "yaml-trap",
            "severity": "error",
            "message": "distilled: YAML reads a bare no as false",
            "cure": 'found False; write "no" in quotes',
        }
    ]


def made_up(file: str, message: str) -> Report:
    """A report with one finding."""
    finding = Finding(file, 3, 7, "address", checks.Severity.ERROR, message, "")
    return Report((checks.Checked(file, True, (finding,), ()),))


def test_annotations_escape_what_workflow_commands_give_a_meaning() -> None:
    """Percent signs and line ends anywhere; colons and commas in properties."""
    first = github_annotations(made_up("a,b:c%.yaml", "100%\nsure: yes, ::error::"), False)
    assert first.splitlines()[0] == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,col=7,title=fitplan address::"
        "100%25%0Asure: yes, ::error::"
    )


def test_annotations_put_errors_first(run: Run) -> None:
    """GitHub shows ten annotations per step: no warning may take the place of an error."""
    odd, bad = (str(EXAMPLES / "bad" / f"{name}.yaml") for name in ("header", "bytes"))
    lines = run("check", odd, bad, "--format", "github").out.splitlines()
    assert [line.split(" ")[0] for line in lines[:2]] == ["::error", "::warning"]


def test_sarif_has_the_structure_of_2_1_0(run: Run) -> None:
    """Version, one run, a driver with every rule; results point at rules and places that exist."""
    files = [str(EXAMPLES / "bad" / f"{name}.yaml") for name in ("format", "header", "date")]
    document: dict[str, Any] = json.loads(run("check", *files, "--format", "sarif").out)
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    assert document["$schema"].endswith("sarif-2.1.0.json")
    driver = document["runs"][0]["tool"]["driver"]
    assert driver["name"] == "fitplan"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    results = document["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {"format", "header", "date"}
    for result in results:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].startswith("file:///")
        assert place["region"]["startLine"] > 0 < place["region"]["startColumn"]


def test_sarif_names_relative_files_as_uris() -> None:
    """A blank or percent sign in a path is no part of a URI."""
    place = sarif_document(made_up("my models/100%.yaml", "x"))["runs"][0]["results"][0][
        "locations"
    ]
    assert place[0]["physicalLocation"]["artifactLocation"]["uri"] == "my%20models/100%25.yaml"


def test_names_that_are_shown_carry_no_escape_codes(run: Run, tmp_path: Path) -> None:
    """A catalog can't write to the terminal by way of its messages."""
    bad = tmp_path / "m.yaml"
    bad.write_text(GOOD.replace("vae: flux1-vae", 'vae: "\\e[31mred"'), encoding="utf-8")
    ran = run("check", str(bad))
    assert ran.code == 1
    assert "\x1b" not in ran.out


@settings(max_examples=150, deadline=None)
@given(
    at=st.integers(0, len(GOOD) - 1),
    length=st.integers(0, 12),
    put=st.text("0Q:-{}[],'\"#&*!|>% \n\té\x00aZ.", max_size=4),
)
def test_no_edit_ends_in_a_crash(at: int, length: int, put: str) -> None:
    """Whatever is cut out and put in, there is a report, and loading agrees with its errors."""
    text = GOOD[:at] + put + GOOD[at + length :]
    report = checked(text)
    try:
        catalog = reading.parse(text)
    except FitplanError:
        assert report.fails(strict=False)
    else:
        assert not list(broken_references(catalog.file, names_of(catalog.file)))
        rules = {finding.rule for finding in report.findings}
        assert not rules & (READ_WHILE_LOADING - {"duplicate-file"}) or not report.checked[0].whole


MANY = 20_000
FLOODS = {
    "unknown-key": "version: 1\n" + "".join(f"key{i}: 1\n" for i in range(MANY)),
    "duplicate-key": "version: 1\nsources:\n" + "  a: {title: x}\n" * (MANY + 1),
    "unknown-component": "version: 1\npipelines:\n"
    + "".join(
        f"  p{i}: {{name: N{i}, denoiser: z-image, encoders: [qwen3-4b], vae: vae{i}, "
        'license: MIT, distilled: "no"}\n'
        for i in range(MANY // 10)
    ),
}


@pytest.mark.parametrize("rule", FLOODS)
def test_of_thousands_of_findings_a_hundred_are_shown_and_all_counted(rule: str) -> None:
    """The first of each rule, in every format; JSON says how many more there are."""
    report = checked(FLOODS[rule])
    told = [finding for finding in report.findings if finding.rule == rule]
    many = MANY // 10 if rule == "unknown-component" else MANY
    assert (len(told), report.checked[0].more[rule]) == (100, many - 100)
    assert report.count(checks.Severity.ERROR) >= many
    document = findings_document(report, False)
    assert document["errors"] == report.count(checks.Severity.ERROR)
    assert document["files"][0]["more"] == {rule: many - 100}
    assert f"{rule}: and {many - 100:,} more" in github_annotations(report, False)
    assert sarif_document(report)["runs"][0]["properties"]["more"] == {
        "m0.yaml": {rule: many - 100}
    }


def test_a_flood_takes_time_in_proportion() -> None:
    """Four times the unknown keys take about four times as long, not sixteen times."""
    took = []
    for count in (MANY, 4 * MANY):
        document = Document(
            "version: 1\n" + "".join(f"key{i}: 1\n" for i in range(count)), "m.yaml"
        )
        start = process_time()
        checks.check([document], lambda: shipped().file)
        took.append(process_time() - start)
    assert took[1] < 10 * took[0]
