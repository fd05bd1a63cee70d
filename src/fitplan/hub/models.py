"""The models of a repository on the hub, by their headers: what `readers` says of files on disk.

A folder with config.json is one model, shards are one, everything else is a model by itself; the
parts of a diffusers pipeline know the pipeline. The rules are those of `readers.folder`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from fitplan.accounting.file_names import FileSet, file_sets, folder_sets
from fitplan.errors import FitplanError
from fitplan.hub.address import Address
from fitplan.hub.headers_cache import HeadersCache
from fitplan.hub.listing import (
    RemoteFile,
    Repository,
    chosen,
    file_url,
    list_files,
    read_object,
)
from fitplan.hub.parallel import ask_all
from fitplan.hub.ranges import RangeFile, RangeSource
from fitplan.hub.transport import Hub
from fitplan.readers.declared import QUANTIZATION_CONFIG, Asked, declared_by
from fitplan.readers.files import file_model, read_headers, walk_header
from fitplan.readers.folder import folder_model, load_type_of, parts_of_pipeline
from fitplan.readers.header import Header
from fitplan.readers.json_file import MAX_CONFIG
from fitplan.readers.model import ModelFile
from fitplan.readers.source import path_error, shown

_CONFIG = "config.json"
_PIPELINE = "model_index.json"
_MAX_FILES = 500
"""Weight files of which headers are read at once; large repositories have some hundred."""


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """One model on the hub, read by its headers."""

    repository: Repository
    files: tuple[str, ...]
    """Paths of its weight files in the repository."""
    model: ModelFile
    folder: str | None = None
    """Path of its folder, when the folder is the model."""

    @property
    def name(self) -> str:
        """Its first file, or its folder."""
        return self.files[0] if self.folder is None else self.folder or self.repository.name


@dataclass(frozen=True, slots=True)
class RemoteProblem:
    """A model that can't be read."""

    repository: Repository
    path: Path
    error: FitplanError


Found = RemoteModel | RemoteProblem
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Unit:
    """Files that make one model."""

    files: tuple[str, ...]
    folder: str | None = None
    beside: tuple[str, ...] = ()
    """All weight files of its folder."""


class Reader:
    """Reads models through one connection and one cache."""

    def __init__(self, hub: Hub, cache: HeadersCache) -> None:
        self.hub = hub
        self.cache = cache

    def read(self, address: Address, on_progress: OnProgress) -> list[Found]:
        """The models that `address` means; FitplanError when the repository can't be listed."""
        return self.read_from(list_files(self.hub, address), on_progress)

    def read_from(self, repository: Repository, on_progress: OnProgress) -> list[Found]:
        """The models of a listed repository; those that can't be read don't hide the others."""
        units = list(_units(repository, chosen(repository)))
        files = [file for unit in units for file in unit.files]
        if len(files) > _MAX_FILES:
            hint = "name some of them: hf:OWNER/REPO:*Q5*.gguf"
            raise path_error(repository.path(""), f"holds over {_MAX_FILES} weight files", hint)
        answers = ask_all(files, partial(self._header, repository), on_progress)
        headers = dict(zip(files, answers, strict=True))
        found = [self._found(repository, unit, headers) for unit in units]
        return self._with_pipelines(repository, found)

    def _header(self, repository: Repository, file: str) -> Header:
        """The header of one file, from the cache or the hub."""
        path = repository.path(file)
        kept = self.cache.find(repository.name, repository.commit, file, path)
        if kept is not None and kept.file_bytes == repository.sizes.get(file):
            return kept
        header = self._read(repository, file, path)
        self.cache.keep(repository.name, repository.commit, file, header)
        return header

    def _read(self, repository: Repository, file: str, path: Path) -> Header:
        size = repository.sizes.get(file, 0)
        if size is None:
            raise path_error(path, "the hub doesn't say how large it is", "try another HF_ENDPOINT")
        if file not in repository.sizes:
            raise path_error(path, "this shard is missing", "choose a complete model")
        if size == 0:
            raise path_error(path, "is empty", "choose another file")
        subject = self.hub.subject(repository.name, str(path))
        url = file_url(self.hub, repository, file)
        return walk_header(RangeSource(RangeFile(self.hub, url, subject, size), path))

    def _found(
        self,
        repository: Repository,
        unit: _Unit,
        headers: Mapping[str, Header | FitplanError],
    ) -> Found:
        """One model from its headers, or why there is none."""
        names = {repository.path(file): file for file in unit.files}

        def header(path: Path) -> Header:
            answer = headers[names[path]]
            if isinstance(answer, FitplanError):
                raise answer
            return answer

        try:
            read = read_headers(list(names), header)
            model = (
                file_model(read) if unit.folder is None else self._folder(repository, unit, read)
            )
        except FitplanError as error:
            path = next(iter(names)) if unit.folder is None else repository.path(unit.folder)
            return RemoteProblem(repository, path, error)
        return RemoteModel(repository, unit.files, model, unit.folder)

    def _folder(self, repository: Repository, unit: _Unit, read: Sequence[Header]) -> ModelFile:
        folder = unit.folder or ""
        config = read_object(self.hub, repository, _below(folder, _CONFIG), MAX_CONFIG)
        name = _below(folder, QUANTIZATION_CONFIG)
        listed = name in repository.sizes
        own = read_object(self.hub, repository, name, MAX_CONFIG) if listed else {}
        asked = Asked(load_type_of(config), declared_by(config, own))
        beside = [repository.path(file) for file in unit.beside]
        return folder_model(repository.path(folder), beside, read, asked)

    def _with_pipelines(self, repository: Repository, found: list[Found]) -> list[Found]:
        """`found`, where the components of a pipeline know its family."""
        roots = {root for item in found if (root := _pipeline_root(repository, item)) is not None}
        for root in roots:
            index = read_object(self.hub, repository, _below(root, _PIPELINE), MAX_CONFIG)
            found = _as_parts(repository, found, root, str(index.get("_class_name", "")))
        return found


def _as_parts(
    repository: Repository, found: list[Found], root: str, class_name: str
) -> list[Found]:
    parts = [
        item
        for item in found
        if isinstance(item, RemoteModel) and _pipeline_root(repository, item) == root
    ]
    models = parts_of_pipeline(class_name, [item.model for item in parts])
    renewed = {id(old): replace(old, model=new) for old, new in zip(parts, models, strict=True)}
    return [renewed.get(id(item), item) for item in found]


def _pipeline_root(repository: Repository, item: Found) -> str | None:
    """The folder of the pipeline that `item` is a component of, if the address means all of it."""
    if isinstance(item, RemoteProblem) or not item.folder:
        return None
    root = _folder_of(item.folder)
    asked = repository.address.pattern
    whole = not asked or root == asked or root.startswith(f"{asked}/")
    return root if whole and _below(root, _PIPELINE) in repository.sizes else None


def _units(repository: Repository, files: Sequence[RemoteFile]) -> Iterator[_Unit]:
    """What of `files` makes one model each; folders count when the address doesn't name files."""
    names = {file.path for file in files}
    asked = repository.address
    by_folder = not asked.is_glob and asked.pattern not in names
    folders: dict[str, list[str]] = {}
    for name in sorted(names):
        folders.setdefault(_folder_of(name), []).append(PurePosixPath(name).name)
    for folder, inside in folders.items():
        loose = [name for name in inside if PurePosixPath(name).suffix.casefold() != ".gguf"]
        usual, own = folder_sets(loose)
        if by_folder and usual and _below(folder, _CONFIG) in repository.sizes:
            yield _folder_unit(folder, usual)
            inside = [
                name for name in inside if name not in loose or any(name in s.files for s in own)
            ]
        for found in file_sets(inside):
            yield _Unit(tuple(_below(folder, name) for name in found.all_files))


def _folder_unit(folder: str, usual: Sequence[FileSet]) -> _Unit:
    files = tuple(_below(folder, name) for name in usual[0].all_files)
    beside = tuple(_below(folder, name) for found in usual for name in found.files)
    return _Unit(files, folder, beside)


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def describe(found: RemoteModel) -> str:
    """`OWNER/NAME FILE`, by which a component of the catalog is recognised."""
    return shown(f"{found.repository.name} {found.name}")
