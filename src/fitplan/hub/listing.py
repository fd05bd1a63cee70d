"""What a repository on the hub holds at one commit: its files and their sizes.

The hub's API is asked as `HfApi.model_info(files_metadata=True)` asks it, but with a bound on the
answer. A mirror that leaves sizes out is asked for its tree, page by page.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urljoin

from fitplan.accounting.file_names import container_named
from fitplan.errors import FitplanError, file_error, unknown_name
from fitplan.hub import problems
from fitplan.hub.address import Address, is_commit
from fitplan.hub.problems import HubSubject
from fitplan.hub.transport import Hub, Reply
from fitplan.readers.json_walk import JsonText
from fitplan.readers.source import shown

MAX_ANSWER = 10 << 20
"""Bytes of one answer of the API; of 20,000 files it has some 7 MB to say."""
MAX_FILES = 20_000
_MAX_PAGES = 40
_MAX_PATH = 500
_MAX_SIZE = 2**53
_LINK = re.compile(r"<([^<>]*)>((?:[^<>\",]|\"[^\"]*\")*)")
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)', re.IGNORECASE)
_SAYS_NEXT = re.compile(r"rel\W*next", re.IGNORECASE)
_SMALLER = "name a smaller repository"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository."""

    path: str
    size: int | None
    """Bytes; None when the hub doesn't say."""

    @property
    def is_weights(self) -> bool:
        """Whether its name is that of a file of weights."""
        return container_named(PurePosixPath(self.path).name) is not None


@dataclass(frozen=True)
class Repository:
    """A repository at one commit."""

    address: Address
    """As it was asked for."""
    commit: str
    date: str
    """Day of its last change, `YYYY-MM-DD`; "" when the hub doesn't say."""
    files: tuple[RemoteFile, ...]
    now_called: str = ""
    """What the hub calls it, when that isn't what it was asked for."""

    @property
    def name(self) -> str:
        """`OWNER/NAME`, as asked for."""
        return self.address.repository

    def path(self, file: str) -> Path:
        """A file or folder of it as a path that users can write, too: `hf:OWNER/NAME/FILE`."""
        return Path(str(Address(self.name, self.address.revision)), file)

    @cached_property
    def sizes(self) -> Mapping[str, int | None]:
        """Path → bytes of all files."""
        return {file.path: file.size for file in self.files}

    @property
    def wanted(self) -> tuple[RemoteFile, ...]:
        """The weight files that the address means."""
        return tuple(f for f in self.files if f.is_weights and self.address.matches(f.path))


def list_files(hub: Hub, address: Address) -> Repository:
    """The repository of `address` as it is now; FitplanError when there is none, or none for us."""
    subject = hub.subject(address.repository, str(Address(address.repository, address.revision)))
    revision = quote(address.revision, safe="")
    url = f"{hub.endpoint}/api/models/{address.repository}/revision/{revision}?blobs=true"
    info = _info(_get(hub, url, subject), subject)
    if not isinstance(info.commit, str) or not is_commit(info.commit):
        raise problems.lie(subject, "the server doesn't say which commit that is")
    files = info.files
    if any(file.size is None and file.is_weights for file in files):
        files = tuple(_tree(hub, address.repository, info.commit, subject))
    date = str(info.date)[:10]
    renamed = _new_name(info.id, address.repository)
    return Repository(address, info.commit, date if _DAY.fullmatch(date) else "", files, renamed)


@dataclass(frozen=True, slots=True)
class _RepositoryInfo:
    """What the API says of a repository, of whatever type that is, and its files."""

    files: tuple[RemoteFile, ...]
    commit: Any = None
    date: Any = None
    id: Any = None


_FIELDS = {"sha": "commit", "lastModified": "date", "id": "id"}


def _info(reply: Reply, subject: HubSubject) -> _RepositoryInfo:
    walk = _walk(reply, subject)
    files: tuple[RemoteFile, ...] | None = None
    fields: dict[str, Any] = {}
    for raw_key in walk.members():
        key = walk.decoded(raw_key)
        if key == "siblings":
            files = tuple(_files(walk, "rfilename", subject))
        elif key in _FIELDS:
            fields[_FIELDS[key]] = walk.value()
        else:
            walk.skip()
    walk.end()
    if files is None:
        raise problems.lie(subject, "the server doesn't list the repository's files")
    return _RepositoryInfo(files, **fields)


def _new_name(id: Any, asked: str) -> str:
    other = isinstance(id, str) and id.isprintable() and id.casefold() != asked.casefold()
    return str(id)[:200] if other else ""


def chosen(repository: Repository) -> tuple[RemoteFile, ...]:
    """The weight files that the address means, at least one; FitplanError when it means none."""
    wanted = repository.wanted
    if wanted:
        return wanted
    known = [file.path for file in repository.files if file.is_weights]
    if repository.address.pattern and known:
        near = unknown_name(f"file of {repository.name}", repository.address.pattern, known)
        raise file_error(near.message, near.hint)
    message = f"{repository.address}: holds no GGUF or safetensors files"
    raise file_error(message, "name a repository with weights")


def file_url(hub: Hub, repository: Repository, path: str) -> str:
    """Where a file of that very commit is downloaded."""
    return f"{hub.endpoint}/{repository.name}/resolve/{repository.commit}/{quote(path)}"


def read_object(hub: Hub, repository: Repository, path: str, most: int) -> dict[str, Any]:
    """A small JSON object of a repository, such as config.json."""
    subject = hub.subject(repository.name, f"hf:{repository.name}:{path}")
    reply = _get(hub, file_url(hub, repository, path), subject, most)
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise problems.lie(subject, "the server's answer is not valid JSON") from None
    if not isinstance(content, dict):
        raise problems.lie(subject, "the server's answer is not a JSON object")
    return content


def _get(hub: Hub, url: str, subject: HubSubject, most: int = MAX_ANSWER) -> Reply:
    def accept(status: int, headers: Mapping[str, str]) -> int:
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:18]) > most:
            raise problems.lie(subject, f"the server's answer is over {most >> 20} MiB long")
        return most

    return hub.get(url, subject, accept)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Reports what is wrong with the JSON of an answer."""

    subject: HubSubject

    def malformed(self, message: str, at: int) -> FitplanError:
        return problems.lie(self.subject, f"the server's answer {message} (byte {at})")

    def beyond(self, message: str, most: object) -> FitplanError:
        return self.subject.error(f"{message}; fitplan's limit is {most}", _SMALLER)


def _walk(reply: Reply, subject: HubSubject) -> JsonText:
    """A walk through the JSON of an answer; FitplanError when it is not text."""
    try:
        reply.body.decode("utf-8")
    except UnicodeDecodeError:
        raise problems.lie(
            subject, "the server's answer is not valid JSON: it is not UTF-8"
        ) from None
    return JsonText(reply.body, _Answer(subject))


def _tree(hub: Hub, name: str, commit: str, subject: HubSubject) -> Iterator[RemoteFile]:
    """The files of a repository's tree, with its sizes."""
    url = f"{hub.endpoint}/api/models/{name}/tree/{commit}?recursive=true&expand=false"
    asked: set[str] = set()
    found = 0
    while url:
        asked.add(url)
        reply = _get(hub, url, subject)
        walk = _walk(reply, subject)
        for file in _files(walk, "path", subject):
            yield file
            found += 1
            _check_count(found, subject)
        walk.end()
        url = _next_page(hub, url, reply.headers, subject)
        if url in asked or len(asked) > _MAX_PAGES:
            raise problems.lie(subject, "the server's listing has no last page")


def _next_page(hub: Hub, url: str, headers: Mapping[str, str], subject: HubSubject) -> str:
    """Where the next page of a listing is; "" when there is none.

    FitplanError when the server says that there is one, but not where on this host.
    """
    link = headers.get("link", "")
    found = [part[1] for part in _LINK.finditer(link) if _NEXT.search(part[2])]
    if not found:
        if _SAYS_NEXT.search(link):
            raise problems.lie(subject, "the server's Link to the next page is malformed")
        return ""
    try:
        following = urljoin(url, str(found[0]))
    except ValueError:
        following = ""
    if not hub.is_own(following):
        raise problems.lie(subject, "the server's listing goes on at another host")
    return following


def _check_count(count: int, subject: HubSubject) -> None:
    if count > MAX_FILES:
        raise _Answer(subject).beyond(f"lists over {MAX_FILES} files", MAX_FILES)


def _files(walk: JsonText, key: str, subject: HubSubject) -> Iterator[RemoteFile]:
    """The files in the list that is next; folders are left out."""
    for count, _ in enumerate(walk.items(), 1):
        _check_count(count, subject)
        entry = walk.value()
        if isinstance(entry, dict) and entry.get("type", "file") == "file":
            yield _file(entry, key, subject)
        elif not isinstance(entry, dict):
            raise problems.lie(subject, "the server lists something that is not a file")


def _file(entry: Mapping[str, Any], key: str, subject: HubSubject) -> RemoteFile:
    path = entry.get(key)
    if not isinstance(path, str) or not _is_path(path):
        raise problems.lie(subject, f"the server lists a file called '{shown(path)}'")
    size = entry.get("size")
    known = type(size) is int and 0 <= size < _MAX_SIZE
    return RemoteFile(path, size if known else None)


def _is_path(path: str) -> bool:
    """Whether `path` stays inside the repository and can be shown as it is."""
    parts = path.split("/")
    usable = path.isprintable() and 0 < len(path) <= _MAX_PATH and "\\" not in path
    return usable and not {"", ".", ".."} & set(parts)
