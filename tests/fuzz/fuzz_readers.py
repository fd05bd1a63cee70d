"""A long run of byte mutations over headers of real inventories; started by hand.

python tests/fuzz/fuzz_readers.py [examples]
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_readers_fuzz import complaint

import sparse

SEEDS = ("klein-4b-q8_0", "qwen-image-q4km-r2", "klein-4b-fp8-r2", "t5-bfloat16-r2")
"""Inventories whose headers are mutated: two GGUF, two safetensors."""
HEADER = 1 << 16

edits = st.lists(
    st.tuples(st.integers(0, HEADER), st.integers(0, 64), st.binary(max_size=64)),
    min_size=1,
    max_size=12,
)


def valid_files(folder: Path) -> list[tuple[bytes, int]]:
    """The first bytes and the length of a valid file of each seed."""
    paths = []
    for name in SEEDS:
        content = sparse.inventory(name)
        write: Callable[..., Path] = (
            sparse.write_gguf if content.format == "gguf" else sparse.write_safetensors
        )
        paths.append(write(folder / name, content.tensors))
    return [(path.open("rb").read(HEADER), path.stat().st_size) for path in paths]


def run(examples: int) -> None:
    """Mutate, read, and let anything but FitplanError through."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        valid = valid_files(folder)
        path = folder / "mutated"

        @settings(
            max_examples=examples,
            deadline=5000,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(which=st.integers(0, len(valid) - 1), edits=edits)
        def mutate(which: int, edits: list[tuple[int, int, bytes]]) -> None:
            content, size = valid[which]
            for at, removed, inserted in edits:
                at %= max(len(content), 1)
                content = content[:at] + inserted + content[at + removed :]
            with path.open("wb") as file:
                file.write(content)
                file.truncate(max(size, len(content)))
            message = complaint(path)
            assert message.startswith(str(path))
            assert message.isprintable()

        mutate()


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
