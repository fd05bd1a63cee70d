"""Check catalog files: read each, take out what can't be used, apply every rule to the rest."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import Any

from fitplan.catalog import CatalogFile
from fitplan.catalog.document import Document
from fitplan.catalog.problems import Problem
from fitplan.catalog.references import KnownNames, names_of
from fitplan.questions.check.finding import Finding, Severity
from fitplan.questions.check.limits import shown
from fitplan.questions.check.names import stated_names, united
from fitplan.questions.check.observations import Residual, residuals
from fitplan.questions.check.online import Ask
from fitplan.questions.check.order import departures
from fitplan.questions.check.rules import BY_ID, RULES
from fitplan.questions.check.salvage import Sound, sound
from fitplan.questions.check.subject import Subject

SECTIONS = ("sources", "architectures", "components", "pipelines")
KINDS = {"denoiser", "encoder", "vae"}


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, and what was found in it."""

    file: str
    whole: bool
    """Whether it was checked as a catalog on its own, not laid over the shipped one."""
    findings: tuple[Finding, ...]
    """In the order of their places."""
    residuals: tuple[Residual, ...]
    """Every observation beside its prediction."""
    more: Mapping[str, int] = field(default_factory=dict)
    """Rule → findings that are not among `findings`, because it has more than are shown."""

    def count(self, severity: Severity) -> int:
        """How many findings are as bad, those that are not shown included."""
        hidden = sum(n for rule, n in self.more.items() if BY_ID[rule].severity is severity)
        return hidden + sum(finding.severity is severity for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """All files that were checked."""

    checked: tuple[Checked, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all files that are shown."""
        return tuple(finding for checked in self.checked for finding in checked.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are as bad."""
        return sum(checked.count(severity) for checked in self.checked)

    def fails(self, strict: bool) -> bool:
        """Whether there is an error; with `strict`, whether there is anything."""
        return bool(self.findings if strict else self.count(Severity.ERROR))


def is_whole(data: Any) -> bool:
    """Whether a file's data is a catalog on its own: every section, every kind of component.

    A file that leaves some of that to the shipped catalog is an overlay on it.
    """
    if not isinstance(data, dict) or not all(isinstance(data.get(s), dict) for s in SECTIONS):
        return False
    components = data["components"].values()
    return {c["kind"] for c in components if isinstance(c, dict) and "kind" in c} >= KINDS


def check(
    documents: Sequence[Document],
    shipped: Callable[[], CatalogFile],
    today: date | None = None,
    ask_hub: Ask | None = None,
) -> Report:
    """Check `documents`: whole catalogs alone, others laid over `shipped` and over each other.

    `today`: the day that no date may be after; None leaves dates alone, so that the answer doesn't
    depend on the clock. `ask_hub` answers the rules of `online`; None: no server is asked.
    """
    overlays = [d for d in documents if d.readable and not is_whole(d.data)]
    base = shipped() if overlays else CatalogFile(version=1)
    names = united([names_of(base), *(stated_names(d.data) for d in overlays)])
    base = _laid_over(base, overlays, names)
    return Report(tuple(_check(document, base, names, today, ask_hub) for document in documents))


def _laid_over(base: CatalogFile, overlays: Sequence[Document], names: KnownNames) -> CatalogFile:
    """`base` with all that can be used of `overlays`, which may name each other's entries."""
    merged = base
    for _ in overlays if len(overlays) > 1 else ():
        before, files = merged, [sound(overlay, merged, names).file for overlay in overlays]
        merged = reduce(CatalogFile.overlaid, files, base)
        if merged == before:
            break
    return merged


def _check(
    document: Document,
    base: CatalogFile,
    names: KnownNames,
    today: date | None,
    ask_hub: Ask | None,
) -> Checked:
    if not document.readable:
        return _checked(document, True, document.problems, ())
    whole = is_whole(document.data)
    if whole:
        base, names = CatalogFile(version=1), stated_names(document.data)
    usable = sound(document, base, names)
    subject = Subject(
        document, usable.file, base.overlaid(usable.file), usable.cut.untouched, today
    )
    problems = [*document.problems, *usable.problems, *_broken_rules(subject, usable, ask_hub)]
    if not any(BY_ID[problem.rule].severity is Severity.ERROR for problem in problems):
        problems += departures(subject)
    seen = tuple(residuals(subject))
    return _checked(document, whole, problems, seen, usable.unknown_keys)


def _checked(
    document: Document,
    whole: bool,
    problems: Iterable[Problem],
    seen: tuple[Residual, ...],
    unknown_keys: int = 0,
) -> Checked:
    kept = shown(document, problems, unknown_keys)
    findings = sorted(_findings(document, kept.problems), key=_by_place)
    return Checked(document.origin, whole, _once(findings), seen, kept.more)


def _broken_rules(subject: Subject, usable: Sound, ask_hub: Ask | None) -> Iterator[Problem]:
    for rule in RULES:
        for loc, message, cure in rule.find(subject):
            place = usable.cut.original(loc)
            if not usable.cut.touched(place):
                yield Problem(rule.id, place, message, cure)
    for id, (loc, message, cure) in ask_hub(subject) if ask_hub else ():
        yield Problem(id, usable.cut.original(loc), message, cure)


def _findings(document: Document, problems: Iterable[Problem]) -> Iterator[Finding]:
    for problem in problems:
        line, column = (max(1, n) for n in document.place(problem))
        severity = BY_ID[problem.rule].severity
        yield Finding(
            document.origin, line, column, problem.rule, severity, problem.message, problem.hint
        )


def _by_place(finding: Finding) -> tuple[int, int, str, str]:
    return (finding.line, finding.column, finding.rule, finding.message)


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Without repetitions: two rules may say the same of one place."""
    kept: dict[tuple[int, int, str], Finding] = {}
    for finding in findings:
        kept.setdefault((finding.line, finding.column, finding.message), finding)
    return tuple(kept.values())
