"""One bounded question to the hub: its headers, redirects, patience, and what it may send.

The session is huggingface_hub's own (proxies, certificates, HF_HUB_OFFLINE). Its headers are built
here rather than by `build_hf_headers`, which from 2.0 on asks the server for a list of its own.
Redirects are followed one by one: the token goes only to the endpoint, and once an
answer has led elsewhere it is not sent again. Every exchange has a last second, on its own thread,
because no read timeout bounds a server that sends one byte at a time.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from fitplan import __version__
from fitplan.errors import FitplanError, usage_error
from fitplan.hub import problems
from fitplan.hub.problems import HubSubject

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_PORTS = {"http": 80, "https": 443}

Accept = Callable[[int, Mapping[str, str]], int]
"""(status, headers) of a success → the bytes its body may have at most; raises for a lie."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, seconds."""

    tries: int = 4
    first_wait: float = 0.5
    """Before the second try; doubled each time."""
    longest_wait: float = 20.0
    """A server that asks for more gets none: the user sees the reason."""
    silence: float = 10.0
    """Without a byte."""
    exchange: float = 40.0
    """For one question and its answer."""
    total: float = 55.0
    """For one question with all its tries, waits and redirects."""
    lost: int = 3
    """Questions without an answer in time, one after another, until no more are asked."""

    def wait(self, number: int) -> float:
        """Before try `number` + 1."""
        return min(self.first_wait * 2.0 ** (number - 1), self.longest_wait)


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Reply:
    """A success."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Where it came from, redirects followed. Never shown: it may be signed."""


class _PassingError(Exception):
    """An error that may be over soon."""

    def __init__(self, error: FitplanError, after: float = 0.0, *, slow: bool = False) -> None:
        super().__init__()
        self.error = error
        self.after = after
        """Seconds that the server asks to wait."""
        self.slow = slow
        """Whether no answer came in time."""


class Hub:
    """The server that HF_ENDPOINT names, as the user who HF_TOKEN or `hf auth login` names."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or PATIENCE
        self._lock = threading.Lock()
        self._lost = 0
        self.received = 0
        """Bytes of all bodies so far."""
        self.requests = 0

    @cached_property
    def endpoint(self) -> str:
        """Where the hub is; usage error when HF_ENDPOINT is not an address."""
        from huggingface_hub import constants

        endpoint = constants.ENDPOINT.rstrip("/")
        if _split(endpoint) is None:
            raise usage_error(
                "HF_ENDPOINT is not an address", "set it to one like https://huggingface.co"
            )
        return endpoint

    @cached_property
    def offline(self) -> bool:
        """Whether the user forbade the network."""
        from huggingface_hub import constants

        return bool(constants.HF_HUB_OFFLINE)

    @cached_property
    def _token(self) -> str | None:
        from huggingface_hub import constants, get_token

        return None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()

    @cached_property
    def _client(self) -> Any:
        from huggingface_hub import get_session

        return get_session()

    @cached_property
    def _http(self) -> Any:
        """The module that huggingface_hub's session comes from: httpx, or httpx2 in newer ones."""
        from huggingface_hub.errors import HfHubHTTPError

        carrier = next(base for base in HfHubHTTPError.__bases__ if base is not OSError)
        return import_module(carrier.__module__.partition(".")[0])

    def is_own(self, url: str) -> bool:
        """Whether `url` is on the endpoint itself: only there the token goes."""
        return _origin(url) == _origin(self.endpoint)

    def subject(self, repository: str, what: str) -> HubSubject:
        """What errors about `repository` name."""
        parts = urlsplit(self.endpoint)
        server = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return HubSubject(what, f"{server}/{repository}")

    def get(
        self,
        url: str,
        subject: HubSubject,
        accept: Accept,
        extra: Mapping[str, str] | None = None,
        until: float = math.inf,
    ) -> Reply:
        """Ask for `url`; tries again when that may help, but not after `until` (monotonic).

        FitplanError, exit 3, when there is no answer.
        """
        if self.offline:
            raise problems.offline(subject)
        if self._lost >= self.patience.lost:
            raise problems.silent(subject, url)
        self._prepare()
        until = min(until, time.monotonic() + self.patience.total)
        for number in range(1, self.patience.tries + 1):
            try:
                reply = self._follow(url, subject, accept, dict(extra or {}), until)
            except _PassingError as passing:
                self._pause(passing, number, subject, until)
            else:
                self._lost = 0
                return reply
        raise AssertionError("the last try returns or raises")

    def _prepare(self) -> None:
        """Look up what the threads share, one thread at a time."""
        with self._lock:
            _ = (self.endpoint, self._token, self._client, self._http)

    def _pause(
        self, passing: _PassingError, number: int, subject: HubSubject, until: float
    ) -> None:
        """Wait before the next try; the error when there is none, or no time for it."""
        if passing.after > self.patience.longest_wait:
            raise problems.waited(subject, passing.after) from None
        pause = max(passing.after, self.patience.wait(number))
        late = time.monotonic() + pause >= until
        if late or number == self.patience.tries:
            self._lost += passing.slow
            raise passing.error from None
        time.sleep(pause)

    def _follow(
        self, url: str, subject: HubSubject, accept: Accept, extra: dict[str, str], until: float
    ) -> Reply:
        trusted = self.is_own(url)
        for _ in range(_MAX_REDIRECTS + 1):
            headers = self._headers(extra, trusted)
            last = min(until, time.monotonic() + self.patience.exchange)
            ask = partial(self._ask, url, headers, subject, accept, last)
            reply = self._within_time(url, subject, ask, last)
            if reply.status not in _REDIRECTS:
                return reply
            url = _next(url, reply.headers.get("location", ""), subject)
            trusted = trusted and self.is_own(url)
        raise problems.lie(subject, f"the server redirects over {_MAX_REDIRECTS} times")

    def _headers(self, extra: dict[str, str], trusted: bool) -> dict[str, str]:
        headers = {"user-agent": f"fitplan/{__version__}", "accept-encoding": "identity", **extra}
        if trusted and self._token:
            headers["authorization"] = f"Bearer {self._token}"
        return headers

    def _within_time(
        self, url: str, subject: HubSubject, ask: Callable[[], Reply], last: float
    ) -> Reply:
        answers: SimpleQueue[Reply | Exception] = SimpleQueue()

        def work() -> None:
            try:
                answers.put(ask())
            except Exception as error:
                answers.put(error)

        threading.Thread(target=work, daemon=True).start()
        try:
            answer = answers.get(timeout=max(0.0, last - time.monotonic()))
        except Empty:
            raise _PassingError(problems.silent(subject, url), slow=True) from None
        if isinstance(answer, Reply):
            return answer
        raise self._translated(answer, url, subject)

    def _translated(self, error: Exception, url: str, subject: HubSubject) -> Exception:
        """What went wrong, for a user; the exception's own text may hold a signed address."""
        if isinstance(error, (FitplanError, _PassingError)):
            return error
        if isinstance(error, self._http.TimeoutException):
            return _PassingError(problems.silent(subject, url), slow=True)
        if isinstance(error, self._http.ProtocolError):
            return _PassingError(
                problems.lie(subject, "the server's answer is broken off or garbled")
            )
        if isinstance(error, (self._http.HTTPError, OSError)):
            return _PassingError(problems.unreachable(subject, url))
        if isinstance(error, (self._http.InvalidURL, UnicodeError, ValueError)):
            return problems.lie(subject, "the server redirects to something that is not an address")
        return error

    def _ask(
        self, url: str, headers: dict[str, str], subject: HubSubject, accept: Accept, last: float
    ) -> Reply:
        silence = self._http.Timeout(self.patience.silence)
        request = self._client.build_request("GET", url, headers=headers, timeout=silence)
        response = self._client.send(request, stream=True, follow_redirects=False)
        try:
            return self._answer(response, url, subject, accept, last)
        finally:
            response.close()

    def _answer(
        self, response: Any, url: str, subject: HubSubject, accept: Accept, last: float
    ) -> Reply:
        status, headers = int(response.status_code), response.headers
        with self._lock:
            self.requests += 1
        if status in _REDIRECTS:
            return Reply(status, headers, b"", url)
        if status not in (200, 206):
            raise self._refused(status, headers, url, subject)
        if headers.get("content-encoding", "identity").casefold() not in ("", "identity"):
            raise problems.lie(subject, "the server compresses what it was asked to send as it is")
        body = self._body(response, accept(status, headers), subject, last)
        return Reply(status, headers, body, url)

    def _refused(
        self, status: int, headers: Mapping[str, str], url: str, subject: HubSubject
    ) -> Exception:
        if status < 429 and not self.is_own(url):
            return problems.refused_by_storage(status, url, subject)
        error = problems.refusal(status, headers, subject, self._token is not None)
        return _PassingError(error, retry_after(headers)) if status in _PASSING else error

    def _body(self, response: Any, most: int, subject: HubSubject, last: float) -> bytes:
        """The body; the thread that reads it ends at `last`, even if no caller is waiting."""
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            with self._lock:
                self.received += len(piece)
            if len(body) > most:
                raise problems.lie(subject, "the server sends more than it was asked for")
            if time.monotonic() > last:
                raise _PassingError(problems.silent(subject, str(response.url)), slow=True)
        return bytes(body)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to wait: Retry-After, or the hub's own `ratelimit: …;t=55`."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal():
        return float(given[:9])
    for field in headers.get("ratelimit", "").split(";"):
        name, _, value = field.strip().partition("=")
        if name == "t" and value.isdecimal():
            return float(value[:9])
    return 0.0


def _split(url: str) -> SplitResult | None:
    """The parts of an http address; None when it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if usable and url.isascii() and url.isprintable() and " " not in url else None


def _origin(url: str) -> tuple[str, str, int] | None:
    parts = _split(url)
    if parts is None:
        return None
    return parts.scheme, (parts.hostname or "").casefold(), parts.port or _PORTS[parts.scheme]


def _next(url: str, location: str, subject: HubSubject) -> str:
    """Where a redirect leads; FitplanError for an invalid or no longer encrypted address."""
    try:
        target = urljoin(url, location) if location else ""
    except ValueError:
        target = ""
    parts = _split(target)
    if parts is None or parts.username is not None:
        raise problems.lie(subject, "the server redirects to something that is not an address")
    if url.startswith("https:") and parts.scheme != "https":
        raise problems.lie(subject, "the server redirects to an address without encryption")
    return target
