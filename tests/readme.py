"""The README's examples: find them, run them, and (as a script) rewrite them.

An example marked FILES runs beside a folder `models` of header-true files, large on paper only;
one marked HUB talks to a hub on this machine.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

import hub_examples
from sparse import install

README = Path(__file__).parent.parent / "README.md"
_EXAMPLE = re.compile(
    r"<!-- COLUMNS=(?P<columns>\d+)(?P<files> FILES| HUB)? -->\n```console\n"
    r"\$ fitplan (?P<arguments>.*)\n(?P<output>(?:.*\n)*?)```\n"
)
_FILES = {
    "klein-4b-q8_0": "flux-2-klein-4b-Q8_0.gguf",
    "qwen3-4b-q8_0": "Qwen3-4B-Q8_0.gguf",
    "z-image-turbo-q8_0": "z_image_turbo-Q8_0.gguf",
    "flux2-vae-f32": "flux2-vae.safetensors",
    "flux1-fill-q5_k_m": "flux1-fill-dev-Q5_K_M.gguf",
    "t5-xxl-bnb-int8": "t5_bnb_int8",
    "clip-l-bf16": "clip-l",
}
"""Inventory → what the file or folder of the example is called."""


@dataclass(frozen=True)
class Example:
    """One ```console block."""

    columns: str
    files: str | None
    arguments: str
    output: str

    def run(self) -> str:
        """What fitplan prints now."""
        if not self.files:
            return _run(self, README.parent)
        if self.files == " HUB":
            with hub_examples.environment() as hub:
                return _run(self, README.parent, hub)
        with tempfile.TemporaryDirectory() as made:
            for inventory, name in _FILES.items():
                install(inventory, Path(made) / "models").rename(Path(made) / "models" / name)
            return _run(self, Path(made))


def _run(example: Example, folder: Path, more: Mapping[str, str] | None = None) -> str:
    program = [sys.executable, "-c", "from fitplan.cli.app import run; run()"]
    environment = {**os.environ, "COLUMNS": example.columns, "PYTHONIOENCODING": "utf-8"}
    environment |= more or {}
    environment.pop("FORCE_COLOR", None)
    command = [*program, *shlex.split(example.arguments)]
    done = subprocess.run(command, capture_output=True, env=environment, cwd=folder, check=False)
    return done.stdout.decode("utf-8")


def examples() -> Iterator[Example]:
    """All examples, in order."""
    for found in _EXAMPLE.finditer(README.read_text(encoding="utf-8")):
        yield Example(**found.groupdict())


def shell_blocks() -> list[str]:
    """The ```sh blocks, in order."""
    return re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def _rewritten(found: re.Match[str]) -> str:
    example = Example(**found.groupdict())
    return f"{found[0][: -len(example.output) - 4]}{example.run()}```\n"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(_EXAMPLE.sub(_rewritten, text), encoding="utf-8")
