"""The cache of headers: the user's alone, and trusted only as far as it can be checked."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import sparse
from fitplan.accounting.weights import Tensor
from fitplan.hub.headers_cache import HeadersCache
from fitplan.readers.files import read_header
from fitplan.readers.header import Header

TENSORS = (Tensor("a.weight", (4, 4), "F32"), Tensor("b.weight", (64,), "Q8_0"))
COMMIT = "0123456789" * 4
KEY = ("a/b", COMMIT, "x.gguf")


@pytest.fixture
def header(tmp_path: Path) -> Header:
    """A header as it is read."""
    return read_header(sparse.write_gguf(tmp_path / "x.gguf", TENSORS, file_type=7))


@pytest.fixture
def cache(tmp_path: Path, header: Header) -> HeadersCache:
    """A cache that keeps it."""
    made = HeadersCache(tmp_path / "home" / "cache" / "hub", "https://hub.example")
    made.keep(*KEY, header)
    assert made.find(*KEY, header.path) == header
    return made


def entry(tmp_path: Path) -> Path:
    """The one entry of the cache."""
    (found,) = (tmp_path / "home").rglob("*.json")
    return found


def edited(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Something that changes the bytes of an entry."""
    return lambda path: _write(path, change(path.read_bytes()))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _link(path: Path) -> None:
    real = path.with_name("real")
    path.rename(real)
    path.symlink_to(real)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": edited(lambda old: b""),
    "cut": edited(lambda old: old[:-20]),
    "a digit changed": edited(lambda old: old.replace(b"64]", b"96]")),
    "a name changed": edited(lambda old: old.replace(b"a.weight", b"a.weighs")),
    "without its seal": edited(lambda old: old.split(b"\n", 1)[1]),
    "no JSON": edited(lambda old: old[:130] + b"[[[["),
    "binary": edited(lambda old: os.urandom(500)),
    "longer": edited(lambda old: old + b" "),
    "huge": _huge,
    "a link": _link,
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path))[1],  # type: ignore[func-returns-value]
    "a folder": _folder,
    "a pipe": _pipe,
    "others may write it": lambda path: path.chmod(0o666),
    "not readable": lambda path: path.chmod(0),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_a_miss(
    cache: HeadersCache, header: Header, tmp_path: Path, damage: str
) -> None:
    """It is not trusted, it is no error, and the next reading puts a sound one in its place."""
    if damage == "not readable" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    path = entry(tmp_path)
    DAMAGES[damage](path)
    assert cache.find(*KEY, header.path) is None
    if damage != "a folder":
        cache.keep(*KEY, header)
        assert cache.find(*KEY, header.path) == header


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_users_entry_is_a_miss(cache: HeadersCache, header: Header, tmp_path: Path) -> None:
    """An entry, or a whole cache, that belongs to somebody else isn't read or written."""
    os.chown(entry(tmp_path), 12345, 12345)
    assert cache.find(*KEY, header.path) is None
    os.chown(tmp_path / "home" / "cache" / "hub", 12345, 12345)
    other = ("a/b", COMMIT, "y.gguf")
    cache.keep(*other, header)
    assert cache.find(*other, header.path) is None


@pytest.mark.parametrize(
    "other",
    [("a/c", COMMIT, "x.gguf"), ("a/b", "f" * 40, "x.gguf"), ("a/b", COMMIT, "y.gguf")],
)
def test_an_entry_of_another_file_is_a_miss(
    cache: HeadersCache, header: Header, tmp_path: Path, other: tuple[str, str, str]
) -> None:
    """Copied or linked into another file's place it still says whose it is."""
    content = entry(tmp_path).read_bytes()
    entry(tmp_path).unlink()
    cache.keep(*other, header)
    entry(tmp_path).write_bytes(content)
    assert cache.find(*other, header.path) is None


@pytest.mark.parametrize(
    "change",
    [
        {"tensors": [["a", "F32", 10**6]]},
        {"tensors": [["a", "F99", 1]]},
        {"tensors": [["a", ["F32"], 1]]},
        {"tensors": [["a", "F32", True]]},
        {"tensors": [["a", "F32", 1.5]]},
        {"tensors": [[]]},
        {"tensors": 7},
        {"tensors": {"a": 1}},
        {"tensors": [[1, "F32"]]},
        {"file_bytes": -1},
        {"file_bytes": None},
        {"file_type": float("inf")},
        {"file_type": "x"},
        {"container": []},
        {"container": "zip"},
        {"metadata": []},
        {"metadata": {"a": None}},
        {"metadata": {"a": [1, "x"]}},
        {"version": 1},
    ],
    ids=repr,
)
def test_what_an_entry_cannot_say(
    cache: HeadersCache, header: Header, tmp_path: Path, change: dict[str, object]
) -> None:
    """Sealed or not, an entry that says something impossible is a miss."""
    from fitplan.hub import headers_cache

    text = json.dumps(headers_cache._document(header) | change).encode()
    sealed = headers_cache._sealed(text, cache._key(*KEY))
    entry(tmp_path).write_bytes(sealed)
    assert cache.find(*KEY, header.path) is None


@pytest.mark.parametrize("text", [b"[]", b"7", b"null", b'"x"', b"[" * 10**5])
def test_an_entry_of_another_type_is_a_miss(
    cache: HeadersCache, header: Header, tmp_path: Path, text: bytes
) -> None:
    """Any JSON at all."""
    from fitplan.hub import headers_cache

    entry(tmp_path).write_bytes(headers_cache._sealed(text, cache._key(*KEY)))
    assert cache.find(*KEY, header.path) is None


def test_folders_and_files_are_the_users_alone(
    cache: HeadersCache, header: Header, tmp_path: Path
) -> None:
    """0700 and 0600, whatever the umask and whatever they were before."""
    mask = os.umask(0)
    try:
        for folder in entry(tmp_path).parents[:3]:
            folder.chmod(0o777)
        cache.keep("c/d", COMMIT, "x.gguf", header)
        cache.keep(*KEY, header)
    finally:
        os.umask(mask)
    for path in (tmp_path / "home" / "cache" / "hub").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((tmp_path / "home" / "cache" / "hub").stat().st_mode) == 0o700
