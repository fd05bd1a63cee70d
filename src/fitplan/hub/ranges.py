"""A file on the hub as a source for the header readers: fetched in ranges, never a byte twice.

The first range is a guess that holds the counts of any header. From there on the walker says what
is ahead (the rest of a safetensors header to the byte; of GGUF's entries their count times their
mean), and what it skips, such as the numbers of an array, is never asked for.
"""

import re
import time
from collections.abc import Mapping
from pathlib import Path

from fitplan.errors import FitplanError
from fitplan.hub import problems
from fitplan.hub.problems import HubSubject
from fitplan.hub.transport import Accept, Hub, Reply
from fitplan.readers.source import ByteSource

FIRST = 4 << 10
"""Bytes of the first range: the counts, most metadata, and enough tensors for a mean."""
LEAST = 2 << 10
"""Bytes of a later range when nothing says what is ahead."""
MOST = 4 << 20
"""Bytes of one range."""
MAX_BYTES = 128 << 20
"""Bytes of one file's header in all; the largest tokenizers take under 32 MiB."""
MAX_REQUESTS = 100
MAX_SECONDS = 55.0
"""For one file's header, while nothing comes; what came adds to it."""
SLOWEST = 64 << 10
"""Bytes that add a second."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)


class RangeFile:
    """One file of one commit. Where `url` leads on other hosts is remembered for further ranges."""

    def __init__(self, hub: Hub, url: str, subject: HubSubject, size: int) -> None:
        self.subject = subject
        self.size = size
        self.received = 0
        self.requests = 0
        self._hub = hub
        self._url = url
        self._storage = ""
        self._begun = time.monotonic()

    def fetch(self, begin: int, end: int) -> bytes:
        """Bytes `begin` to `end`, which is exclusive; FitplanError when they can't be had."""
        self._check(end - begin)

        def accept(status: int, headers: Mapping[str, str]) -> int:
            return body_bytes(status, headers, (begin, end), self.size, self.subject)

        reply = self._ask({"range": f"bytes={begin}-{end - 1}"}, accept)
        if len(reply.body) != end - begin:
            raise problems.lie(self.subject, "the server sends less than it says")
        self.received += len(reply.body)
        return reply.body

    @property
    def _until(self) -> float:
        """When patience ends: a slow line may take long, a server that dawdles may not."""
        return self._begun + MAX_SECONDS + self.received / SLOWEST

    def _ask(self, asked: Mapping[str, str], accept: Accept) -> Reply:
        """Ask where the last range came from; when that no longer serves, ask the hub again."""
        if self._storage:
            try:
                return self._hub.get(self._storage, self.subject, accept, asked, self._until)
            except FitplanError:
                self._storage = ""
        reply = self._hub.get(self._url, self.subject, accept, asked, self._until)
        self._storage = "" if self._hub.is_own(reply.url) else reply.url
        return reply

    def _check(self, count: int) -> None:
        self.requests += 1
        if self.received + count > MAX_BYTES or self.requests > MAX_REQUESTS:
            message = (
                "has a longer or more scattered header; fitplan's limit is "
                f"{MAX_BYTES >> 20} MiB or {MAX_REQUESTS} requests"
            )
            raise self.subject.error(message, "download it, then inspect the file")
        if time.monotonic() > self._until:
            raise problems.silent(self.subject, self._url)


def body_bytes(
    status: int,
    headers: Mapping[str, str],
    span: tuple[int, int],
    size: int,
    subject: HubSubject,
) -> int:
    """The bytes that the body of an answer to a range has; FitplanError for any other answer."""
    if status != 206:
        raise problems.lie(subject, "the server ignores ranges and would send the whole file")
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        raise problems.lie(subject, "the server doesn't say which bytes it sends")
    begin, last = int(found[1]), int(found[2])
    if (begin, last + 1) != span:
        raise problems.lie(subject, "the server sends other bytes than it was asked for")
    if found[3] not in ("*", str(size)):
        message = f"the hub lists {size} bytes, but the server has {int(found[3])}"
        raise problems.lie(subject, message)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) != last + 1 - begin:
        raise problems.lie(
            subject, "the server announces more or fewer bytes than it was asked for"
        )
    return last + 1 - begin


class RangeSource(ByteSource):
    """The header readers' view of a file on the hub."""

    scrap = 8
    """What is in hand is walked before more is asked for; a string's length takes eight bytes."""

    def __init__(self, file: RangeFile, path: Path) -> None:
        super().__init__(path, file.size)
        self._file = file

    def _fill(self, least: int) -> None:
        at = self.position - self._start
        kept = self._buffer[at:] if 0 <= at <= len(self._buffer) else b""
        begin = self.position + len(kept)
        usual = LEAST if begin else FIRST
        wanted = max(least, min(self.ahead or usual, MOST)) - len(kept)
        end = min(begin + wanted, self.limit)
        self._buffer = kept + (self._file.fetch(begin, end) if end > begin else b"")
        self._start = self.position
