"""A server may refuse, dawdle or lie: bounded in bytes and time, told clearly, not trusted."""

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import sparse
from cli import Ran, Run
from hub_server import TOKEN, HubServer, Lie, Repo, hurry, running, use

NAME = "klein-4b-q8_0"
ADDRESS = f"hf:a/b:{NAME}.gguf"
HEADER = 10_726
"""Bytes of its header."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one denoiser."""
    folder = tmp_path_factory.mktemp("repository")
    sparse.write_gguf(folder / f"{NAME}.gguf", sparse.inventory(NAME).tensors)
    return folder


@pytest.fixture
def hub(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub with that repository."""
    with running() as server:
        use(server, monkeypatch, tmp_path)
        server.repos["a/b"] = Repo(folder)
        yield server


def failure(run: Run, *arguments: str) -> str:
    """Message and hint of an inspection that ends with exit code 3."""
    ran = run("inspect", *(arguments or (ADDRESS,)), "--json")
    assert ran.code == 3
    assert "\\u001b" not in ran.out
    (file,) = ran.json["files"]
    assert file["error"]["kind"] == "file"
    return f"{file['error']['message']} / {file['error']['hint']}"


LIES = [
    (Lie.WHOLE_FILE, "ignores ranges"),
    (Lie.COMPRESSED, "compresses"),
    (Lie.OTHER_RANGE, "other bytes"),
    (Lie.NO_RANGE, "doesn't say which bytes"),
    (Lie.OTHER_SIZE, "the hub lists 4300"),
    (Lie.ENDLESS, "more than it was asked for"),
    (Lie.TOO_LONG, "announces more or fewer"),
    (Lie.CUT, "broken off"),
    (Lie.DRIP, "does not answer in time"),
    (Lie.DRIP_HEADERS, "does not answer in time"),
    (Lie.SILENT, "does not answer in time"),
    (Lie.GARBLED, "garbled"),
]


@pytest.mark.parametrize(("lie", "told"), LIES)
def test_a_lie_about_a_file(
    hub: HubServer, run: Run, lie: Lie, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ends in one clear line within seconds, after a bounded number of bytes."""
    if "in time" in told:
        hurry(monkeypatch)
    hub.lies[f"{NAME}.gguf"] = lie
    begun = time.monotonic()
    assert told in failure(run)
    assert time.monotonic() - begun < 5
    assert hub.sent < 20 << 20


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (Lie.ENDLESS, "more than it was asked for"),
        (Lie.BAD_JSON, "not valid JSON"),
        (Lie.BAD_NAMES, "lists a file called"),
        (Lie.NO_COMMIT, "which commit"),
        (Lie.SILENT, "does not answer in time"),
        (Lie.GARBLED, "garbled"),
    ],
)
def test_a_lie_about_a_repository(
    hub: HubServer, run: Run, lie: Lie, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that isn't one is refused, however it is wrong."""
    if "in time" in told:
        hurry(monkeypatch)
    hub.lies["/api/"] = lie
    assert told in failure(run)


@pytest.mark.parametrize(
    ("lie", "told"), [(Lie.LOOP, "redirects over"), (Lie.NOWHERE, "not an address|garbled")]
)
def test_a_redirect_that_leads_nowhere(hub: HubServer, run: Run, lie: Lie, told: str) -> None:
    """Loops and nonsense end after a few steps."""
    hub.lies["/resolve/"] = lie
    assert re.search(told, failure(run))
    assert len(hub.requests) < 10


def test_a_listing_that_lies_about_a_size(hub: HubServer, run: Run) -> None:
    """A size that the storage contradicts is an error, not an answer."""
    hub.repos["a/b"].claimed = {f"{NAME}.gguf": 10**15}
    assert "but the server has" in failure(run)


def test_a_lying_header_is_asked_for_a_bounded_number_of_times(
    hub: HubServer, run: Run, tmp_path: Path
) -> None:
    """Metadata that makes every range useless is given up after a hundred requests."""
    writer = sparse.Gguf("<")
    entries = b"".join(writer.text_entry(f"k{i}", "x" * 3_000) for i in range(2_000))
    start = b"GGUF" + writer.pack("IQQ", 3, 0, 2_000)
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "x.gguf").write_bytes(start + entries)
    hub.repos["a/c"] = Repo(tmp_path / "r")
    assert "100 requests" in failure(run, "hf:a/c")
    assert len(hub.ranges) <= 100


def test_a_gated_repository(hub: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token it says where to accept the terms and how to log in; with one it answers."""
    hub.repos["a/b"].gated = True
    told = failure(run)
    assert "gated" in told
    assert f"{hub.url}/a/b" in told
    assert "hf auth login" in told
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert run("inspect", ADDRESS).code == 0


def test_a_password_in_the_endpoint_is_not_shown(
    hub: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_ENDPOINT may hold one; no message and no page's address does."""
    with_password = hub.url.replace("http://", "http://me:sesame@")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", with_password)
    hub.repos["a/b"].gated = True
    told = failure(run)
    assert f"{hub.url}/a/b" in told
    assert "sesame" not in told


def test_a_private_repository(hub: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told like a missing one; a token of a member opens it."""
    hub.repos["a/b"].private = True
    assert "public repository not found" in failure(run)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert run("inspect", ADDRESS).code == 0


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("hf:no/such", "public repository not found"),
        ("hf:a/b@v9", "revision not found"),
        (f"hf:a/b:{NAME}.ggu", "no file of a/b"),
    ],
)
def test_what_is_not_there(hub: HubServer, run: Run, address: str, told: str) -> None:
    """Repository, revision and file are told apart."""
    assert told in failure(run, address)


def test_a_token_goes_to_the_hub_alone(
    hub: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage, on another port of the same host, never sees it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert run("inspect", ADDRESS).code == 0
    assert {request.token for request in hub.requests if request.host == "hub"} == {True}
    assert {request.token for request in hub.requests if request.host == "storage"} == {False}


def test_a_token_is_not_sent_back_after_a_detour(
    hub: HubServer, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once an answer led to another host, what that host asks of the hub carries no token."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.detour = True
    run("inspect", ADDRESS)
    back = [request for request in hub.requests if "/detour/" in request.path]
    assert back
    assert not any(request.token for request in back)


@pytest.mark.parametrize("lie", [None, Lie.WHOLE_FILE, Lie.NOWHERE, Lie.GARBLED])
def test_a_token_is_never_shown_or_kept(
    hub: HubServer,
    run: Run,
    tmp_path: Path,
    lie: Lie | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither it nor the signature of a redirect is in output, errors, cache or any log."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    if lie:
        hub.lies[f"{NAME}.gguf"] = lie
    outputs: list[Ran] = [run("inspect", ADDRESS), run("inspect", ADDRESS, "--json")]
    said = "".join(ran.out + ran.err for ran in outputs)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN not in said + caplog.text + kept.decode("latin-1")
    assert "signature=secret" not in said + kept.decode("latin-1")


def test_a_busy_server_is_given_time(hub: HubServer, run: Run) -> None:
    """429 and 503 are waited out, as long as the server asks for."""
    hub.busy, hub.retry_after = 1, "1"
    begun = time.monotonic()
    assert run("inspect", ADDRESS).code == 0
    assert time.monotonic() - begun >= 1
    hub.broken = 2
    assert run("inspect", ADDRESS, "--no-cache").code == 0


def test_a_server_that_stays_busy(hub: HubServer, run: Run) -> None:
    """After a few tries, or when the wait would be long, the user sees the reason."""
    hub.busy = 10**6
    assert "fewer requests" in failure(run)
    assert len(hub.requests) == 3
    hub.forget()
    hub.retry_after = "3600"
    assert "try again in 3600 seconds" in failure(run)
    assert len(hub.requests) == 1


def test_a_dropped_connection_is_tried_again(hub: HubServer, run: Run) -> None:
    """One cut in the middle of a range doesn't end the reading."""
    hub.lies[f"{NAME}.gguf"] = Lie.CUT
    hub.lies_left = 1
    assert run("inspect", ADDRESS).code == 0


def test_offline_is_obeyed(hub: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE nothing is asked, and it is said."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in failure(run)
    assert not hub.requests


def test_a_server_that_is_not_there(
    hub: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection names the host and what to check."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert "can't reach 127.0.0.1" in failure(run)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "nonsense")
    assert run("inspect", ADDRESS).code == 2


def process(hub: HubServer, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """fitplan in a process of its own, with nothing but environment variables to go by."""
    usual = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-c", "from fitplan.cli.app import run; run()", "inspect", ADDRESS],
        env={**usual, **own, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_environment_is_that_of_huggingface_hub(hub: HubServer, tmp_path: Path) -> None:
    """HF_ENDPOINT is asked, with the token stored under HF_HOME; HF_HUB_OFFLINE stops it."""
    hub.repos["a/b"].private = True
    (tmp_path / "token").write_text(TOKEN)
    ran = process(hub, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "FLUX.2 Klein 4B" in ran.stdout
    assert {request.path.split("/")[1] for request in hub.requests} == {"api", "a"}
    assert all(request.agent.startswith("fitplan/") for request in hub.requests)
    hub.forget()
    assert process(hub, tmp_path, HF_HUB_OFFLINE="1").returncode == 3
    assert not hub.requests
