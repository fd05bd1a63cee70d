"""The fuzzers run: a moment of each, with fixed seeds. The minute is CI's."""

import subprocess
import sys

import pytest

from places import TESTS

pytestmark = pytest.mark.slow

FILES = (".gguf", ".safetensors", "config.json", "model.safetensors.index.json")
TEXTS = ("listing", "cache")


@pytest.mark.parametrize(
    "command",
    [("fuzz_readers.py", "3", "5", *FILES, *TEXTS), ("kill_writers.py", "8", "5")],
    ids=lambda command: command[0],
)
def test_a_moment_of(command: tuple[str, ...]) -> None:
    """It finds nothing, and says its seed."""
    script, *words = command
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzz" / script), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("seed 5")
