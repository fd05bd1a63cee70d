"""What became of a catalog's files on the hub, as findings of `fitplan check --online`."""

from collections.abc import Iterator
from typing import assert_never

from fitplan.hub.models import Reader
from fitplan.questions.check.hub import (
    Changed,
    Gone,
    OnProgress,
    Renamed,
    Same,
    Unverified,
    Verdict,
    compare,
)
from fitplan.questions.check.online import Ask
from fitplan.questions.check.rule import Hit
from fitplan.questions.check.subject import Site, Subject


def asking(reader: Reader, on_progress: OnProgress) -> Ask:
    """The rules of the hub, asked through `reader`; each variant has at most one finding."""

    def ask(subject: Subject) -> Iterator[tuple[str, Hit]]:
        sites = {id(site.file): site for site in subject.sites}
        for compared in compare(reader, (site.file for site in subject.sites), on_progress):
            yield from _finding(sites[id(compared.file)], compared.verdict)

    return ask


def _finding(site: Site, verdict: Verdict) -> Iterator[tuple[str, Hit]]:
    name = site.file.id
    match verdict:
        case Same():
            return
        case Changed(what):
            cure = "look at the file on the hub; fitplan catalog add writes what it is now"
            yield "hub-changed", ((*site.loc, "bytes"), f"{name}: {what}", cure)
        case Renamed(to):
            yield "hub-renamed", (site.loc, f"{name} is called {to} now", "write its new name")
        case Gone(what):
            yield "hub-gone", (site.loc, f"{name}: {what}", "find it or remove the entry")
        case Unverified(why=why):
            yield "hub-unknown", (site.loc, f"{name} can't be compared: {why}", "")
        case _:
            assert_never(verdict)
