"""Rules on bytes: a file is its tensors and a header, and a ladder has its order."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

from fitplan.accounting.quantization import TENSOR_TYPES
from fitplan.accounting.weights import Container, Role
from fitplan.catalog.problems import Loc
from fitplan.questions.check.quants import nominal_bits
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Site, Subject
from fitplan.units import GB, GIB

WITH_TOKENIZER = 16_000_000
"""A GGUF header with the largest vocabulary and merges of today (about 8 MB), twice."""
WITH_SCALES = 2_000_000
"""Names of files of 8 bits and fewer, which have up to three tensors per matrix, and metadata."""
NAMES_ONLY = 500_000
"""About 80 bytes for each tensor's name, shape and place; FLUX.1 Dev takes 115,912."""
SIBLINGS = 512
"""GGUF headers of one publisher's ladder differ by a few keys of metadata."""
COUSINS = 16_384
"""GGUF headers of one architecture by different publishers: other metadata, or other tensors."""
ALIGNMENT = {Container.GGUF: 32, Container.SAFETENSORS: 8, Container.FOLDER: 8}
"""GGUF pads every tensor to `general.alignment`, which every known writer leaves at this; the
safetensors library pads headers with blanks."""
BITS_APART = 0.9
"""Between Q5 and Q4; K-quants of different sizes may cross within less."""


def most_header(site: Site) -> int:
    """The most bytes that a file of this kind and format has besides its tensors."""
    roles = {group.role for group in site.file.weights.groups}
    if site.release.format is Container.GGUF:
        return WITH_TOKENIZER if Role.TOKEN_EMBEDDING in roles else NAMES_ONLY
    scaled = Role.QUANT_STATE in roles or nominal_bits(site.variant.quant) <= 8
    return WITH_SCALES if scaled else NAMES_ONLY


def is_plausible(site: Site) -> bool:
    """Whether the stated bytes are the tensors and a header."""
    return 0 < site.header_bytes < most_header(site)


def implausible_bytes(subject: Subject) -> Iterator[Hit]:
    """Files whose bytes aren't their weight groups and a header."""
    headers = _headers(subject, _ladder)
    for site in subject.sites:
        if not is_plausible(site):
            size, tensors = site.file.weights.file_bytes, site.file.weights.tensor_bytes
            spare = site.header_bytes
            left = f"{-spare:,} too few" if spare < 0 else f"{spare:,} left over for a header"
            message = f"{size:,} bytes, but the tensors take {tensors:,}: {left}"
            yield (*site.loc, "bytes"), message, _cure(site, headers.get(_ladder(site), []))


def _ladder(site: Site) -> Loc:
    return site.release_loc


def _cousins(site: Site) -> Loc:
    return (site.component.architecture, site.release.format)


def _headers(subject: Subject, group_of: Callable[[Site], Loc]) -> dict[Loc, list[int]]:
    """The plausible headers of each group of files, in order."""
    found: dict[Loc, list[int]] = {}
    for site in subject.sites:
        if is_plausible(site):
            found.setdefault(group_of(site), []).append(site.header_bytes)
    return found


def _cure(site: Site, headers: Sequence[int]) -> str:
    size, tensors = site.file.weights.file_bytes, site.file.weights.tensor_bytes
    expected = tensors + (median_low(headers) if headers else 0)
    for is_it, cure in _SLIPS:
        if is_it(size, expected):
            return cure
    if headers and _is_digit_slip(size, expected):
        return f"did you mean {expected}?"
    if is_plausible(site):
        return "read the size at the source again"
    other = _same_size(site)
    if other:
        return f"these are the bytes of a {other}: check quant and bytes"
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


def _same_size(site: Site) -> str:
    """The quantization of the same recipe whose tensors leave a plausible header in these bytes."""
    recipe = site.architecture.recipes.get(site.variant.recipe or site.release.recipe or "")
    for quant, groups in recipe.quants.items() if recipe else ():
        spare = site.variant.bytes - sum(
            TENSOR_TYPES[name].bytes_for(n)
            for types in groups.values()
            for name, n in types.items()
        )
        if quant != site.variant.quant and 0 < spare < most_header(site):
            return quant
    return ""


def strange_headers(subject: Subject) -> Iterator[Hit]:
    """GGUF files whose header differs from those of their ladder, or else of their architecture."""
    siblings, cousins = _headers(subject, _ladder), _headers(subject, _cousins)
    for site in subject.sites:
        if site.release.format is Container.GGUF and is_plausible(site):
            alone = len(siblings[_ladder(site)]) == 1
            group, limit = (
                (cousins[_cousins(site)], COUSINS) if alone else (siblings[_ladder(site)], SIBLINGS)
            )
            header = median_low(group)
            if abs(site.header_bytes - header) > limit:
                expected = site.file.weights.tensor_bytes + header
                message = (
                    f"these bytes leave {site.header_bytes:,} for the header; its siblings have "
                    f"{header:,}"
                )
                yield (*site.loc, "bytes"), message, f"did you mean {expected}?"


def unpadded(subject: Subject) -> Iterator[Hit]:
    """Files whose size no file of their format can have."""
    headers = _headers(subject, _ladder)
    for site in subject.sites:
        gguf, unit = site.release.format is Container.GGUF, ALIGNMENT[site.release.format]
        padded = site.variant.bytes if gguf else site.header_bytes
        if padded % unit and is_plausible(site) and (gguf or site.header_bytes < NAMES_ONLY):
            what = "" if gguf else "a header of "
            message = f"{what}{padded:,} bytes: every {site.release.format} file pads it to {unit}"
            yield (*site.loc, "bytes"), message, _cure(site, headers[_ladder(site)])


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
    warning("padding", "A file is padded as its format is.", unpadded),
    warning("ladder", "A higher quantization is a larger file.", crossed_ladders),
)
