"""What a weight file's header says, whatever its format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fitplan.accounting.weights import Container, Tensor
from fitplan.readers.metadata import Metadata
from fitplan.readers.source import MAX_NAME, MAX_TENSORS, ByteSource, path_error, shown

MAX_NAMES = 32 << 20
"""Bytes of all names of one file's tensors."""
MAX_ENTRIES = 1 << 18
"""Metadata entries of one file."""
MAX_AXES = 16
"""Axes of one tensor."""


@dataclass(frozen=True, slots=True)
class Header:
    """Tensors of one file and what else the planner needs of its header."""

    path: Path
    container: Container
    file_bytes: int
    tensors: tuple[Tensor, ...]
    file_type: int = -1
    """GGUF's `general.file_type`; -1 when the file has none."""
    metadata: Metadata = field(default_factory=dict)
    """What recognition needs of its metadata, such as `general.architecture`; see `metadata`."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where one tensor's data lies: bytes from the start of the data, end exclusive."""

    begin: int
    end: int
    name: str


class Names:
    """The names of one file's tensors as they come: each once, not too many, not too long."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._seen: set[str] = set()
        self._bytes = 0

    def take(self, name: str) -> None:
        """FitplanError when `name` was there before, or a limit is reached."""
        if name in self._seen:
            raise self._source.error(f"two tensors are called '{shown(name)}'")
        self._seen.add(name)
        self._bytes += len(name.encode("utf-8"))
        check_count(len(self._seen), "tensors", self._source)
        if len(name) > MAX_NAME:
            raise self._source.beyond(f"has a name of {len(name)} letters", MAX_NAME)
        if self._bytes > MAX_NAMES:
            raise self._source.beyond("has longer names", f"{MAX_NAMES >> 20} MiB in all")
        if not name.isprintable():
            what = f"has a tensor called '{shown(name)}'"
            raise self._source.beyond(what, "names of printable letters")


def check_count(count: int, what: str, source: ByteSource) -> None:
    """FitplanError when a header claims more of something than fitplan reads."""
    if count > MAX_TENSORS:
        raise source.beyond(f"has {count} {what}", MAX_TENSORS)


def check_unique(names: Iterable[str], path: Path) -> None:
    """FitplanError when two tensors have the same name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise path_error(path, f"two tensors are called '{shown(name)}'", "download it again")
        seen.add(name)


def check_spans(spans: Sequence[Span], data_bytes: int, source: ByteSource) -> None:
    """FitplanError when tensor data reaches past the file's end or overlaps."""
    previous = Span(0, 0, "")
    for span in sorted(spans, key=lambda span: (span.begin, span.end)):
        if span.begin < previous.end:
            both = f"'{shown(previous.name)}' and '{shown(span.name)}'"
            raise source.error(f"the data of {both} overlap")
        if span.end > data_bytes:
            missing = span.end - data_bytes
            raise source.error(f"ends {missing} bytes before the data of '{shown(span.name)}' does")
        previous = span
