"""Compare our header readers with the reference libraries on a user's own file.

The libraries are slower (a text encoder's tokenizer takes gguf seconds) and map the whole file, so
fitplan has its own readers.
The figures can be checked independently: `fitplan verify` reads the same header with both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fitplan.accounting.file_names import container_named
from fitplan.accounting.weights import Container, Tensor
from fitplan.machine.paths import is_folder
from fitplan.readers.files import read_header, shards
from fitplan.readers.source import path_error


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reference library says of one file."""

    path: Path
    library: str
    """Its name and version."""
    tensors: int
    """Tensors that both read."""
    differences: tuple[str, ...]
    """Tensors that only one of them has, or that differ in shape or type."""


def verify(path: Path) -> list[Verdict]:
    """Compare every weight file at `path`; FitplanError when one can't be read by us or by them."""
    return [_verify_file(file) for file in _files(path)]


def _files(path: Path) -> list[Path]:
    if not is_folder(path):
        return shards(path)
    found = sorted(file for file in path.rglob("*") if container_named(file.name))
    if not found:
        raise path_error(path, "holds no weight files", "give a GGUF or safetensors file")
    return found


def _verify_file(path: Path) -> Verdict:
    header = read_header(path)
    packed = header.container is Container.GGUF
    library, theirs = _read_gguf(path) if packed else _read_safetensors(path)
    differences = tuple(_differences(header.tensors, theirs))
    return Verdict(path, library, len(header.tensors), differences)


def _read_gguf(path: Path) -> tuple[str, list[Tensor]]:
    from importlib.metadata import version

    from gguf import GGUFReader

    try:
        found = GGUFReader(path).tensors
    except Exception as error:
        raise path_error(path, f"gguf can't read it: {error}", "the file may be damaged") from None
    tensors = [
        Tensor(t.name, tuple(int(n) for n in reversed(t.shape)), t.tensor_type.name) for t in found
    ]
    return f"gguf {version('gguf')}", tensors


def _read_safetensors(path: Path) -> tuple[str, list[Tensor]]:
    from safetensors import SafetensorError, __version__, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            tensors = [
                Tensor(name, tuple(part.get_shape()), part.get_dtype())
                for name, part in slices.items()
            ]
    except (SafetensorError, OSError) as error:
        message = f"safetensors can't read it: {error}"
        raise path_error(path, message, "the file may be damaged") from None
    return f"safetensors {__version__}", tensors


def _differences(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> Iterator[str]:
    mine = {tensor.name: tensor for tensor in ours}
    reference = {tensor.name: tensor for tensor in theirs}
    for name in sorted(mine.keys() | reference.keys()):
        if mine.get(name) != reference.get(name):
            yield f"{name}: we read {mine.get(name)}, they read {reference.get(name)}"
