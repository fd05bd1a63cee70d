"""Every command of fitplan, found in the program itself, with a line that gets an answer."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from fitplan.cli.app import app
from hub_examples import KLEIN, serving
from sparse import install

PROGRAM = [sys.executable, "-m", "fitplan"]

PLAN = "plan"
"""What the command without a name is called here."""


def names() -> list[str]:
    """The name of every command, groups written out: "catalog add"."""
    return [PLAN, *_below(typer.main.get_command(app), "")]


def _below(group: Any, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def lines(folder: Path) -> Mapping[str, list[str]]:
    """Arguments per command that get an answer (exit code 0 or 1); files are put into `folder`.

    `fit` asks the hub of `hub_examples`.
    """
    gguf = str(install("klein-4b-q8_0", folder))
    own = folder / "own.yaml"
    own.write_text("version: 1\nsources:\n  mine:\n    title: My own\n", encoding="utf-8")
    pair = ["Klein 4B", "Q8_0", "Q8_0"]
    component = ["--component", "flux2-klein-4b"]
    exact = ["Klein 4B", "unsloth/Q8_0", "unsloth/Q8_0"]
    measured = ["--cache", "8.5", "--runtime", "invokeai@6.12", "--date", "2026-04-07"]
    return {
        PLAN: ["--ram", "14"],
        "explain": ["explain", *pair],
        "check": ["check", str(own)],
        "compare": ["compare", *pair, "--ram", "14"],
        "inspect": ["inspect", gguf],
        "fit": ["fit", f"hf:{KLEIN}", "--ram", "14"],
        "scan": ["scan", str(folder)],
        "train": ["train", "--vram", "12", "--ram", "16"],
        "verify": ["verify", gguf],
        "need": ["need", "Klein 4B"],
        "pack": ["pack", "--ram", "14"],
        "setup": ["setup", "--ram-total", "16", "--vram", "12"],
        "catalog list": ["catalog", "list"],
        "catalog show": ["catalog", "show", "klein 4b"],
        "catalog add": [
            "catalog",
            "add",
            gguf,
            *component,
            "--source",
            "https://huggingface.co/someone/a",
        ],
        "catalog observe": ["catalog", "observe", *exact, *measured, "--source", "https://a.org/b"],
        "catalog diff": ["catalog", "diff", str(own), str(own)],
        "catalog format": ["catalog", "format", str(own), "--check"],
    }


@contextlib.contextmanager
def hub() -> Iterator[dict[str, str]]:
    """An environment in which `hub_examples` is the hub."""
    with tempfile.TemporaryDirectory() as made, serving(Path(made) / "hub") as server:
        own = {"HF_ENDPOINT": server.url, "HF_HOME": made, "XDG_CACHE_HOME": made}
        yield {**os.environ, **own}


def fitplan(
    arguments: list[str], environment: Mapping[str, str] | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run fitplan as a process of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, text=True, check=False, timeout=60, env=environment, **options)
