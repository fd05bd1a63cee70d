"""Rules on where figures come from: exact bytes, derived bytes, and how sure an entry may be."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from fitplan.accounting.weights import Container
from fitplan.catalog.problems import Loc
from fitplan.catalog.schema import Source
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.sizes import is_plausible
from fitplan.questions.check.subject import Site, Subject
from fitplan.questions.check.words import Words, words_of

MOST = 3
"""Figures of one source that must agree before one that differs is a slip."""
ERRORS_APART = 4
"""Times that a measured error may be another than its tensor types make."""
CACHE_ERROR = 0.25
"""Share of a file that may have unknown types at all."""
FEW = 2
"""Files of one source that differ from all others by a slip; more of them are meant."""
NEARLY_ALL = 0.9
"""Share of a source's files from which its way to give bytes is clear."""

_ROUNDED = re.compile(r"decimal GB|\bGiB\b|\bdigits\b|\bdu\b|descriptions|[Cc]omputed|rounded")
_EXACT = re.compile(r"[Ee]xact|[Bb]ytes of each|sha256|hub's API")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]+(?=,)")
_EXPLAINED = re.compile(r"estimat|expected|derived|recipe|parameter|not seen")
_COMPUTED = re.compile(r"[Cc]omputed")


def wrong_derived_bytes(subject: Subject) -> Iterator[Hit]:
    """Derived bytes that aren't the tensors of the recipe and a header that is known.

    A GGUF header is the ladder's, or else another file's of the architecture: names and shapes
    decide it, not types. It must be met to the byte.
    """
    ladders, cousins = _headers(subject, ladder=True), _headers(subject, ladder=False)
    for site in subject.sites:
        if site.variant.basis != "derived" or site.release.format is not Container.GGUF:
            continue
        known = ladders[_ladder(site)] - Counter([site.header_bytes])
        known = known or cousins[_cousins(site)] - Counter([site.header_bytes])
        if known and site.header_bytes not in known and is_plausible(site):
            expected = site.file.weights.tensor_bytes + known.most_common(1)[0][0]
            message = f"derived bytes are off by {site.variant.bytes - expected:+,}"
            yield (*site.loc, "bytes"), message, f"recipe and header make {expected}"


def _ladder(site: Site) -> Loc:
    return site.release_loc


def _cousins(site: Site) -> Loc:
    return (site.component.architecture, site.release.format)


def _headers(subject: Subject, ladder: bool) -> Mapping[Loc, Counter[int]]:
    """Header bytes of the plausible files of each ladder, or architecture and format."""
    found: dict[Loc, Counter[int]] = {}
    for site in subject.sites:
        headers = found.setdefault(_ladder(site) if ladder else _cousins(site), Counter())
        if is_plausible(site):
            headers[site.header_bytes] += 1
    return found


def strange_bases(subject: Subject) -> Iterator[Hit]:
    """`basis` that contradicts what the source gives: exact bytes, or rounded sizes."""
    counts: dict[str, Counter[str]] = {}
    for site in subject.sites:
        counts.setdefault(_source(site), Counter())[site.variant.basis] += 1
    for site in subject.sites:
        id = _source(site)
        given = _gives(site, subject.known.sources[id], counts[id])
        if given != site.variant.basis:
            what = "exact bytes" if given == "published" else "rounded sizes"
            message = f"{site.variant.basis}, but the source {id} gives {what}"
            yield _stated(site, "basis"), message, f"write basis: {given}, or name the source"


def _source(site: Site) -> str:
    return site.variant.source or site.release.source


def _gives(site: Site, source: Source, counts: Counter[str]) -> str:
    """The basis of figures of `source`: by its title, else by nearly all other files from it.

    Derived bytes with a note that says how stand beside published ones.
    """
    stated = site.variant.basis
    if _ROUNDED.search(source.title) and not _EXACT.search(source.title):
        return "derived"
    note = site.variant.note or site.release.note or ""
    explained = stated == "derived" and _EXPLAINED.search(note)
    if _EXACT.search(source.title) and not explained:
        return "published"
    usual, count = (counts - Counter([stated])).most_common(1)[0] if counts.total() > 1 else ("", 0)
    clear = counts[stated] <= FEW and count >= max(MOST, NEARLY_ALL * (counts.total() - 1))
    return usual if clear and not explained else stated


def _stated(site: Site, key: str) -> Loc:
    """Where a file states `key` itself, else the file."""
    return (*site.loc, key) if key in site.variant.model_fields_set else site.loc


def strange_confidence(subject: Subject) -> Iterator[Hit]:
    """Entries surer or less sure than the way their bytes were found allows."""
    for site in subject.sites:
        source = subject.known.sources[_source(site)]
        sure, unsure = (site.file.confidence == level for level in ("high", "low"))
        loc = (*(site.loc if site.variant.confidence else site.release_loc), "confidence")
        if sure and _COMPUTED.search(source.title):
            message = "high confidence in bytes that were computed from shapes alone"
            yield loc, message, "write medium or low"
        elif unsure and site.variant.basis == "published" and _EXACT.search(source.title):
            yield loc, "low confidence in exact bytes that were published", "write high or medium"


def strange_allowances(subject: Subject) -> Iterator[Hit]:
    """Errors that are stated otherwise than the tensor types make them."""
    for site in subject.sites:
        stated, made = site.variant.rel_error, site.file.weights.rel_error
        if isinstance(stated, float) and stated and made and not _about(stated, made):
            message = f"relative error {stated:g}; its tensor types make {made:.4f}"
            yield (*site.loc, "rel_error"), message, "check the error and the quantization"
        if site.variant.cache_error_bytes > site.variant.bytes * CACHE_ERROR:
            message = f"cache bytes may be off by {site.variant.cache_error_bytes:,}"
            yield (*site.loc, "cache_error_bytes"), message, "check it against the bytes"


def _about(stated: float, made: float) -> bool:
    return made / ERRORS_APART <= stated <= made * ERRORS_APART


def strange_sources(subject: Subject) -> Iterator[Hit]:
    """Figures of one kind whose source is one of another kind."""
    uses = list(_uses(subject))
    kinds: dict[str, Counter[str]] = {}
    for _, kind, id in uses:
        kinds.setdefault(id, Counter())[kind] += 1
    for loc, kind, id in uses:
        of = kinds[id]
        alone = kind != "bytes" and of[kind] == 1
        ratings = kind == "bytes" and of["elo"] > 0
        if ratings or (alone and of["bytes"] >= (1 if kind == "elo" else MOST)):
            other = _KINDS["elo" if ratings else "bytes"]
            message = f"the source {id} is of {other}, not of {_KINDS[kind]}"
            yield loc, message, "name the source of this figure"


_KINDS = {"bytes": "file sizes", "elo": "ratings", "measured": "measurements"}


def _uses(subject: Subject) -> Iterator[tuple[Loc, str, str]]:
    """Place, kind of figure and source of everything that has one."""
    for site in subject.sites:
        yield _source_loc(site), "bytes", _source(site)
    for id, pipeline in subject.file.pipelines.items():
        if pipeline.elo:
            yield ("pipelines", id, "elo", "source"), "elo", pipeline.elo.source
    for i, seen in enumerate(subject.file.observations):
        yield ("observations", i, "source"), "measured", seen.source
    for i, timed in enumerate(subject.file.benchmarks):
        yield ("benchmarks", i, "source"), "measured", timed.source


def _source_loc(site: Site) -> Loc:
    return (*(site.loc if site.variant.source else site.release_loc), "source")


def foreign_sources(subject: Subject) -> Iterator[Hit]:
    """Figures of one model whose source names another in its title."""
    named = {id: _named(subject, words_of(s.title)) for id, s in subject.known.sources.items()}
    used = [(_source_loc(site), site.component_id, _source(site)) for site in subject.sites]
    for i, timed in enumerate(subject.file.benchmarks):
        denoiser = subject.known.pipelines[timed.model].denoiser
        used.append((("benchmarks", i, "source"), denoiser, timed.source))
    for loc, id, source in dict.fromkeys(used):
        if named[source] and id not in named[source]:
            about = ", ".join(named[source])
            message = f"the source {source} is about {about}, not about {id}"
            yield loc, message, "name the source of this figure"


def _named(subject: Subject, title: Words) -> list[str]:
    """The components that a title names with all words of their ids, and with the most."""
    sizes = {id: len(words) for id in subject.known.components if (words := words_of(id)) <= title}
    return [id for id, size in sizes.items() if size == max(sizes.values()) > 1]


def strange_titles(subject: Subject) -> Iterator[Hit]:
    """Sources whose title begins with a repository that isn't the address's."""
    for id, source in subject.file.sources.items():
        named = _REPOSITORY.match(source.title)
        if named and source.url and named[0].casefold() not in source.url.casefold():
            message = f"the title names {named[0]}, the address {source.url}"
            yield ("sources", id, "url"), message, "check title and url"


RULES = (
    error(
        "derived-bytes", "Derived bytes are the recipe's and a known header.", wrong_derived_bytes
    ),
    warning("basis", "A file's basis is how its source gives bytes.", strange_bases),
    warning("confidence", "No entry is surer than its figures.", strange_confidence),
    warning("allowance", "Stated errors are about what the types make.", strange_allowances),
    warning("source-kind", "A source is one of the figures it is named for.", strange_sources),
    warning("source-subject", "A source is about the model it is named for.", foreign_sources),
    warning("source-address", "A source's address is what its title names.", strange_titles),
)
