"""The README's examples: find them, run them, and (as a script) rewrite them."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
_EXAMPLE = re.compile(
    r"<!-- COLUMNS=(?P<columns>\d+) -->\n```console\n"
    r"\$ fitplan (?P<arguments>.*)\n(?P<output>(?:.*\n)*?)```\n"
)


@dataclass(frozen=True)
class Example:
    """One ```console block."""

    columns: str
    arguments: str
    output: str

    def run(self) -> str:
        """What fitplan prints now."""
        return _run(self.columns, self.arguments)


def _run(columns: str, arguments: str) -> str:
    program = [sys.executable, "-c", "from fitplan.cli.app import run; run()"]
    environment = {**os.environ, "COLUMNS": columns, "PYTHONIOENCODING": "utf-8"}
    environment.pop("FORCE_COLOR", None)
    done = subprocess.run(
        [*program, *shlex.split(arguments)],
        capture_output=True,
        env=environment,
        cwd=README.parent,
        check=False,
    )
    return done.stdout.decode("utf-8")


def examples() -> Iterator[Example]:
    """All examples, in order."""
    for found in _EXAMPLE.finditer(README.read_text(encoding="utf-8")):
        yield Example(**found.groupdict())


def shell_blocks() -> list[str]:
    """The ```sh blocks, in order."""
    return re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def _rewritten(found: re.Match[str]) -> str:
    output = _run(found["columns"], found["arguments"])
    head = f"<!-- COLUMNS={found['columns']} -->\n```console\n$ fitplan {found['arguments']}\n"
    return f"{head}{output}```\n"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(_EXAMPLE.sub(_rewritten, text), encoding="utf-8")
