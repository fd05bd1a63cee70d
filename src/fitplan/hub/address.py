"""What people write to name files on the hub: `hf:OWNER/REPO[@REVISION][:FILE]`, pasted addresses.

Pure: nothing here asks the network. A pasted address counts when its host is the hub's, or that of
the endpoint in use.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from fitplan.errors import FitplanError, usage_error

MAIN = "main"
HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})

_NAME = r"[A-Za-z0-9](?:[\w.\-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(rf"{_NAME}/{_NAME}", re.ASCII)
_REVISION = re.compile(r"[\w.\-/+]{1,200}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAMED_REF = re.compile(r"(refs/(?:pr|convert)/[^/]+|[^/]+)(?:/(.*))?", re.DOTALL)
_VIEWS = frozenset({"blob", "resolve", "tree", "raw"})
_NOT_MODELS = frozenset({"datasets", "spaces", "collections", "papers", "docs", "api", "models"})
_MAX_ADDRESS = 2_000
_HINT = "write hf:OWNER/REPO, hf:OWNER/REPO@REVISION or hf:OWNER/REPO:FILE (or *Q5*.gguf)"


@dataclass(frozen=True, slots=True)
class Address:
    """A repository of models, and which of its files."""

    repository: str
    """`OWNER/NAME`."""
    revision: str = MAIN
    """Branch, tag or commit."""
    pattern: str = ""
    """A file's path, a folder's, or a glob; "" for all files."""

    def __str__(self) -> str:
        revision = "" if self.revision == MAIN else f"@{self.revision}"
        return f"hf:{self.repository}{revision}{f':{self.pattern}' if self.pattern else ''}"

    @property
    def is_glob(self) -> bool:
        """Whether the pattern may mean several files by its own words."""
        return any(mark in self.pattern for mark in "*?[")

    def matches(self, path: str) -> bool:
        """Whether the pattern means the file at `path` in the repository."""
        if not self.pattern or path == self.pattern:
            return True
        if self.is_glob:
            name = path.rpartition("/")[2]
            return fnmatchcase(path, self.pattern) or fnmatchcase(name, self.pattern)
        return path.startswith(f"{self.pattern.rstrip('/')}/")


def is_remote(text: str) -> bool:
    """Whether `text` names something on a server rather than on this machine."""
    return text.casefold().startswith(("hf:", "https:", "http:"))


def is_commit(revision: str) -> bool:
    """Whether `revision` is a full commit, whose files never change."""
    return _COMMIT.fullmatch(revision) is not None


def parse(text: str, endpoint: str = "") -> Address:
    """The address in `text`; usage error, with what to write instead, for anything else.

    `endpoint` is the server in use: pasted addresses may be on it too.
    """
    if len(text) > _MAX_ADDRESS or not text.isprintable():
        raise usage_error("that is not an address of a model", _HINT)
    if text.casefold().startswith("hf://"):
        return _from_uri(text[5:], text)
    if text.casefold().startswith("hf:"):
        return _from_short(text[3:], text)
    return _from_web(text, endpoint)


def _from_short(rest: str, text: str) -> Address:
    """`OWNER/REPO[@REVISION][:FILE]`; `OWNER/REPO[@REVISION]/FILE` is understood too."""
    head, colon, pattern = rest.partition(":")
    if not colon and "@" in head:
        return _from_uri(rest, text)
    name, _, revision = head.partition("@")
    parts = name.split("/", 2)
    below = parts[2] if len(parts) == 3 else ""
    if below and pattern:
        raise _bad(text)
    return _checked("/".join(parts[:2]), unquote(revision), below or pattern, text)


def _from_uri(rest: str, text: str) -> Address:
    """`OWNER/REPO[@REVISION][/FILE]`, as huggingface_hub's own file system writes it."""
    owner, _, more = rest.partition("/")
    name, at, after = more.partition("@")
    if not at:
        name, _, pattern = more.partition("/")
        return _checked(f"{owner}/{name}", "", pattern, text)
    found = _NAMED_REF.fullmatch(after)
    if found is None:
        raise _bad(text)
    return _checked(f"{owner}/{name}", unquote(found[1]), found[2] or "", text)


def _from_web(text: str, endpoint: str) -> Address:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").casefold()
        known = HOSTS | {(urlsplit(endpoint).hostname or "").casefold()}
    except ValueError:
        raise _bad(text) from None
    if not host or host not in known:
        raise usage_error(
            f"{text} is not on the Hugging Face hub", f"for a mirror set HF_ENDPOINT; {_HINT}"
        )
    pieces = [unquote(piece) for piece in parts.path.split("/") if piece]
    if len(pieces) < 2 or (len(pieces) > 2 and pieces[2] not in _VIEWS):
        pieces = pieces[:2]
    if len(pieces) < 2:
        raise _bad(text)
    found = _NAMED_REF.fullmatch("/".join(pieces[3:]))
    revision, pattern = (found[1], found[2] or "") if found else ("", "")
    return _checked("/".join(pieces[:2]), revision, pattern, text)


def _checked(repository: str, revision: str, pattern: str, text: str) -> Address:
    if repository.partition("/")[0].casefold() in _NOT_MODELS:
        raise usage_error(f"{text} is not a repository of models", _HINT)
    if not _REPOSITORY.fullmatch(repository) or ".." in repository or "--" in repository:
        raise _bad(text)
    if revision and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise _bad(text)
    if ".." in pattern.split("/") or not pattern.isprintable():
        raise _bad(text)
    return Address(repository, revision or MAIN, pattern.strip("/"))


def _bad(text: str) -> FitplanError:
    return usage_error(f"{text!r} is not an address of a model", _HINT)
