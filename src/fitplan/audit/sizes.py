"""Rules on bytes: a file is its tensors and a header, and a ladder has its order."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

from fitplan.audit.quants import nominal_bits
from fitplan.audit.rule import Hit, error, warning
from fitplan.audit.subject import Site, Subject
from fitplan.catalog.problems import Loc
from fitplan.units import GB, GIB
from fitplan.weights import Container, Role

WITH_TOKENIZER = 16_000_000
"""A GGUF header with the largest vocabulary and merges of today (about 8 MB), twice."""
NAMES_ONLY = {
    Container.GGUF: 500_000,
    Container.SAFETENSORS: 2_000_000,
    Container.FOLDER: 2_000_000,
}
"""About 80 bytes for each tensor; scaled fp8 files have three tensors per matrix."""
SIBLINGS = 4096
"""GGUF headers of one publisher's ladder differ by a few keys of metadata."""
ALIGNMENT = 32
"""GGUF: every tensor is padded to `general.alignment`, which every known writer leaves at this."""
BITS_APART = 0.9
"""Between Q5 and Q4; K-quants of different sizes may cross within less."""


def most_header(site: Site) -> int:
    """The most bytes that a file of this kind and format has besides its tensors."""
    container = site.release.format
    vocabulary = any(group.role is Role.TOKEN_EMBEDDING for group in site.file.weights.groups)
    return WITH_TOKENIZER if vocabulary and container is Container.GGUF else NAMES_ONLY[container]


def is_plausible(site: Site) -> bool:
    """Whether the stated bytes are the tensors and a header."""
    return 0 < site.header_bytes < most_header(site)


def implausible_bytes(subject: Subject) -> Iterator[Hit]:
    """Files whose bytes aren't their weight groups and a header."""
    headers = _headers(subject)
    for site in subject.sites:
        if not is_plausible(site):
            size, tensors = site.file.weights.file_bytes, site.file.weights.tensor_bytes
            spare = site.header_bytes
            left = f"{-spare:,} too few" if spare < 0 else f"{spare:,} left over for a header"
            message = f"{size:,} bytes, but the tensors take {tensors:,}: {left}"
            yield (*site.loc, "bytes"), message, _cure(site, subject, headers.get(_ladder(site)))


def _ladder(site: Site) -> Loc:
    return site.release_loc


def _headers(subject: Subject) -> dict[Loc, int]:
    """The usual header of each release, where any of its files has a plausible one."""
    found: dict[Loc, list[int]] = {}
    for site in subject.sites:
        if is_plausible(site):
            found.setdefault(_ladder(site), []).append(site.header_bytes)
    return {loc: median_low(headers) for loc, headers in found.items()}


def _cure(site: Site, subject: Subject, header: int | None) -> str:
    size, tensors = site.file.weights.file_bytes, site.file.weights.tensor_bytes
    expected = tensors + (header or 0)
    for is_it, cure in _SLIPS:
        if is_it(size, expected):
            return cure
    if header is not None and _is_digit_slip(size, expected):
        return f"did you mean {expected}?"
    other = _same_size(site, subject)
    if other:
        return f"that is the size of its {other}: check quant and bytes"
    return f"read the size at the source: it should be about {expected:,}"


def _near(size: int, expected: int, ratio: Fraction) -> bool:
    wanted = expected * ratio
    return abs(size - wanted) < wanted / 250


_SLIPS: tuple[tuple[Callable[[int, int], bool], str], ...] = (
    (lambda s, e: _near(s, e, Fraction(GIB, GB)), "GB taken for GiB? multiply by 1e9, not 2**30"),
    (lambda s, e: _near(s, e, Fraction(GB, GIB)), "GiB taken for GB? multiply by 2**30, not 1e9"),
    (lambda s, e: _near(s, e, Fraction(10)), "a digit too many?"),
    (lambda s, e: _near(s, e, Fraction(1, 10)), "a digit too few?"),
    (lambda s, e: any(_near(s, e, Fraction(1, 1000**n)) for n in (1, 2, 3)), "write plain bytes"),
)


def _is_digit_slip(size: int, expected: int) -> bool:
    ours, theirs = str(size), str(expected)
    if len(ours) != len(theirs):
        return False
    wrong = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    return len(wrong) == 1 or (len(wrong) == 2 and wrong[0] == wrong[1][::-1])


def _same_size(site: Site, subject: Subject) -> str:
    """The quantization of the same recipe whose tensors leave a plausible header in these bytes."""
    name = site.variant.recipe or site.release.recipe
    recipe = site.architecture.recipes.get(name or "")
    for other in subject.sites:
        same = other.release_loc == site.release_loc and other.loc != site.loc
        if same and recipe and 0 < _spare(site, other) < most_header(site):
            return other.variant.quant
    return ""


def _spare(site: Site, other: Site) -> int:
    return site.file.weights.file_bytes - other.file.weights.tensor_bytes


def strange_headers(subject: Subject) -> Iterator[Hit]:
    """GGUF files whose header differs from those of their own ladder."""
    usual = _headers(subject)
    for site in subject.sites:
        if site.release.format is Container.GGUF and is_plausible(site):
            header = usual[_ladder(site)]
            if abs(site.header_bytes - header) > SIBLINGS:
                expected = site.file.weights.tensor_bytes + header
                message = (
                    f"these bytes leave {site.header_bytes:,} for the header; its siblings have "
                    f"{header:,}"
                )
                yield (*site.loc, "bytes"), message, f"did you mean {expected}?"


def unpadded(subject: Subject) -> Iterator[Hit]:
    """GGUF files whose size no GGUF file can have."""
    for site in subject.sites:
        rest = site.variant.bytes % ALIGNMENT
        if site.release.format is Container.GGUF and rest and is_plausible(site):
            message = f"{site.variant.bytes} is no multiple of {ALIGNMENT}, as GGUF files are"
            yield (*site.loc, "bytes"), message, "read the size at the source again"


def crossed_ladders(subject: Subject) -> Iterator[Hit]:
    """Files that are smaller than a lower quantization by the same publisher."""
    for ladder in _ladders(subject):
        by_bits = sorted(
            ((bits, site) for site in ladder if (bits := nominal_bits(site.variant.quant))),
            key=lambda item: (-item[0], item[1].loc[-1]),
        )
        for (bits, site), (lower_bits, lower) in pairwise(by_bits):
            smaller = site.variant.bytes < lower.variant.bytes
            if smaller and bits - lower_bits > BITS_APART:
                message = f"{site.variant.quant} is smaller than {lower.variant.quant}"
                yield (*site.loc, "bytes"), message, "check both sizes at the source"


def _ladders(subject: Subject) -> Iterator[list[Site]]:
    """The plausible files of each release."""
    ladders: dict[Loc, list[Site]] = {}
    for site in subject.sites:
        if is_plausible(site):
            ladders.setdefault(_ladder(site), []).append(site)
    yield from ladders.values()


RULES = (
    error(
        "bytes", "A file's bytes are its weight groups and a plausible header.", implausible_bytes
    ),
    warning("header", "GGUF headers of one ladder are alike.", strange_headers),
    warning("gguf-padding", f"A GGUF file is a multiple of {ALIGNMENT} bytes.", unpadded),
    warning("ladder", "A higher quantization is a larger file.", crossed_ladders),
)
