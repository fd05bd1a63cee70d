"""Answers of the hub that are JSON, but not what was asked for; pages without end; patience."""

import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sparse
from fitplan.accounting.weights import Tensor
from fitplan.errors import ErrorKind, FitplanError
from fitplan.hub import listing
from fitplan.hub.address import parse
from fitplan.hub.headers_cache import HeadersCache
from fitplan.hub.models import Reader, RemoteProblem
from fitplan.hub.transport import Hub, Patience
from hub_server import COMMIT, HubServer, Lie, Repo, hurry, running, use, wait_until

TENSORS = (Tensor("a.weight", (4, 4), "F32"),)
ADDRESS = "hf:a/b"
INFO = "/revision/main"
ANY: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    "",
    "text",
    [],
    [[]],
    [1, None],
    {},
    {"a": {"b": []}},
)
"""Every type that JSON has."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub with one small folder model."""
    with running(redirects=False) as server:
        use(server, monkeypatch, tmp_path / "user")
        folder = sparse.write_folder(tmp_path / "r", TENSORS, {"torch_dtype": "bfloat16"})
        server.repos["a/b"] = Repo(folder)
        yield server


def read() -> object:
    """What is found at the address: models, problems, or the error of the whole."""
    hub = Hub()
    try:
        return Reader(hub, HeadersCache(None, "")).read(
            parse(ADDRESS, hub.endpoint), lambda done, of: None
        )
    except FitplanError as error:
        return error.message if error.hint and error.kind is ErrorKind.FILE else None


def problem(found: object) -> str:
    """What is said of the whole, or of the one model in it."""
    if isinstance(found, str):
        return found
    assert isinstance(found, list)
    (model,) = found
    assert isinstance(model, RemoteProblem)
    return model.error.message


def info(**changes: Any) -> dict[str, Any]:
    """What the API says of the repository, with changes."""
    files = [{"rfilename": "config.json", "size": 3}, {"rfilename": "x.gguf", "size": 4}]
    return {"id": "a/b", "sha": COMMIT, "lastModified": "", "siblings": files, **changes}


def say(hub: HubServer, part: str, content: object, **headers: str) -> None:
    """Let the hub answer so, whatever is true."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    hub.said[part] = (raw, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("value", ANY, ids=repr)
@pytest.mark.parametrize("key", [None, "id", "sha", "lastModified", "siblings", "other"])
def test_any_type_anywhere_in_a_listing(hub: HubServer, key: str | None, value: object) -> None:
    """Each is an answer or one clear error, never a crash."""
    say(hub, INFO, info(**{key: value}) if key else value)
    read()


@pytest.mark.parametrize("value", ANY, ids=repr)
@pytest.mark.parametrize("key", [None, "rfilename", "size", "type"])
def test_any_type_anywhere_in_a_file_of_a_listing(
    hub: HubServer, key: str | None, value: object
) -> None:
    """The same of the entries of a listing, and of a tree."""
    entry = {"rfilename": "x.gguf", "path": "x.gguf", "size": 4, key: value} if key else value
    say(hub, INFO, info(siblings=[entry]))
    read()
    say(hub, INFO, info(siblings=[{"rfilename": "x.gguf"}]))
    say(hub, "/tree/", [entry])
    read()
    say(hub, "/tree/", value)
    read()


@pytest.mark.parametrize("value", ANY, ids=repr)
def test_any_type_in_small_files(hub: HubServer, value: object) -> None:
    """config.json and model_index.json may hold anything."""
    say(hub, "config.json", value)
    read()
    say(hub, "config.json", {"torch_dtype": value, "dtype": value, "_class_name": value})
    assert isinstance(read(), list)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{", b"[" * 10**5, b"NaN", b"{}", b'{"a":1} x'])
def test_what_is_no_json(hub: HubServer, raw: bytes) -> None:
    """Text that is no listing is the server's fault, and said so."""
    say(hub, INFO, raw)
    assert "server" in str(read())


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("<http://[::1>; rel=next", "another host"),
        ('<http://elsewhere.example/x>; rel="next"', "another host"),
        ("http://x; rel=next", "malformed"),
        ('<; rel="next"', "malformed"),
        ('rel="next"', "malformed"),
        ('<?page=1>; rel="next', "malformed|no last page"),
        ("<>; rel=next", "no last page"),
        ("<?recursive=true&expand=false>; rel=next", "no last page"),
    ],
)
def test_a_malformed_link(hub: HubServer, link: str, told: str) -> None:
    """Half a listing is no answer: a next page that can't be found is an error."""
    say(hub, INFO, info(siblings=[{"rfilename": "x.gguf"}]))
    say(hub, "/tree/", [{"type": "file", "path": "x.gguf", "size": 4}], Link=link)
    message = str(read())
    assert any(words in message for words in told.split("|")), message


@pytest.mark.parametrize(
    "link", ["", ";", "<x>; rel=prev", '<x>; rel="last"', "nonsense", "<" * 900]
)
def test_a_link_to_no_next_page(hub: HubServer, link: str) -> None:
    """Other links, or none, end the listing."""
    say(hub, INFO, info(siblings=[{"rfilename": "x.gguf"}]))
    say(hub, "/tree/", [{"type": "file", "path": "x.gguf", "size": 4}], Link=link)
    assert isinstance(read(), list)


@pytest.mark.parametrize(
    "link", ["<{url}>; rel=next", '<y>;rel="prev", <{url}>; a=b; REL="first next"']
)
def test_the_ways_to_write_a_link(hub: HubServer, link: str) -> None:
    """Quotes or none, several relations, several links."""
    say(hub, INFO, info(siblings=[{"rfilename": "x.gguf"}]))
    say(hub, "page=2", [{"type": "file", "path": "y.gguf", "size": 4}])
    first = [{"type": "file", "path": "x.gguf", "size": 4}]
    say(hub, "expand=false", first, Link=link.format(url=f"{hub.url}/api/models/a/b/tree/x?page=2"))
    found = listing.list_files(Hub(), parse(ADDRESS, hub.url))
    assert [file.path for file in found.files] == ["x.gguf", "y.gguf"]


def test_pages_without_end(hub: HubServer) -> None:
    """Each page with another address: given up after so many."""
    say(hub, INFO, info(siblings=[{"rfilename": "x.gguf"}]))
    for number in range(100):
        page = [{"type": "file", "path": f"{number}.gguf", "size": 4}]
        say(hub, f"page={number}&", page, Link=f"<?page={number + 1}&>; rel=next")
    say(hub, "expand=false", [], Link="<?page=0&>; rel=next")
    assert "no last page" in str(read())
    assert len(hub.requests) < 50


@pytest.mark.parametrize(
    "piece",
    [b"{},", b"[],", b"0,", b'"",', b'{"rfilename":"a"},', b'{"a":{"a":{}}},', b'{"a":[[[]]]},'],
)
@pytest.mark.parametrize("key", [b"siblings", b"other"])
def test_memory_of_a_listing(hub: HubServer, key: bytes, piece: bytes) -> None:
    """A million tiny entries stay within 64 MiB, whatever they are."""
    whole = piece * ((9 << 20) // len(piece))
    say(hub, INFO, b'{"sha":"%s","%s":[%s0]}' % (COMMIT.encode(), key, whole))
    tracemalloc.start()
    try:
        read()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_memory_of_the_longest_listing(hub: HubServer) -> None:
    """As many files as are read, with the longest names of the widest letters."""
    name = "x" * 450 + "\N{GRINNING FACE}"
    files = [{"rfilename": f"{name}{i:05}", "size": 1} for i in range(listing.MAX_FILES)]
    raw = json.dumps(info(siblings=files), ensure_ascii=False, separators=(",", ":")).encode()
    assert len(raw) < listing.MAX_ANSWER
    say(hub, INFO, raw)
    tracemalloc.start()
    try:
        found = listing.list_files(Hub(), parse(ADDRESS, hub.url))
        assert tracemalloc.get_traced_memory()[1] < 72 << 20
    finally:
        tracemalloc.stop()
    assert len(found.files) == listing.MAX_FILES


def test_a_listing_longer_than_fitplan_reads(hub: HubServer) -> None:
    """One file more is said to be fitplan's limit."""
    files = [{"rfilename": f"{i}", "size": 1} for i in range(listing.MAX_FILES + 1)]
    say(hub, INFO, info(siblings=files))
    assert "fitplan's limit is 20000" in str(read())


@pytest.mark.parametrize("length", ["99999999999", str(1 << 62), str(10**30)])
def test_a_huge_content_length(hub: HubServer, length: str) -> None:
    """What is announced is refused before it is sent."""
    hub.said[INFO] = (b"{}", {"Content-Length": length})
    assert "MiB long" in str(read()) or "garbled" in str(read())


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP", "x"])
def test_a_compressed_answer(hub: HubServer, coding: str) -> None:
    """Nothing is unpacked, so nothing can swell."""
    say(hub, INFO, b"\x1f\x8b" + bytes(1000), Content_Encoding=coding)
    assert "compresses" in str(read())


@pytest.mark.parametrize(
    "value",
    ["bytes 0-9/*", "bytes 9-0/100", "bytes x-y/z", "bytes */100", "0-4095/4096", "", "bytes 0-1"],
)
def test_a_wrong_content_range(hub: HubServer, value: str) -> None:
    """Every range but the one that was asked for is refused."""
    say(hub, "model.safetensors", b"x" * 10, Content_Range=value)
    hub.said["model.safetensors"][1]["Content-Range"] = value
    assert "server" in problem(read())


@pytest.mark.parametrize("part", ["/api/", "/resolve/", "model.safetensors"])
@pytest.mark.parametrize("lie", [Lie.DRIP, Lie.DRIP_HEADERS, Lie.SILENT])
def test_an_answer_byte_by_byte_ends_in_time(
    hub: HubServer, lie: Lie, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tries together have an end, whoever drips, and whatever is asked for."""
    hurry(monkeypatch)
    hub.lies[part] = lie
    begun = time.monotonic()
    assert "in time" in problem(read())
    assert time.monotonic() - begun < 4


def test_patience_is_under_a_minute() -> None:
    """For a question with all its tries, and for a header while nothing of it comes."""
    from fitplan.hub import ranges

    usual = Patience()
    assert usual.exchange <= usual.total < 60
    assert ranges.MAX_SECONDS < 60


def test_a_server_that_never_answers_is_not_asked_forever(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thirty files on a server that drips, only the first few are waited for."""
    hurry(monkeypatch)
    for number in range(30):
        sparse.write_gguf(tmp_path / "many" / f"{number}.gguf", TENSORS)
    hub.repos["a/b"] = Repo(tmp_path / "many")
    hub.lies[".gguf"] = Lie.DRIP
    begun = time.monotonic()
    found = read()
    assert isinstance(found, list)
    assert len(found) == 30
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("lie", [Lie.DRIP, Lie.SILENT])
def test_an_interrupt_ends_the_wait(hub: HubServer, tmp_path: Path, lie: Lie) -> None:
    """Ctrl-C while the server dawdles: exit code 130 within a moment, and no traceback."""
    hub.lies["/api/"] = lie
    own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", "from fitplan.cli.app import run; run()", "inspect", ADDRESS],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: bool(hub.requests), 20)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - begun < 3
    assert process.returncode == 130
    assert "Traceback" not in err
