"""A hub on this machine: the API that fitplan asks, over header-true sparse files.

One server is the hub, a second one on another port is the storage it redirects to. Both write down
every request and the bytes they sent. A `Lie` is told by the server for the paths it is set for.
"""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from fitplan.hub.transport import Patience

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATE = "2026-07-14T09:30:00.000Z"
TOKEN = "hf_" + "notarealtoken" * 2
_RESERVE = 64 << 10
"""Bytes an endless answer sends at a time."""


class Lie(Enum):
    """What the server does instead of answering truly."""

    WHOLE_FILE = auto()
    """200 and everything, whatever range was asked for."""
    COMPRESSED = auto()
    OTHER_RANGE = auto()
    NO_RANGE = auto()
    """206 without Content-Range."""
    OTHER_SIZE = auto()
    """A Content-Range with another total than the listing's."""
    ENDLESS = auto()
    """A chunked body that never ends."""
    TOO_LONG = auto()
    """A Content-Length larger than the range."""
    CUT = auto()
    """The connection closes in the middle of the body."""
    DRIP = auto()
    """One byte at a time, forever."""
    DRIP_HEADERS = auto()
    SILENT = auto()
    GARBLED = auto()
    """Something that isn't HTTP."""
    LOOP = auto()
    """Redirects to itself."""
    NOWHERE = auto()
    """Redirects to something that is not an address."""
    BAD_JSON = auto()
    BAD_NAMES = auto()
    """A listing with names that leave the folder."""
    NO_COMMIT = auto()


@dataclass(frozen=True)
class Request:
    """One request as a server saw it."""

    host: str
    """`hub` or `storage`."""
    path: str
    range: str
    token: bool
    agent: str


@dataclass
class Repo:
    """A folder that the hub shows as a repository."""

    folder: Path
    gated: bool = False
    private: bool = False
    sizes: bool = True
    """Whether the model's info says how large files are; some mirrors leave that out."""
    claimed: dict[str, int] = field(default_factory=dict)
    """Sizes that the listing says in place of the true ones."""
    renamed: str = ""
    """Now called so: requests are redirected."""

    def files(self) -> dict[str, Path]:
        found = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in found}

    def size(self, name: str, path: Path) -> int:
        return self.claimed.get(name, path.stat().st_size)


class HubServer:
    """The hub and its storage; `url` is what HF_ENDPOINT is set to."""

    def __init__(self, *, redirects: bool = True) -> None:
        self.repos: dict[str, Repo] = {}
        self.lies: dict[str, Lie] = {}
        """Part of a path → the lie told for it."""
        self.said: dict[str, tuple[bytes, dict[str, str]]] = {}
        """Part of a path → the body and headers of the answer, whatever is true."""
        self.lies_left = 10**9
        """How many more lies are told."""
        self.detour = False
        """The storage sends every request back to the hub, to an address of its own making."""
        self.busy = 0
        """Answer 429 to so many requests for files."""
        self.retry_after = "0"
        self.broken = 0
        """Answer 503 to so many requests."""
        self.redirects = redirects
        self.requests: list[Request] = []
        self.sent = 0
        """Bytes of file bodies."""
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self._servers = [_serve(self, name) for name in ("hub", "storage")]
        self.url, self.storage = (f"http://127.0.0.1:{s.server_address[1]}" for s in self._servers)

    def close(self) -> None:
        self.stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def forget(self) -> None:
        """Start counting anew."""
        self.requests.clear()
        self.sent = 0

    @property
    def ranges(self) -> list[tuple[str, int, int]]:
        """The ranges that were answered: path, first byte, byte after the last."""
        asked = [
            r for r in self.requests if r.range and (r.host == "storage" or not self.redirects)
        ]
        spans = [(r.path, r.range.removeprefix("bytes=").partition("-")) for r in asked]
        return [(path, int(begin), int(last) + 1) for path, (begin, _, last) in spans]


@contextlib.contextmanager
def running(**options: bool) -> Iterator[HubServer]:
    """A hub for the time of a test."""
    from huggingface_hub import close_session

    server = HubServer(**options)
    try:
        yield server
    finally:
        close_session()
        server.close()


def _serve(hub: HubServer, name: str) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"hub": hub, "host": name})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a lie is right; anything else is a mistake of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    hub: HubServer
    host: str

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        self._write_down(path)
        lie = self._lie(path)
        said = next((self.hub.said[part] for part in self.hub.said if part in self.path), None)
        if said:
            self._begin(200, {"Content-Length": str(len(said[0])), **said[1]})
            self.wfile.write(said[0])
        elif lie in _GENERAL:
            _GENERAL[lie](self)
        elif self.host == "storage" and self.hub.detour:
            self._redirect(f"{self.hub.url}/detour/{path}")
        elif self.host == "storage":
            self._file(path, lie)
        elif path.startswith("/api/models/"):
            self._api(path.removeprefix("/api/models/"), parse_qs(parts.query), lie)
        elif "/resolve/" in path:
            self._resolve(path, lie)
        else:
            self._json({}, 404)

    def _lie(self, path: str) -> Lie | None:
        """The lie to tell about `path`; of a file's, only by the host that sends it."""
        for part, lie in self.hub.lies.items():
            sends = self.host == "storage" or not self.hub.redirects or "/api/" in part
            sends = sends or lie in (Lie.LOOP, Lie.NOWHERE)
            if part in path and sends and self.hub.lies_left:
                self.hub.lies_left -= 1
                return lie
        return None

    def _write_down(self, path: str) -> None:
        token = TOKEN in "".join(self.headers.values()) + self.path
        range, agent = self.headers.get("Range", ""), self.headers.get("User-Agent", "")
        with self.hub.lock:
            self.hub.requests.append(Request(self.host, path, range, token, agent))

    # What the hub's API answers.

    def _api(self, path: str, query: dict[str, list[str]], lie: Lie | None) -> None:
        owner, name, what, revision = path.split("/", 3)
        repo = self._repo(f"{owner}/{name}", path)
        if repo is None:
            return
        if revision not in ("main", COMMIT):
            self._error(404, "RevisionNotFound")
        elif what == "tree":
            self._tree(repo, int(query.get("cursor", ["0"])[0]), path)
        else:
            self._json(self._info(f"{owner}/{name}", repo, lie), lie=lie)

    def _info(self, name: str, repo: Repo, lie: Lie | None) -> dict[str, Any]:
        files: list[dict[str, Any]] = []
        for file, path in repo.files().items():
            size = {"size": repo.size(file, path)} if repo.sizes else {}
            files.append({"rfilename": file, "blobId": "0" * 40, **size})
        if lie is Lie.BAD_NAMES:
            files.append({"rfilename": "../../.bashrc\x1b[31m.gguf", "size": 10})
        sha = None if lie is Lie.NO_COMMIT else COMMIT
        return {"id": name, "sha": sha, "lastModified": DATE, "siblings": files}

    def _tree(self, repo: Repo, start: int, path: str) -> None:
        page = list(repo.files().items())[start : start + 2]
        entries = [
            {"type": "file", "path": name, "size": repo.size(name, file), "oid": "0" * 40}
            for name, file in page
        ]
        following = f"{self.hub.url}/api/models/{path}?recursive=true&cursor={start + 2}"
        link = {"Link": f'<{following}>; rel="next"'} if len(page) == 2 else {}
        self._json([{"type": "directory", "path": "x"}, *entries], headers=link)

    def _repo(self, name: str, path: str) -> Repo | None:
        """The repository, if this user may see it; otherwise the refusal is sent."""
        repo = self.hub.repos.get(name)
        logged_in = TOKEN in self.headers.get("Authorization", "")
        if self._is_refused():
            return None
        if repo is None or (repo.private and not logged_in):
            self._error(404 if logged_in else 401, "RepoNotFound")
            return None
        if repo.renamed:
            self._redirect(self.path.replace(name, repo.renamed, 1), 307)
            return None
        if repo.gated and not logged_in and "/resolve/" in path:
            self._error(401, "GatedRepo")
            return None
        return repo

    def _is_refused(self) -> bool:
        with self.hub.lock:
            if self.hub.busy:
                self.hub.busy -= 1
                status, headers = 429, {"Retry-After": self.hub.retry_after}
            elif self.hub.broken:
                self.hub.broken -= 1
                status, headers = 503, {}
            else:
                return False
        self._json({"error": "later"}, status, headers)
        return True

    def _resolve(self, path: str, lie: Lie | None) -> None:
        name, _, rest = path.removeprefix("/").partition("/resolve/")
        repo = self._repo(name, path)
        if repo is None:
            return
        file = rest.partition("/")[2]
        if file not in repo.files():
            self._error(404, "EntryNotFound")
        elif lie is Lie.LOOP:
            self._redirect(self.path)
        elif lie is Lie.NOWHERE:
            self._redirect("gopher://user@[::1/\x7f")
        elif self.hub.redirects and not file.endswith(".json"):
            self._redirect(f"{self.hub.storage}/{name}/{file}?signature=secret")
        else:
            self._body(repo.files()[file], lie)

    def _file(self, path: str, lie: Lie | None) -> None:
        owner, name, file = path.removeprefix("/").split("/", 2)
        self._body(self.hub.repos[f"{owner}/{name}"].files()[file], lie)

    # Answers, true and false.

    def _body(self, path: Path, lie: Lie | None) -> None:
        size = path.stat().st_size
        asked = self.headers.get("Range", "")
        if not asked or lie is Lie.WHOLE_FILE:
            self._begin(200, {"Content-Length": str(size)})
            self._send(path, 0, size)
            return
        begin, last = map(int, asked.removeprefix("bytes=").split("-"))
        if begin >= size:
            self._begin(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        end = min(last + 1, size)
        headers = _range_headers(begin, end, size, lie)
        if lie is Lie.ENDLESS:
            self._endless(headers)
            return
        announced = end - begin + (1 << 30 if lie is Lie.TOO_LONG else 0)
        self._begin(206, {**headers, "Content-Length": str(announced)})
        if lie is Lie.CUT:
            self._send(path, begin, begin + (end - begin) // 2)
            self.close_connection = True
        elif lie is Lie.DRIP:
            self._drip()
        else:
            self._send(path, begin, end)

    def _send(self, path: Path, begin: int, end: int) -> None:
        with path.open("rb") as file:
            file.seek(begin)
            while begin < end:
                piece = file.read(min(end - begin, _RESERVE))
                self.wfile.write(piece)
                begin += len(piece)
                with self.hub.lock:
                    self.hub.sent += len(piece)

    def _endless(self, headers: dict[str, str]) -> None:
        self._begin(206, {**headers, "Transfer-Encoding": "chunked"})
        piece = b"%x\r\n" % _RESERVE + bytes(_RESERVE) + b"\r\n"
        while not self.hub.stopped.is_set():
            self.wfile.write(piece)
            with self.hub.lock:
                self.hub.sent += _RESERVE

    def _drip(self) -> None:
        while not self.hub.stopped.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()
        self.close_connection = True

    def _drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 206 Partial Content\r\nX-Slow: ")
        self.wfile.flush()
        self._drip()

    def _silent(self) -> None:
        self.hub.stopped.wait(30)
        self.close_connection = True

    def _garbled(self) -> None:
        self.wfile.write(b"\x00\x01 who knows\r\n\r\n")
        self.close_connection = True

    def _json(
        self,
        content: Any,
        status: int = 200,
        headers: dict[str, str] | None = None,
        lie: Lie | None = None,
    ) -> None:
        body = b"[[[" if lie is Lie.BAD_JSON else json.dumps(content).encode()
        if lie is Lie.ENDLESS:
            self._endless({})
            return
        if lie is Lie.DRIP:
            self._begin(status, {"Content-Length": "1000000"})
            self._drip()
            return
        self._begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        said = {"X-Error-Code": code, "X-Error-Message": f"{code} \x1b[31m"}
        self._json({"error": code}, status, said)

    def _redirect(self, url: str, status: int = 302) -> None:
        self._begin(status, {"Location": url, "Content-Length": "0"})

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


_GENERAL: dict[Lie | None, Callable[[_Handler], None]] = {
    Lie.DRIP_HEADERS: _Handler._drip_headers,
    Lie.SILENT: _Handler._silent,
    Lie.GARBLED: _Handler._garbled,
}
"""Lies that don't depend on what was asked for."""


def _range_headers(begin: int, end: int, size: int, lie: Lie | None) -> dict[str, str]:
    """What a 206 says of its range, or ought to say."""
    if lie is Lie.NO_RANGE:
        return {}
    if lie is Lie.COMPRESSED:
        return {"Content-Range": f"bytes {begin}-{end - 1}/{size}", "Content-Encoding": "gzip"}
    moved, grown = int(lie is Lie.OTHER_RANGE), int(lie is Lie.OTHER_SIZE)
    return {"Content-Range": f"bytes {begin + moved}-{end - 1 + moved}/{size + grown}"}


def wait_until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for another thread."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


def use(hub: HubServer, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make this process's huggingface_hub speak to `hub`, without a token."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("fitplan.hub.headers_cache.usual_folder", lambda: folder / "cache")
    patience = Patience(tries=3, first_wait=0.01, longest_wait=2.0)
    monkeypatch.setattr("fitplan.hub.transport.PATIENCE", patience)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a dawdling server a moment only."""
    quick = Patience(tries=2, first_wait=0.01, silence=0.2, exchange=0.3, total=0.5)
    monkeypatch.setattr("fitplan.hub.transport.PATIENCE", quick)
