"""Options of commands that read the hub, and the reader they make."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import usage_error

if TYPE_CHECKING:
    from fitplan.errors import FitplanError
    from fitplan.hub.address import Address
    from fitplan.hub.models import Found, Reader
    from fitplan.questions.edit.add import Published

NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Neither use nor keep headers read on the hub.")
]
RefreshOption = Annotated[
    bool, typer.Option("--refresh", help="Read headers on the hub again, and keep them.")
]


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """How the hub is read."""

    no_cache: bool = False
    refresh: bool = False

    def reader(self) -> "Reader":
        """A reader for the hub in use; usage error when the options contradict each other."""
        from fitplan.hub.headers_cache import HeadersCache, usual_folder
        from fitplan.hub.models import Reader
        from fitplan.hub.transport import Hub

        if self.no_cache and self.refresh:
            raise usage_error("--no-cache and --refresh exclude each other", "give one of them")
        hub = Hub()
        folder = None if self.no_cache else usual_folder()
        return Reader(hub, HeadersCache(folder, hub.endpoint, refresh=self.refresh))


def is_remote(text: str) -> bool:
    """Whether `text` names something on the hub: the only case in which the network is used."""
    return text.casefold().startswith(("hf:", "https:", "http:"))


def read(reader: "Reader", address: "Address") -> "list[Found]":
    """The models of `address`, with a progress bar on a terminal."""
    from fitplan.cli.progress import progress_bar

    with progress_bar(f"reading headers of {address.repository}") as on_progress:
        return reader.read(address, on_progress)


def published(text: str, options: RemoteOptions) -> "list[Published | FitplanError]":
    """The models at an address of the hub, as a catalog is told of them."""
    from fitplan.hub.address import parse
    from fitplan.questions.edit.remote import as_published

    reader = options.reader()
    return [as_published(found) for found in read(reader, parse(text, reader.hub.endpoint))]
