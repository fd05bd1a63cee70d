"""The words of a model's name, however it is written: FLUX.2 Klein 4B, flux-2-klein-4b.gguf."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from fitplan.catalog.schema import CatalogFile, Component

Words = frozenset[str]

_SPELLINGS = (
    (re.compile(r"stable[-_ ]?diffusion"), "sd"),
    (re.compile(r"\bsd[-_ ]?v?1[-._]?5(?!\d)"), "sd1.5"),
    (re.compile(r"\bsd[-_ ]?xl"), "sdxl"),
)
_WORD = re.compile(
    r"\d+(?:\.\d+)?b(?![a-z])"  # 4b, 0.6b: a size
    r"|[a-z]+[-_. ]\d(?:\.\d)?(?![\d.]*[a-z]|\d)"  # flux.2: a name's number
    r"|[a-z]+\d(?:\.\d)?(?![\d.]*b(?![a-z])|\d)"  # sd3.5, t5xxl
    r"|[a-z]+|\d+"
)
_SEPARATORS = re.compile(r"[-_ ]|\.(?!\d)|(?<=[a-z])\.")


@cache
def words_of(text: str) -> Words:
    """The words of a name, id, address or file name; a number belongs to the letters before it."""
    folded = text.casefold()
    for pattern, spelling in _SPELLINGS:
        folded = pattern.sub(spelling, folded)
    return frozenset(_bare(word) for word in _WORD.findall(folded))


def _bare(word: str) -> str:
    bare = _SEPARATORS.sub("", word)
    return bare.replace(".", "") if bare.endswith("b") and bare[0].isdigit() else bare


@dataclass(frozen=True)
class Vocabulary:
    """What the components of one kind are called, and which of them a text is about."""

    names: Mapping[str, tuple[Words, Words]]
    """Component id → the words of its id and of its name."""
    finetuned: bool = True
    """Whether components are made of others, and called as their makers like."""

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        """Word → how many components have it."""
        counts: dict[str, int] = {}
        for pair in self.names.values():
            for word in pair[0] | pair[1]:
                counts[word] = counts.get(word, 0) + 1
        return counts

    def closer(self, id: str, text: Words) -> str:
        """Another component that `text` names better than the component `id`; "" when none.

        A text without any word of this vocabulary names nothing. A component whose own words
        are nowhere else, nor in the text, may be anything: a finetune called after nothing. One
        that the text names in full is only outdone by a longer name: FLUX.2 Klein 4B *Base*; one
        that has every word of the text, only by a name that the text has in full.
        """
        said = text & self._counts.keys()
        own = self.names[id][0] | self.names[id][1]
        unheard = any(self._counts[word] == 1 for word in own) and self.finetuned
        if not said or (unheard and not own & said):
            return ""
        best = min(self.names, key=lambda other: (self._distance(other, said), other != id))
        named = any(words <= said for words in self.names[best])
        if not named and any(said <= words for words in self.names[id]):
            return ""
        full = [words for words in self.names[id] if words <= said]
        longer = any(words > named for words in self.names[best] for named in full)
        return best if best != id and (longer or not full) else ""

    def _distance(self, id: str, said: Words) -> int:
        return min(len(said ^ words) for words in self.names[id])


def vocabulary(components: Mapping[str, Component], kind: str) -> Vocabulary:
    """The words of all components of one kind."""
    return Vocabulary(
        {
            id: (words_of(id) - {kind}, words_of(component.name) - {kind})
            for id, component in components.items()
            if component.kind == kind
        },
        finetuned=kind == "denoiser",
    )


def vocabulary_of_ids(ids: Iterable[str]) -> Vocabulary:
    """The words of ids alone."""
    return Vocabulary({id: (words_of(id), words_of(id)) for id in ids})


def pipelines_named(file: CatalogFile, text: Words) -> tuple[str, ...]:
    """The pipelines that a text names with all their words, and with the most; () when none."""
    found = dict(_named(file, text))
    most = max(found.values(), default=0)
    return tuple(id for id, size in found.items() if size == most)


def _named(file: CatalogFile, text: Words) -> Iterator[tuple[str, int]]:
    for id, pipeline in file.pipelines.items():
        sizes = [len(words) for words in _both(id, pipeline.name) if words and words <= text]
        if sizes:
            yield id, max(sizes)


def _both(id: str, name: str) -> Iterable[Words]:
    return words_of(id), words_of(name)
