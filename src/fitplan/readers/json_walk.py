"""Walks JSON text value by value: one small value at a time becomes objects.

A stranger's JSON would become up to twenty times its size as Python objects. What is JSON is what
the safetensors library takes for it: no NaN, no lone surrogates, no numbers that overflow, nothing
after the end.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Protocol

from fitplan.errors import FitplanError

MAX_VALUE = 1 << 16
"""Bytes that one value to be decoded may take."""

MAX_KEY = 65_535
"""Bytes of a key; as many as six times that when it is written with escapes."""

_MAX_DEPTH = 100
_CHARACTERS = (
    rb'[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_SPACE = rb"[ \t\r\n]*+"
_MARKS = {
    mark: re.compile(_SPACE + re.escape(mark))
    for mark in (b"", b"{", b"}", b"[", b"]", b":", b",", b"null")
}
_STRING = re.compile(_SPACE + rb'("(?:' + _CHARACTERS + rb')*+")')
_TEXT = rb'"(?:' + _CHARACTERS + rb')*+"'
_SIMPLE = re.compile(
    rb'\{(?:[^{}"]++|' + _TEXT + rb")*+\}|" + _TEXT + rb"|-?[0-9][0-9.eE+-]*+|true|false|null"
)
"""A value that is not a list and has no objects in it."""
_PLAIN = rb'[^\[\]{}"]++|' + _TEXT


def _pieces(depth: int) -> bytes:
    """A pattern of text without brackets but for those that close within `depth` levels."""
    return (
        rb"(?:" + _PLAIN + (rb"|[\[{]" + _pieces(depth - 1) + rb"[\]}]" if depth else b"") + rb")*+"
    )


_PIECE = re.compile(rb"[\[\]{}]" + _pieces(4))


class Reporter(Protocol):
    """Makes errors about what a text was read from."""

    def malformed(self, message: str, at: int) -> FitplanError:
        """The text is wrong at its byte `at`; `message` goes on after "the header", or the like."""

    def beyond(self, message: str, most: object) -> FitplanError:
        """The text may be right, but goes beyond a limit of fitplan's."""


class JsonText:
    """A position in JSON text, which is UTF-8."""

    def __init__(self, text: bytes | bytearray, report: Reporter) -> None:
        self._text = text
        self._report = report
        self._at = 0

    def bad(self, message: str) -> FitplanError:
        """An error about the place where the walk is."""
        return self._report.malformed(message, self._at)

    def members(self) -> Iterator[bytes]:
        """The keys of the object that is next, as written; the caller takes each value."""
        self._expect(b"{")
        more = not self.accept(b"}")
        while more:
            key = self.string(6 * MAX_KEY)
            if not key:
                raise self._report.beyond("has a longer name", f"{MAX_KEY} bytes")
            self._expect(b":")
            yield key
            more = self.accept(b",")
            if not more:
                self._expect(b"}")

    def items(self) -> Iterator[None]:
        """Once for each item of the list that is next; the caller takes the item."""
        self._expect(b"[")
        more = not self.accept(b"]")
        while more:
            yield
            more = self.accept(b",")
            if not more:
                self._expect(b"]")

    def end(self) -> None:
        """FitplanError when something follows."""
        self.accept(b"")
        if self._at < len(self._text):
            raise self.bad("goes on after its end")

    def accept(self, mark: bytes) -> bool:
        """Step over `mark` if it is next, after white space."""
        found = _MARKS[mark].match(self._text, self._at)
        if found:
            self._at = found.end()
        return found is not None

    def string(self, longest: int) -> bytes:
        """The string that is next, quotes included; b"" when it takes over `longest` bytes."""
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self.bad("is not valid JSON: a string is missing")
        self._at = found.end()
        start, end = found.span(1)
        return bytes(self._text[start:end]) if end - start <= longest else b""

    def value(self) -> Any:
        """The value that is next, decoded; a small one, of any type."""
        self.accept(b"")
        start = self._at
        self._at = self._end_of_value(start + MAX_VALUE)
        return self.decoded(bytes(self._text[start : self._at]))

    def skip(self) -> None:
        """Step over the value that is next, of any type and length."""
        self.accept(b"")
        self._at = self._end_of_value(len(self._text))

    def decoded(self, raw: bytes) -> Any:
        """What `raw`, a piece of the text, stands for."""
        try:
            return _DECODER.decode(raw.decode())
        except (ValueError, RecursionError):
            raise self.bad("is not valid JSON: a value is malformed") from None

    def _expect(self, mark: bytes) -> None:
        if not self.accept(mark):
            raise self.bad(f"is not valid JSON: '{mark.decode()}' is missing")

    def _end_of_value(self, last: int) -> int:
        """Where the value that begins here ends; at `last` the latest."""
        found = _SIMPLE.match(self._text, self._at, last)
        return found.end() if found else self._end_of_nested(last)

    def _end_of_nested(self, last: int) -> int:
        if self._text[self._at : self._at + 1] not in (b"{", b"["):
            raise self.bad("is not valid JSON: a value is missing")
        depth, at = 0, self._at
        for piece in _PIECE.finditer(self._text, self._at, last):
            if piece.start() != at:
                break
            at = piece.end()
            depth += 1 if self._text[piece.start()] in b"[{" else -1
            if depth == 0:
                return piece.start() + 1
            if depth > _MAX_DEPTH:
                raise self._too_long()
        if last < len(self._text):
            raise self._too_long()
        raise self.bad("is not valid JSON: a value is malformed")

    def _too_long(self) -> FitplanError:
        what = "has a longer or deeper value"
        return self._report.beyond(what, f"{MAX_VALUE} bytes and {_MAX_DEPTH} levels")


def _refused(word: str) -> Any:
    raise ValueError(word)


def _whole(digits: str) -> int | float:
    """`-0` is not a whole number."""
    return int(digits) if digits != "-0" else -0.0


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("out of range")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key twice")
    return content


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refused, parse_int=_whole, parse_float=_finite
)
