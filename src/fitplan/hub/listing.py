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
from fitplan.errors import file_error, unknown_name
from fitplan.hub import problems
from fitplan.hub.address import Address, is_commit
from fitplan.hub.problems import Subject
from fitplan.hub.transport import Hub, Reply
from fitplan.readers.source import shown

MAX_ANSWER = 16 << 20
"""Bytes of one answer of the API."""
MAX_FILES = 20_000
_MAX_PAGES = 40
_MAX_PATH = 500
_MAX_SIZE = 2**53
_NEXT_PAGE = re.compile(r'<([^<>]+)>;\s*rel="?next"?')
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
    info = _object(_json(_get(hub, url, subject), subject), subject)
    commit = info.get("sha")
    if not isinstance(commit, str) or not is_commit(commit):
        raise problems.lie(subject, "the server doesn't say which commit that is")
    files = tuple(_siblings(info.get("siblings"), subject))
    if any(file.size is None and file.is_weights for file in files):
        files = tuple(_tree(hub, address.repository, commit, subject))
    date = str(info.get("lastModified", ""))[:10]
    renamed = _new_name(info.get("id"), address.repository)
    return Repository(address, commit, date if _DAY.fullmatch(date) else "", files, renamed)


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
    return _object(_json(reply, subject), subject)


def _get(hub: Hub, url: str, subject: Subject, most: int = MAX_ANSWER) -> Reply:
    def accept(status: int, headers: Mapping[str, str]) -> int:
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:18]) > most:
            raise problems.lie(subject, f"the server's answer is over {most >> 20} MiB long")
        return most

    return hub.get(url, subject, accept)


def _json(reply: Reply, subject: Subject) -> Any:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        raise problems.lie(subject, "the server's answer is no JSON") from None


def _object(content: Any, subject: Subject) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise problems.lie(subject, "the server's answer is no JSON object")
    return content


def _siblings(content: Any, subject: Subject) -> Iterator[RemoteFile]:
    """The files of a model's info."""
    yield from _files(content, "rfilename", subject)


def _tree(hub: Hub, name: str, commit: str, subject: Subject) -> Iterator[RemoteFile]:
    """The files of a repository's tree, with its sizes."""
    url = f"{hub.endpoint}/api/models/{name}/tree/{commit}?recursive=true&expand=false"
    found = 0
    for _ in range(_MAX_PAGES):
        reply = _get(hub, url, subject)
        entries = _json(reply, subject)
        files = [e for e in entries if isinstance(e, dict) and e.get("type") == "file"]
        found += len(files)
        if found > MAX_FILES:
            break
        yield from _files(files, "path", subject)
        following = _NEXT_PAGE.search(reply.headers.get("link", ""))
        if following is None:
            return
        url = urljoin(url, following[1])
        if not hub.is_own(url):
            raise problems.lie(subject, "the server's listing goes on at another host")
    raise subject.error(f"lists over {MAX_FILES} files", "name a smaller repository")


def _files(content: Any, key: str, subject: Subject) -> Iterator[RemoteFile]:
    if not isinstance(content, list) or len(content) > MAX_FILES:
        raise problems.lie(subject, "the server doesn't list the repository's files")
    for entry in content:
        path = entry.get(key) if isinstance(entry, dict) else None
        if not isinstance(path, str) or not _is_path(path):
            raise problems.lie(subject, f"the server lists a file called '{shown(path)}'")
        size = entry.get("size")
        known = type(size) is int and 0 <= size < _MAX_SIZE
        yield RemoteFile(path, size if known else None)


def _is_path(path: str) -> bool:
    """Whether `path` stays inside the repository and can be shown as it is."""
    parts = path.split("/")
    usable = path.isprintable() and 0 < len(path) <= _MAX_PATH and "\\" not in path
    return usable and not {"", ".", ".."} & set(parts)
