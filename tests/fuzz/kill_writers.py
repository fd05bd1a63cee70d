"""Kill every command that writes a file, at random: `kill_writers.py [times] [seed]`.

Whenever a process dies, its file must be the old one or the new one, and the next run must leave
nothing behind. The commands run in forks of this process, so that most kills fall into their work.
"""

import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import killing
import sparse
from fitplan.cli import main

OLD_SETTINGS = b"# mine\nhost: 0.0.0.0\nmax_cache_ram_gb: 3  # small\n"
OLD_CATALOG = b"version: 1\n# mine\nsources:\n  a: {title: A, url: 'https://example.com/a'}\n"


def commands(folder: Path) -> Iterator[tuple[str, Path, bytes, Callable[[], int]]]:
    """Name, file, its old content, and the command that writes it."""
    root = folder / "root"
    root.mkdir()
    settings, catalog = root / "invokeai.yaml", folder / "catalog" / "models.yaml"
    catalog.parent.mkdir()
    model = sparse.write_safetensors(
        folder / "ae.safetensors", sparse.inventory("flux1-ae-f32").tensors
    )
    add = ["catalog", "add", str(model), "--publisher", "somebody", "--to", str(catalog)]
    yield "setup", settings, OLD_SETTINGS, _command("setup", "--ram-total", "16", "--write", root)
    yield "format", catalog, OLD_CATALOG, _command("catalog", "format", catalog)
    yield (
        "format --backup",
        catalog,
        OLD_CATALOG,
        _command("catalog", "format", catalog, "--backup"),
    )
    observe = ["catalog", "observe", "FLUX.2 Klein 9B", "Q5_K_M", "Q4_K_M", "--cache", "13.80"]
    observe += ["--runtime", "invokeai@6.12", "--source", "a", "--date", "2026-01-01"]
    yield "observe", catalog, OLD_CATALOG, lambda: _again([*observe, "--to", str(catalog)])
    yield "add", catalog, OLD_CATALOG, lambda: _again(add)


def _again(arguments: list[str]) -> int:
    """Adding what is there already, or seen already, is refused: as good as done."""
    main(arguments)
    return 0


def _command(*words: object) -> Callable[[], int]:
    return lambda: main([str(word) for word in words])


def run(times: int, seed: int) -> None:
    """Kill each command so many times."""
    with tempfile.TemporaryDirectory() as name:
        for what, path, old, write in commands(Path(name)):
            ends = killing.kill_at_random(path, old, write, times, seed)
            sys.stdout.write(f"{what}: {times} killed, {len(ends)} different ends\n")
            assert len(ends) <= 2, ends
            for stray in path.parent.iterdir():
                stray.unlink()


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    seed = given[1] if len(given) > 1 else random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    run(given[0] if given else 125, seed)
