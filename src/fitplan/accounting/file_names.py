"""What files' names say: their container, and which of a folder's weight files belong together.

`STEM[.VARIANT][-NUMBER-of-TOTAL][.VARIANT].EXT`: transformers writes a variant behind the shard's
number (`model-00001-of-00002.fp16.safetensors`), diffusers wrote it before
(`model.fp16-00001-of-00002.safetensors`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from fitplan.accounting.weights import Container

EXTENSIONS: Mapping[str, Container] = {
    ".gguf": Container.GGUF,
    ".safetensors": Container.SAFETENSORS,
    ".sft": Container.SAFETENSORS,
}
"""Extensions of weight files in lower case, the one such table; any case is accepted."""


def container_named(name: str) -> Container | None:
    """The container that a file's name says it has; None when it isn't that of a weight file.

    `._NAME` is what macOS keeps beside a file on foreign file systems, and never the file.
    """
    if name.startswith("._"):
        return None
    return EXTENSIONS.get(PurePath(name).suffix.casefold())


USUAL_STEMS = ("model", "diffusion_pytorch_model", "pytorch_model")
"""What from_pretrained looks for, in this order; any other name is a model of its own."""

_NAME = re.compile(
    r"(?P<stem>.*?)(?:-(?P<number>\d{5,6})-of-(?P<total>\d{5,6}))?(?P<end>(?:\.[^.\-]+)?\.[^.]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class FileSet:
    """One file, or the shards of one model that are there."""

    stem: str
    """What the name begins with: usually one of `USUAL_STEMS`."""
    variant: str
    """`fp16` and the like; "" for none."""
    files: tuple[str, ...]
    """Names, shards in order."""
    missing: tuple[str, ...] = ()
    """Names of the shards that are not there."""

    @property
    def all_files(self) -> tuple[str, ...]:
        """Names of all its files, those that are not there too."""
        return tuple(sorted((*self.files, *self.missing)))

    @property
    def usual(self) -> bool:
        """Whether from_pretrained would find it in a folder with config.json."""
        return self.stem in USUAL_STEMS

    @property
    def rank(self) -> tuple[bool, bool, int, int, str]:
        """What a loader takes first: whole before partial sets, no variant before variants."""
        usual = USUAL_STEMS.index(self.stem) if self.usual else len(USUAL_STEMS)
        return bool(self.missing), bool(self.variant), usual, len(self.files), self.files[0]


def file_sets(names: Iterable[str]) -> list[FileSet]:
    """The files of `names` that make one model each, ordered by their first name."""
    shards: dict[tuple[str, str, str], dict[int, str]] = {}
    sets: list[FileSet] = []
    for name in sorted(names):
        found = _NAME.fullmatch(name)
        if found is None or found["number"] is None or not _possible(found):
            sets.append(_single(name, found))
        else:
            key = (found["stem"], found["total"], found["end"])
            shards.setdefault(key, {})[int(found["number"])] = name
    sets += [_sharded(key, present) for key, present in shards.items()]
    return sorted(sets, key=lambda item: item.files[0])


def folder_sets(names: Iterable[str]) -> tuple[list[FileSet], list[FileSet]]:
    """Of a folder with config.json: the sets its model may be, best first, and all others."""
    sets = file_sets(names)
    return sorted((s for s in sets if s.usual), key=lambda s: s.rank), [
        s for s in sets if not s.usual
    ]


def is_usual(name: str) -> bool:
    """Whether from_pretrained would take a file called so for a folder's model."""
    return file_sets([name])[0].usual


def _possible(found: re.Match[str]) -> bool:
    return 1 <= int(found["number"]) <= int(found["total"]) <= 999


def _single(name: str, found: re.Match[str] | None) -> FileSet:
    if found is None:
        return FileSet(name, "", (name,))
    stem, variant = _variant(found["stem"], found["end"])
    return FileSet(stem, variant, (name,))


def _sharded(key: tuple[str, str, str], present: Mapping[int, str]) -> FileSet:
    stem, variant = _variant(key[0], key[2])
    wide = len(key[1])
    expected = {i: f"{key[0]}-{i:0{wide}}-of-{key[1]}{key[2]}" for i in range(1, int(key[1]) + 1)}
    missing = tuple(name for number, name in expected.items() if number not in present)
    return FileSet(stem, variant, tuple(present[i] for i in sorted(present)), missing)


def _variant(stem: str, end: str) -> tuple[str, str]:
    """The usual stem and the variant that stands before or behind a shard's number."""
    behind = end.rpartition(".")[0].removeprefix(".")
    before, dot, after = stem.partition(".")
    if dot and before in USUAL_STEMS and not behind:
        return before, after
    return (stem, behind) if stem in USUAL_STEMS else (f"{stem}{end.rpartition('.')[0]}", "")
