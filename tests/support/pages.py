"""The documentation's pages: find their commands, run them, rewrite their output.

An example is a ```console block behind a comment `<!-- COLUMNS=100 -->`; one marked FILES runs
beside a folder `models` of header-true files, large on paper only; one marked HUB talks to a hub on
this machine. A mention is a command in a sentence, a table or an indented line; words in capitals
stand for something the reader puts there. What can't be run here is marked
`<!-- not run: reason -->` right behind.
"""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop import ROOT, Workshop

README = ROOT / "README.md"
PAGES = (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_EXAMPLE = re.compile(
    r"<!-- COLUMNS=(?P<columns>\d+)(?P<needs> FILES| HUB)? -->\n```console\n"
    r"\$ fitplan (?P<arguments>.*)\n(?P<output>(?:.*\n)*?)```\n"
)
_FENCED = re.compile(r"^```.*?^```\n", flags=re.DOTALL | re.MULTILINE)
_MENTION = re.compile(
    r"(?:`fitplan(?P<inline>\s[^`]*)?`|^ {4}fitplan (?P<indented>.*)$)"
    r"(?P<not_run>\s*<!-- not run: [^>]+-->)?",
    flags=re.MULTILINE,
)
_STAND_INS = {
    "FILE-OR-hf:ADDRESS": "models/z_image_turbo-Q8_0.gguf",
    "hf:OWNER/REPO": "hf:someone/FLUX.2-klein-9B-GGUF",
    "FILE": "models/z_image_turbo-Q8_0.gguf",
    "MODEL": "'Klein 9B'",
    "DENOISER": "Q5_K_M",
    "ENCODER": "Q4_K_M",
    "ROOT": "settings",
    "URL": "https://huggingface.co/someone/Files",
    "ID": "https://huggingface.co/someone/Files",
    "DATE": "2026-06-01",
    "NAME": "'RTX 4090'",
}
"""Word in capitals → what the tests put there."""


@dataclass(frozen=True)
class Example:
    """One ```console block."""

    columns: str
    needs: str | None
    arguments: str
    output: str

    def run(self, shop: Workshop) -> str:
        """What fitplan prints now; with the slashes of the pages, whatever the system's are."""
        arguments = shlex.split(self.arguments)
        beside = self.needs == " FILES"
        printed = shop.run(*arguments, beside_models=beside, columns=int(self.columns))
        return printed.out.replace(os.sep, "/")


@dataclass(frozen=True)
class Mention:
    """A command in a sentence, a table or an indented line."""

    page: str
    text: str
    runs: bool

    @property
    def arguments(self) -> list[str]:
        """What stands behind `fitplan`, with something real for words in capitals."""
        words = "|".join(map(re.escape, _STAND_INS))
        pattern = rf"(?<![\w'\"-])(?:{words})(?![\w/])"
        return shlex.split(re.sub(pattern, lambda found: _STAND_INS[found[0]], self.text))

    def __str__(self) -> str:
        return f"{self.page}: fitplan {self.text}"


def examples() -> Iterator[Example]:
    """All examples of all pages, in order."""
    for page in PAGES:
        for found in _EXAMPLE.finditer(text_of(page)):
            yield Example(**found.groupdict())


def mentions() -> Iterator[Mention]:
    """All commands outside of examples; each once a page."""
    for page in PAGES:
        found = _MENTION.finditer(_FENCED.sub("", text_of(page)))
        yield from dict.fromkeys(_mention(page, hit) for hit in found)


def _mention(page: Path, found: re.Match[str]) -> Mention:
    text = " ".join((found["inline"] or found["indented"] or "").split())
    return Mention(page.relative_to(ROOT).as_posix(), text, runs=not found["not_run"])


def inline_code(page: Path) -> list[str]:
    """What a page shows as code within its sentences and tables."""
    return re.findall(r"`([^`]+)`", _FENCED.sub("", text_of(page)))


def shell_blocks() -> list[str]:
    """The README's ```sh blocks, in order."""
    return re.findall(r"```sh\n(.*?)```", text_of(README), flags=re.DOTALL)


def text_of(page: Path) -> str:
    """A page as text."""
    return page.read_text(encoding="utf-8")


def rewrite(page: Path, shop: Workshop) -> None:
    """Put what fitplan prints now into every example of a page."""

    def rewritten(found: re.Match[str]) -> str:
        example = Example(**found.groupdict())
        return f"{found[0][: -len(example.output) - 4]}{example.run(shop)}```\n"

    page.write_text(_EXAMPLE.sub(rewritten, text_of(page)), encoding="utf-8", newline="\n")
