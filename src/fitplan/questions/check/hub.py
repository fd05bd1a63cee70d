"""The catalog's files against the hub: which are gone, renamed or changed there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from fitplan.accounting.file_names import container_named, folder_sets
from fitplan.accounting.weights import NOT_PARAMETERS, Container, WeightFile, WeightGroup
from fitplan.catalog import PublishedFile
from fitplan.errors import FitplanError
from fitplan.hub.address import Address, is_remote, parse
from fitplan.hub.listing import Repository, list_files
from fitplan.hub.models import Reader, RemoteModel
from fitplan.hub.parallel import ask_all
from fitplan.hub.problems import MissingError

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Same:
    """The hub has these bytes, in these weight groups."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The file is there, but isn't what the catalog says."""

    what: str
    file_bytes: int
    """Its bytes on the hub."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The same bytes are there under another name."""

    to: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Neither the name nor the bytes are there any more, or the repository isn't."""

    what: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """Unknown: gated, no file name recorded, a server in trouble."""

    error: FitplanError | None
    why: str


Verdict = Same | Changed | Renamed | Gone | Unverified


@dataclass(frozen=True, slots=True)
class Compared:
    """One file of the catalog and what became of it."""

    file: PublishedFile
    verdict: Verdict
    repository: Repository | None = None


def compare(
    reader: Reader,
    files: Iterable[PublishedFile],
    on_progress: OnProgress,
    *,
    headers: bool = True,
) -> list[Compared]:
    """What became of those of `files` that have an address on the hub, in their order.

    With `headers` the weight groups are compared too, which takes some ten kB per file.
    """
    asked = list(_on_hub(files, reader.hub.endpoint))
    names = list(dict.fromkeys(address.repository for _, address in asked))
    listed = ask_all(names, lambda name: list_files(reader.hub, Address(name)), lambda *_: None)
    repositories = dict(zip(names, listed, strict=True))
    look = partial(_compared, reader, repositories, headers=headers)
    answers = ask_all(asked, look, on_progress)
    return [
        Compared(file, Unverified(answer, answer.message))
        if isinstance(answer, FitplanError)
        else answer
        for (file, _), answer in zip(asked, answers, strict=True)
    ]


def _on_hub(
    files: Iterable[PublishedFile], endpoint: str
) -> Iterator[tuple[PublishedFile, Address]]:
    for file in files:
        address = _address(file.url, endpoint)
        if address is not None:
            yield file, address


def _address(url: str | None, endpoint: str) -> Address | None:
    """Where a file is on the hub; None for an address elsewhere."""
    if url is None or not is_remote(url):
        return None
    try:
        return parse(url, endpoint)
    except FitplanError:
        return None


def _compared(
    reader: Reader,
    repositories: Mapping[str, Repository | FitplanError],
    asked: tuple[PublishedFile, Address],
    *,
    headers: bool,
) -> Compared:
    file, address = asked
    listed = repositories[address.repository]
    if isinstance(listed, FitplanError):
        return Compared(file, _no_repository(listed))
    verdict = _by_listing(file, listed)
    if isinstance(verdict, str):
        verdict = _by_header(reader, file, listed, verdict) if headers else Same()
    return Compared(file, verdict, listed)


def _no_repository(error: FitplanError) -> Verdict:
    if isinstance(error, MissingError):
        return Gone("its repository is gone, or private now")
    return Unverified(error, error.message)


def _by_listing(file: PublishedFile, listed: Repository) -> str | Verdict:
    """The path of the file when its bytes are as catalogued; otherwise the verdict."""
    if listed.now_called:
        return Renamed(f"repository {listed.now_called}")
    if file.file is None:
        return Unverified(None, "the catalog records no file name")
    wanted = file.weights.file_bytes
    path = _find(file.file, _sizes(file.weights, listed))
    if path is not None:
        found = _sizes(file.weights, listed)[path]
        return path if found == wanted else Changed(_difference(wanted, found), found)
    same = [path for path, size in _sizes(file.weights, listed).items() if size == wanted]
    return Renamed(same[0]) if same else Gone(f"no {file.file} in {listed.name}")


def _difference(catalogued: int, found: int) -> str:
    return f"{catalogued:,} bytes in the catalog, {found:,} on the hub"


def _sizes(weights: WeightFile, listed: Repository) -> dict[str, int]:
    """Path → bytes of what the file may be: weight files, or folders of them."""
    sizes = {f.path: f.size for f in listed.files if f.is_weights and f.size is not None}
    if weights.container is not Container.FOLDER:
        return sizes
    folders: dict[str, dict[str, int]] = {}
    for path, size in sizes.items():
        folder, _, name = path.rpartition("/")
        if container_named(name) is Container.SAFETENSORS:
            folders.setdefault(folder, {})[name] = size
    return {folder: _loaded(files) for folder, files in folders.items()}


def _loaded(sizes: Mapping[str, int]) -> int:
    """Bytes of those files of a folder that a loader takes; `sizes` by file name."""
    usual, others = folder_sets(sizes)
    return sum(sizes[name] for name in (usual or others)[0].files)


def _find(name: str, paths: Iterable[str]) -> str | None:
    """`name` itself, else the only path that ends in it."""
    known = list(paths)
    ending = [path for path in known if path.endswith(f"/{name}")]
    return name if name in known else ending[0] if len(ending) == 1 else None


def _by_header(reader: Reader, file: PublishedFile, listed: Repository, path: str) -> Verdict:
    """Weight groups, where the catalog knows them exactly."""
    if file.cache_error_bytes:
        return Same()
    address = replace(listed.address, pattern=path)
    found = reader.read_from(replace(listed, address=address), lambda *_: None)
    models = [item for item in found if isinstance(item, RemoteModel)]
    if len(found) != 1 or not models:
        errors = [item.error for item in found if not isinstance(item, RemoteModel)]
        return Unverified(errors[0] if errors else None, "its header can't be read")
    return _by_groups(file.weights, models[0].model.weights)


def _by_groups(catalogued: WeightFile, found: WeightFile) -> Verdict:
    ours, theirs = _elements(catalogued), _elements(found)
    for type in sorted({*ours, *theirs}):
        if ours.get(type, 0) != theirs.get(type, 0):
            what = f"{ours.get(type, 0):,} elements of {type} in the catalog"
            return Changed(f"{what}, {theirs.get(type, 0):,} on the hub", found.file_bytes)
    return Same()


def _elements(weights: WeightFile) -> dict[str, int]:
    """Tensor type → elements that are weights."""
    sums: dict[str, int] = {}
    for group in _held(weights):
        sums[group.type] = sums.get(group.type, 0) + group.elements
    return sums


def _held(weights: WeightFile) -> Sequence[WeightGroup]:
    return [group for group in weights.groups if group.role not in NOT_PARAMETERS]
