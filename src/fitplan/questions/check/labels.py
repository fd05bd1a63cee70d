"""Rules on addresses and file names: they lead to the file that the entry is about."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import accumulate
from urllib.parse import urlsplit

from fitplan.accounting.quantization import QUANT_NAMES, TENSOR_TYPES, quant_name
from fitplan.catalog.problems import Loc
from fitplan.catalog.schema import Release
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Site, Subject
from fitplan.questions.check.words import vocabulary_of_ids, words_of

HOSTS = ("huggingface.co", "github.com", "civitai.com", "modelscope.cn")
"""Hosts that catalogs name often enough to tell a misspelling."""

_PLACEHOLDER = re.compile(r"\{[^}]*\}?|\}")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_NAMES = frozenset({*QUANT_NAMES, *TENSOR_TYPES}) - {"BOOL", "F4", "F64"}


def bad_addresses(subject: Subject) -> Iterator[Hit]:
    """Addresses without a host, of a misspelt host, or of no repository."""
    for loc, url in _addresses(subject):
        host = urlsplit(url).hostname if _is_whole(url) else None
        near = get_close_matches(host or "", HOSTS, n=1, cutoff=0.8)
        if not host or "." not in host.strip("."):
            yield loc, f"{url} has no host", "write https://host/path"
        elif near and host != near[0] and not host.endswith(f".{near[0]}"):
            yield loc, f"no host is called {host!r}", f"did you mean {near[0]}?"


def _is_whole(url: str) -> bool:
    try:
        return bool(urlsplit(url).netloc) and (urlsplit(url).port or 443) > 0
    except ValueError:
        return False


def _addresses(subject: Subject) -> Iterator[tuple[Loc, str]]:
    for id, source in subject.file.sources.items():
        if source.url:
            yield ("sources", id, "url"), source.url
    for loc, release in _releases(subject):
        if release.url:
            yield (*loc, "url"), release.url


def _releases(subject: Subject) -> Iterator[tuple[Loc, Release]]:
    for id, component in subject.file.components.items():
        for r, release in enumerate(component.releases):
            yield ("components", id, "releases", r), release


def foreign_addresses(subject: Subject) -> Iterator[Hit]:
    """Releases whose address on a hub is another publisher's."""
    for loc, release in _releases(subject):
        owner = _owner(release.url or "") or release.publisher
        if owner.casefold() != release.publisher.casefold():
            message = f"by {release.publisher}, but the address is {owner}'s"
            yield (*loc, "url"), message, "check publisher and url"


def _owner(url: str) -> str:
    """Whose repository on the hub `url` is; "" elsewhere."""
    hub = f"https://{HOSTS[0]}/"
    return url.removeprefix(hub).partition("/")[0] if url.startswith(hub) else ""


def bad_patterns(subject: Subject) -> Iterator[Hit]:
    """File names with a placeholder other than {quant}, or the same for several files."""
    for loc, release in _releases(subject):
        named = [(loc, release.file)]
        named += [((*loc, "variants", v), x.file) for v, x in enumerate(release.variants)]
        for place, name in named:
            for found in _PLACEHOLDER.findall(name or ""):
                if found != "{quant}":
                    yield (*place, "file"), f"{found!r} in a file name", "did you mean {quant}?"
        plain = release.file and not _PLACEHOLDER.search(release.file)
        if plain and sum(not variant.file for variant in release.variants) > 1:
            message = f"several files are called {release.file}"
            yield (*loc, "file"), message, "put {quant} where the quantization is in their names"


def misnamed_files(subject: Subject) -> Iterator[Hit]:
    """File names that name another quantization."""
    for site in subject.sites:
        name = site.file.file or ""
        quants = _named_quants(name)
        if quants and site.variant.quant not in quants:
            message = f"{site.variant.quant}, but {name} says {', '.join(sorted(quants))}"
            yield _file_loc(site), message, "check quant and file"


def _file_loc(site: Site) -> Loc:
    return (*site.loc, "file") if site.variant.file else (*site.release_loc, "file")


def _named_quants(name: str) -> set[str]:
    return {quant for word in _WORD.findall(name) if (quant := quant_name(word)) in _NAMES}


def misspelt_ids(subject: Subject) -> Iterator[Hit]:
    """Ids that are one slip away from the name they are made of."""
    for section in ("pipelines", "components"):
        for id, entry in getattr(subject.file, section).items():
            ours, theirs = _bare(id), _bare(entry.name)
            split = ours == theirs and not _breaks(id) <= _breaks(entry.name) | _turns(ours)
            if split or _one_slip_apart(ours, theirs):
                message = f"the id {id} is nearly {entry.name!r}, but not quite"
                yield (section, id), message, "correct the id or the name"


def foreign_names(subject: Subject) -> Iterator[Hit]:
    """Pipelines and denoisers that are called by another's name."""
    known = subject.known
    denoisers = [id for id, c in known.components.items() if c.kind == "denoiser"]
    for section, ids in (("pipelines", [*known.pipelines]), ("components", denoisers)):
        words = vocabulary_of_ids(ids)
        names = {other: entry.name.casefold() for other, entry in getattr(known, section).items()}
        for id, entry in getattr(subject.file, section).items():
            closer = words.closer(id, words_of(entry.name)) if id in words.names else ""
            if closer and names[closer] != entry.name.casefold():
                message = f"{id} is called {entry.name!r}, which is {closer}"
                yield (section, id, "name"), message, "check id and name"


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _breaks(name: str) -> set[int]:
    """Before which letters and digits something else comes."""
    parts = re.findall(r"[a-z0-9]+", name.casefold())
    return set(accumulate(len(part) for part in parts[:-1]))


def _turns(bare: str) -> set[int]:
    """Where letters and digits meet: names are written with a hyphen there, or without."""
    return {i for i in range(1, len(bare)) if bare[i - 1].isdigit() != bare[i].isdigit()}


def _one_slip_apart(a: str, b: str) -> bool:
    """One letter more, less or other, or two neighbours swapped; other digits are other models."""
    if len(a) == len(b):
        wrong = [i for i in range(len(a)) if a[i] != b[i]]
        if len(wrong) == 1:
            return a[wrong[0]].isalpha() and b[wrong[0]].isalpha()
        first = wrong[0] if wrong else 0
        return wrong == [first, first + 1] and a[first : first + 2] == b[first : first + 2][::-1]
    long, short = sorted((a, b), key=len, reverse=True)
    cut = [long[:i] + long[i + 1 :] for i in range(len(long)) if long[i].isalpha()]
    return len(long) - len(short) == 1 and short in cut


RULES = (
    error("address", "Every address is one, on a host that exists.", bad_addresses),
    warning("publisher", "A release's address is its publisher's.", foreign_addresses),
    error("file-pattern", "File names have no placeholder but {quant}.", bad_patterns),
    warning("id", "An id is spelt as the name it is made of.", misspelt_ids),
    warning("foreign-name", "A model's name is not another's.", foreign_names),
    warning("file-name", "A file's name agrees with its quantization.", misnamed_files),
)
