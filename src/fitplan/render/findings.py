"""Findings as text for people, JSON, annotations of GitHub, and SARIF."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from fitplan import __version__
from fitplan.questions.check import RULES, Checked, Finding, Report, Severity, online
from fitplan.questions.check.observations import Residual
from fitplan.render.documents.check import CheckDocument, FindingEntry, ResidualEntry
from fitplan.render.text import inert, printable
from fitplan.units import GIB

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


def findings_table(report: Report, strict: bool) -> RenderableType:
    """Every finding with its place, what is wrong and the cure; then a line for each file."""
    blocks: list[RenderableType] = []
    for checked in report.checked:
        for finding in checked.findings:
            blocks += _block(finding)
        blocks += [Text(line) for line in _more(checked)]
    if blocks:
        blocks.append(Text(""))
    return Group(*blocks, *_summary(report, strict))


def _more(checked: Checked) -> Iterator[str]:
    """A line for each rule that has more findings than are shown."""
    for rule, count in checked.more.items():
        yield f"{printable(checked.file)}: {rule}: and {count:,} more"


def _block(finding: Finding) -> Iterator[RenderableType]:
    head = Text(printable(finding.place), overflow="fold")
    head.append("  ").append(finding.severity, _STYLES[finding.severity])
    yield head.append(f"  {finding.rule}")
    yield Padding(Text(printable(finding.message)), (0, 0, 0, 4))
    if finding.cure:
        yield Padding(Text(printable(finding.cure), style="dim"), (0, 0, 0, 4))


def _summary(report: Report, strict: bool) -> Iterator[Text]:
    for checked in report.checked:
        errors, warnings = (checked.count(severity) for severity in Severity)
        worst = max((abs(r.residual_bytes) for r in checked.residuals), default=None)
        observed = (
            f"; {_counted(len(checked.residuals), 'observation')}, at most {worst / GIB:.3f} GiB "
            "from the prediction"
            if worst is not None
            else ""
        )
        kind = "" if checked.whole else " (laid over the shipped catalog)"
        counts = (
            f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
            if checked.findings
            else f"all {len(RULES)} rules hold"
        )
        yield Text(f"{printable(checked.file)}{kind}: {counts}{observed}", style="bold")
    if report.findings and not report.fails(strict):
        yield Text("Warnings alone fail only with --strict.", style="dim")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def findings_document(report: Report, strict: bool) -> CheckDocument:
    """`fitplan.check/1`."""
    return {
        "schema": "fitplan.check/1",
        "passed": not report.fails(strict),
        "strict": strict,
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "files": [
            {
                "file": checked.file,
                "whole": checked.whole,
                "findings": [_finding(finding) for finding in checked.findings],
                "more": dict(checked.more),
                "observations": [_residual(residual) for residual in checked.residuals],
            }
            for checked in report.checked
        ],
    }


def _finding(finding: Finding) -> FindingEntry:
    return {
        "line": finding.line,
        "column": finding.column,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "cure": finding.cure,
    }


def _residual(residual: Residual) -> ResidualEntry:
    seen = residual.seen
    return {
        "model_id": seen.pipeline,
        "denoiser": seen.denoiser,
        "encoder": seen.encoder,
        "runtime": seen.runtime,
        "cache_gib": seen.cache_gib,
        "predicted_bytes": residual.predicted_bytes,
        "residual_bytes": residual.residual_bytes,
    }


def github_annotations(report: Report, strict: bool) -> str:
    """Workflow commands that GitHub shows on the lines, then the summary for the log.

    Errors come first, because GitHub shows only ten annotations of a step.
    """
    ordered = sorted(report.findings, key=lambda finding: finding.severity is not Severity.ERROR)
    annotations = [_annotation(finding) for finding in ordered]
    more = [_escaped(line) for checked in report.checked for line in _more(checked)]
    summary = [inert(line.plain) for line in _summary(report, strict)]
    return "\n".join([*annotations, *more, *summary])


def _annotation(finding: Finding) -> str:
    properties = {
        "file": Path(finding.file).as_posix(),
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"fitplan {finding.rule}",
    }
    listed = ",".join(f"{key}={_escaped_property(value)}" for key, value in properties.items())
    return f"::{finding.severity.value} {listed}::{_escaped(_told(finding))}"


def _told(finding: Finding) -> str:
    cure = f" ({finding.cure})" if finding.cure else ""
    return f"{finding.message}{cure}"


def _escaped(text: str) -> str:
    """As `escapeData` of actions/toolkit does it; other control characters are replaced."""
    safe = "\n".join(map(printable, text.replace("\r\n", "\n").split("\n")))
    return inert(safe).replace("%", "%25").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def sarif_document(report: Report) -> dict[str, Any]:
    """SARIF 2.1.0: one run, every rule described, one result per finding."""
    broken = {finding.rule for finding in report.findings}
    described = [*RULES, *(rule for rule in online.RULES if rule.id in broken)]
    index = {rule.id: i for i, rule in enumerate(described)}
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.about},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in described
    ]
    driver = {"name": "fitplan", "version": __version__, "rules": rules}
    results = [_result(finding, index[finding.rule]) for finding in report.findings]
    more = {checked.file: dict(checked.more) for checked in report.checked if checked.more}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    if more:
        run["properties"] = {"more": more}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    place = {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": _told(finding)},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
