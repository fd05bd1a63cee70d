"""What a server's refusals and lies mean to a user: one line and its cure, exit code 3.

No message holds a header, a body, or more of an address than its host: signed addresses are keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fitplan.errors import FitplanError, file_error
from fitplan.readers.source import shown

LATER = "try again in a few minutes"
DISTRUST = "the server or a proxy before it misbehaves: try again later, or another HF_ENDPOINT"


@dataclass(frozen=True, slots=True)
class HubSubject:
    """What was asked for, and of whom."""

    what: str
    """As a user names it: `hf:OWNER/REPO:FILE`."""
    page: str
    """The repository's page, without what HF_ENDPOINT may say of a user and password."""

    def error(self, message: str, hint: str) -> FitplanError:
        """An error about it."""
        return file_error(f"{shown(self.what)}: {message}", hint)


def host_of(url: str) -> str:
    """The host of an address as one harmless word."""
    try:
        return shown(urlsplit(url).hostname or "?")
    except ValueError:
        return "?"


def refusal(
    status: int, headers: Mapping[str, str], subject: HubSubject, logged_in: bool
) -> FitplanError:
    """The error for an answer that is neither success nor redirect."""
    code = headers.get("x-error-code", "")
    if code == "GatedRepo" or (status == 403 and not code):
        return _gated(subject, logged_in)
    if code == "RepoNotFound" or (status in (401, 404) and not code):
        return _missing(subject, logged_in)
    if code == "RevisionNotFound":
        return subject.error("revision not found", f"see the branches on {subject.page}")
    if code == "EntryNotFound":
        return subject.error("file not found", f"see the files on {subject.page}")
    if status in (401, 403):
        return subject.error("the server forbids it", "check your token's rights, or log in again")
    if status == 416:
        return subject.error("is shorter than the hub's listing says", LATER)
    if status == 429:
        return subject.error("the server asks for fewer requests", LATER)
    if status >= 500:
        return subject.error(f"the server has trouble (HTTP {status})", LATER)
    return subject.error(f"the server answers with HTTP {status}", DISTRUST)


def refused_by_storage(status: int, url: str, subject: HubSubject) -> FitplanError:
    """The hub has agreed, the host it sends us to has not."""
    return subject.error(f"{host_of(url)}, where the hub keeps it, answers HTTP {status}", LATER)


def _gated(subject: HubSubject, logged_in: bool) -> FitplanError:
    accept = f"accept its terms on {subject.page}"
    if logged_in:
        return subject.error("is gated, and your account has no access yet", accept)
    cure = f"{accept}, then log in with `hf auth login` or set HF_TOKEN"
    return subject.error("is gated: its owner wants to know who reads it", cure)


class MissingError(FitplanError):
    """The repository does not exist, or this user has no access."""


def _missing(subject: HubSubject, logged_in: bool) -> FitplanError:
    what, cure = "repository not found for your account", "check its name and your token"
    if not logged_in:
        what = "public repository not found"
        cure = "check its name; if it is private, log in with `hf auth login` or set HF_TOKEN"
    error = subject.error(what, cure)
    return MissingError(error.kind, error.message, error.hint)


def waited(subject: HubSubject, seconds: float) -> FitplanError:
    """The server wants a longer pause than anybody would sit through."""
    cure = f"try again in {seconds:.0f} seconds, or log in: members may ask more often"
    return subject.error("the server asks for fewer requests", cure)


def silent(subject: HubSubject, url: str) -> FitplanError:
    """Nothing came, or too slowly."""
    return subject.error(f"{host_of(url)} does not answer in time", f"check the network; {LATER}")


def unreachable(subject: HubSubject, url: str) -> FitplanError:
    """No connection, or one that broke."""
    return subject.error(
        f"can't reach {host_of(url)}", "check the network, HF_ENDPOINT and proxies"
    )


def offline(subject: HubSubject) -> FitplanError:
    """The user forbade the network."""
    cure = "unset it to read headers on the hub, or name a local file"
    return subject.error("HF_HUB_OFFLINE is set", cure)


def lie(subject: HubSubject, message: str) -> FitplanError:
    """The server's answer contradicts itself, the protocol, or its own listing."""
    return subject.error(message, DISTRUST)
