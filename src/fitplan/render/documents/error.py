"""What JSON mode answers in place of a document when something is wrong."""

from typing import Literal

from typing_extensions import TypedDict

from fitplan.render.documents.parts import ErrorEntry


class ErrorDocument(TypedDict):
    """An error; the exit code says of which kind, too."""

    schema: Literal["fitplan.error/1"]
    error: ErrorEntry
