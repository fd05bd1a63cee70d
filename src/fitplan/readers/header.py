"""What a weight file's header says, whatever its format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fitplan.accounting.weights import Container, Tensor
from fitplan.readers.metadata import Metadata
from fitplan.readers.source import MAX_NAME, MAX_TENSORS, Source, path_error, shown


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


def tensor_name(raw: bytes, source: Source) -> str:
    """The name in `raw`; FitplanError when it is too long, not UTF-8 or not printable."""
    if len(raw) > MAX_NAME:
        raise source.error(f"a tensor's name is {len(raw)} bytes long; {MAX_NAME} are allowed")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise source.error(f"the tensor name {shown(raw)} is not UTF-8") from None
    return printable_name(name, source)


def printable_name(name: str, source: Source) -> str:
    """`name`, unless it is empty or holds control characters or the like."""
    if not name or not name.isprintable():
        raise source.error(f"the tensor name '{shown(name)}' is empty or not printable")
    return name


def check_count(count: int, what: str, source: Source) -> None:
    """FitplanError when a header claims more of something than any model has."""
    if count > MAX_TENSORS:
        raise source.error(f"claims {count} {what}; at most {MAX_TENSORS} are read")


def check_unique(names: Iterable[str], path: Path) -> None:
    """FitplanError when two tensors have the same name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise path_error(path, f"two tensors are called '{shown(name)}'", "download it again")
        seen.add(name)


def check_spans(spans: Sequence[Span], data_bytes: int, source: Source) -> None:
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
