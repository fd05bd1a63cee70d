"""Walks the JSON text of a header value by value: one small value at a time becomes objects.

What is JSON is what the safetensors library takes for it: no NaN, no lone surrogates, no numbers
that overflow, nothing after the end.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from fitplan.errors import FitplanError
from fitplan.readers.source import MAX_NAME, Source

MAX_VALUE = 1 << 16
"""Bytes that one value to be decoded may take."""

_MAX_DEPTH = 100
_LONGEST_KEY = 6 * MAX_NAME + 2
"""Bytes of the longest name, every byte of it written as an escape."""
_CHARACTERS = (
    rb'[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_SPACE = rb"[ \t\r\n]*+"
_MARKS = {
    mark: re.compile(_SPACE + re.escape(mark)) for mark in (b"", b"{", b"}", b":", b",", b"null")
}
_STRING = re.compile(_SPACE + rb'("(?:' + _CHARACTERS + rb')*+")')
_FLAT = re.compile(rb'\{(?:[^{}"]++|"(?:' + _CHARACTERS + rb')*+")*+\}')
"""An object without objects in it."""
_PIECE = re.compile(rb'[^\[\]{}"]++|[\[\]{}]|"(?:' + _CHARACTERS + rb')*+"')


class JsonText:
    """A position in the JSON text of the header of `source`; the text is UTF-8."""

    def __init__(self, text: bytes | bytearray, source: Source) -> None:
        self._text = text
        self._source = source
        self._start = source.position - len(text)
        self._at = 0

    def bad(self, message: str) -> FitplanError:
        """An error about the place where the walk is."""
        return self._source.error(f"its header {message} (byte {self._start + self._at})")

    def members(self) -> Iterator[bytes]:
        """The keys of the object that is next, as written; the caller takes each value."""
        self._expect(b"{")
        more = not self.accept(b"}")
        while more:
            key = self.string(_LONGEST_KEY)
            if not key:
                raise self._source.beyond("has a longer name", f"{MAX_NAME} bytes")
            self._expect(b":")
            yield key
            more = self.accept(b",")
            if not more:
                self._expect(b"}")

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
            raise self.bad("is no JSON: a string is missing")
        self._at = found.end()
        start, end = found.span(1)
        return bytes(self._text[start:end]) if end - start <= longest else b""

    def value(self) -> Any:
        """The object or list that is next, decoded."""
        self.accept(b"")
        if self._text[self._at : self._at + 1] not in (b"{", b"["):
            raise self.bad("is no JSON: an object is missing")
        start, self._at = self._at, self._end_of_value()
        return self.decoded(bytes(self._text[start : self._at]))

    def decoded(self, raw: bytes) -> Any:
        """What `raw`, a piece of the text, stands for."""
        try:
            return _DECODER.decode(raw.decode())
        except (ValueError, RecursionError):
            raise self.bad("is no JSON: a value is malformed") from None

    def _expect(self, mark: bytes) -> None:
        if not self.accept(mark):
            raise self.bad(f"is no JSON: '{mark.decode()}' is missing")

    def _end_of_value(self) -> int:
        flat = _FLAT.match(self._text, self._at, self._at + MAX_VALUE)
        return flat.end() if flat else self._end_of_nested()

    def _end_of_nested(self) -> int:
        """Where the list or object that begins here ends, whatever is in it."""
        depth = 0
        last = self._at + MAX_VALUE
        for piece in _PIECE.finditer(self._text, self._at, last):
            first = self._text[piece.start() : piece.start() + 1]
            depth += (first in b"[{") - (first in b"]}")
            if depth == 0:
                return piece.end()
            if depth > _MAX_DEPTH:
                raise self._too_long()
        if last < len(self._text):
            raise self._too_long()
        raise self.bad("is no JSON: a value is cut off")

    def _too_long(self) -> FitplanError:
        what = f"has a longer or deeper value at byte {self._start + self._at} of its header"
        return self._source.beyond(what, f"{MAX_VALUE} bytes and {_MAX_DEPTH} levels")


def _refused(word: str) -> Any:
    raise ValueError(word)


def _whole(digits: str) -> int | float:
    """`-0` is no whole number."""
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
