"""Mutate what fitplan reads, and read it: `fuzz_readers.py [seconds] [seed] [target …]`.

Every outcome must be an answer or a FitplanError in one printable line. A run is told by its seed:
the same seed gives the same inputs in the same order. A find ends the run with exit code 1 and
leaves the input behind.
"""

import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import yaml

import sparse
from fitplan.accounting.weights import Tensor
from fitplan.catalog import reading
from fitplan.catalog.document import Document
from fitplan.catalog.schema import CatalogFile
from fitplan.errors import FitplanError
from fitplan.hub import headers_cache, listing
from fitplan.hub.problems import HubSubject
from fitplan.hub.transport import Reply
from fitplan.machine import comfyui, invokeai, settings
from fitplan.questions.check.checking import check
from fitplan.questions.edit.format import rewritten
from fitplan.readers import read

SECONDS = 60
SLOW = 20.0
"""Seconds that no single input may take, on a busy machine too."""
_HEADER = 1 << 16


@dataclass(frozen=True)
class Target:
    """One reader: sound inputs, and how it is given one that isn't."""

    name: str
    sound: tuple[bytes, ...]
    read: Callable[[bytes], object]


def targets(folder: Path) -> Iterator[Target]:
    """Every reader of something a stranger wrote."""
    yield from _headers(folder)
    yield from _folders(folder)
    yield from _texts(folder)
    yield from _programs(folder)
    yield from _hub()


def _headers(folder: Path) -> Iterator[Target]:
    """GGUF and safetensors files: the header changes, the data are a hole."""
    for names, suffix in (
        (("klein-4b-q8_0", "qwen-image-q4km-r2"), ".gguf"),
        (("klein-4b-fp8-r2", "t5-bfloat16-r2"), ".safetensors"),
    ):
        paths = [sparse.install(name, folder / "sound") for name in names]
        files = [path if path.is_file() else next(path.rglob("*.safetensors")) for path in paths]
        size = max(file.stat().st_size for file in files)
        path = folder / f"mutated{suffix}"
        sound = tuple(file.open("rb").read(_HEADER) for file in files)
        yield Target(suffix, sound, partial(_file, path, size))


def _file(path: Path, size: int, raw: bytes) -> object:
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(max(size, len(raw)))
    return read(path)


def _folders(folder: Path) -> Iterator[Target]:
    """The JSON beside weights: config, pipeline, index of shards."""
    small = [Tensor(f"a.{i}", (4, 4), "F32") for i in range(4)]
    pipeline = sparse.write_pipeline(folder / "pipe", "FluxPipeline", {"transformer": small})
    sharded = sparse.write_folder(folder / "shards", small, {"torch_dtype": "bfloat16"}, parts=2)
    places = [
        (pipeline, "model_index.json"),
        (pipeline, "transformer/config.json"),
        (sharded, "config.json"),
        (sharded, "model.safetensors.index.json"),
    ]
    for root, name in places:
        file = root / name
        yield Target(name, (file.read_bytes(),), partial(_beside, file, root))


def _beside(file: Path, root: Path, raw: bytes) -> object:
    sound = file.read_bytes()
    file.write_bytes(raw)
    try:
        return read(root)
    finally:
        file.write_bytes(sound)


def _texts(folder: Path) -> Iterator[Target]:
    """Catalogs: loaded, checked and formatted; settings: edited."""
    catalog = reading.shipped_path().read_bytes()
    parts = yaml.safe_load(catalog)
    first = {
        key: dict(list(value.items())[:2]) if isinstance(value, dict) else value
        for key, value in parts.items()
    }
    small = yaml.safe_dump(first, sort_keys=False, allow_unicode=True).encode()
    yield Target("catalog", (small[:20_000], small[:3_000], catalog[:4_000]), _catalog)
    text = b"# mine\nhost: 0.0.0.0\nmax_cache_ram_gb: 3  # small\nlog: [a, {b: 1}]\n"
    path = folder / "settings" / "invokeai.yaml"
    path.parent.mkdir()
    yield Target("settings", (text, text.replace(b"\n", b"\r\n")), lambda raw: _settings(path, raw))


def _catalog(raw: bytes) -> None:
    document = Document(raw.decode("utf-8", "replace"), "mutated")
    check([document], lambda: CatalogFile(version=1))
    for use in (rewritten, lambda document: reading.parse(document.text)):
        try:
            use(document)
        except FitplanError as error:
            _assert_clear(error)


def _settings(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    try:
        settings.write_setting(path, "max_cache_ram_gb", "14")
    finally:
        for other in path.parent.iterdir():
            other.unlink()


def _programs(folder: Path) -> Iterator[Target]:
    """What ComfyUI and InvokeAI keep: paths, settings, a database."""
    comfy, invoke = folder / "comfy", folder / "invoke"
    (comfy / "models" / "vae").mkdir(parents=True)
    (invoke / "databases").mkdir(parents=True)
    extra = b"a:\n  base_path: /nowhere\n  vae: models/vae\n  clip: |\n    x\n    y\nb: [1, 2]\n"
    yield Target("extra paths", (extra,), _reads(comfy / "extra_model_paths.yaml", comfyui.find))
    database = invoke / "databases" / "invokeai.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE models (id TEXT, config TEXT)")
        row = json.dumps({"name": "a", "path": "a.gguf"})
        connection.executemany("INSERT INTO models VALUES (?, ?)", [(i, row) for i in range(20)])
    connection.close()
    own = b"schema_version: 4.0.2\nmodels_dir: models\ndb_dir: databases\n"
    yield Target("invokeai.yaml", (own,), _reads(invoke / "invokeai.yaml", invokeai.find))
    yield Target("invokeai.db", (database.read_bytes(),), _reads(database, invokeai.find, 2))


def _reads(file: Path, find: Callable[[Path], object], up: int = 1) -> Callable[[bytes], object]:
    """Write a file, find models in the folder `up` levels above, and put back what was there."""

    def run(raw: bytes) -> object:
        sound = file.read_bytes() if file.exists() else b""
        file.write_bytes(raw)
        try:
            return find(file.parents[up - 1])
        finally:
            file.write_bytes(sound)

    return run


def _hub() -> Iterator[Target]:
    """Answers of the hub's API, links between its pages, entries of the cache."""
    subject = HubSubject("hf:a/b", "https://hub.example/a/b")
    siblings = [{"rfilename": f"a/{i}.gguf", "size": i, "lfs": {"size": i}} for i in range(9)]
    info = {"id": "a/b", "sha": "0" * 40, "lastModified": "2026-01-01", "siblings": siblings}
    sound = json.dumps(info).encode()
    yield Target("listing", (sound,), lambda raw: listing._info(Reply(200, {}, raw, ""), subject))
    tensors = [["a.weight", "F32", 4, 4], ["b", "BF16"]]
    entry = {
        "version": headers_cache.VERSION,
        "container": "gguf",
        "file_bytes": 99,
        "file_type": 1,
        "metadata": {"a": [1]},
        "tensors": tensors,
    }
    yield Target("cache", (json.dumps(entry).encode(),), _cached)


def _cached(raw: bytes) -> object:
    with tempfile.TemporaryDirectory() as name:
        cache = headers_cache.HeadersCache(Path(name), "")
        entry = cache._entry(Path(name), "a/b", "c", key := cache._key("a/b", "c", "f"))
        entry.parent.mkdir(parents=True)
        entry.write_bytes(headers_cache._sealed(raw, key))
        return cache.find("a/b", "c", "f", Path("f"))


_WORDS = (
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 30, b"9" * 5000, b'""', b"[]", b"{}"),
    *(
        b"[" * 500,
        b"{" * 300,
        b"- " * 200,
        b"&a ",
        b"*a",
        b"!!int ",
        b"!!python/object:os.x ",
        b"|\n",
    ),
    *(b"!!timestamp x", b"!!binary x", b"2024-13-45", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"\r\n"),
    *(
        b"\\ud800",
        b"\x1b[31m",
        "\u202e".encode(),
        "\u2028".encode(),
        b"? ",
        b": ",
        b"<<: ",
        b"%TAG ! ",
    ),
    *(b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7, (2**32).to_bytes(8, "little"), b"../", b"~x/"),
)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """`content` with a few pieces replaced, removed, repeated or put in."""
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(content) + 1)
        end = at + chance.choice((0, 0, 1, 1, 4, 8, 40))
        match chance.randrange(5):
            case 0:
                piece = chance.randbytes(chance.choice((1, 2, 8)))
            case 1:
                piece = (
                    bytes([content[at] ^ 1 << chance.randrange(8)]) if at < len(content) else b""
                )
                end = at + 1
            case 2:
                start = chance.randrange(len(content) + 1)
                piece = content[start : start + chance.choice((1, 8, 60, 400))]
            case 3:
                piece = b""
            case _:
                piece = chance.choice(_WORDS)
        content = content[:at] + piece + content[end:]
    return content if chance.randrange(20) else content[: chance.randrange(len(content) + 1)]


def _assert_clear(error: FitplanError) -> None:
    assert error.message, "an error says what is wrong"
    assert error.message.isprintable(), "an error is one printable line"


def attempt(target: Target, raw: bytes) -> None:
    """Read `raw`; raises what isn't an answer or a clear error, or came too late."""
    begun = time.monotonic()
    try:
        target.read(raw)
    except FitplanError as error:
        _assert_clear(error)
    assert time.monotonic() - begun < SLOW, "too slow"


def run(seconds: float, seed: int, names: Collection[str]) -> int:
    """Read mutated inputs for so long, with the readers of these names or all; the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    every = [target for target in targets(folder) if not names or target.name in names]
    counts = dict.fromkeys((target.name for target in every), 0)
    until = time.monotonic() + seconds
    number = 0
    while time.monotonic() < until:
        target = every[number % len(every)]
        chance = random.Random(f"{seed} {number}")
        raw = mutated(chance.choice(target.sound), chance)
        number += 1
        counts[target.name] += 1
        try:
            attempt(target, raw)
        except Exception:
            kept = folder / "find"
            kept.write_bytes(raw)
            traceback.print_exc()
            sys.stdout.write(f"{target.name}: input {number} of seed {seed}, kept in {kept}\n")
            return 1
    shutil.rmtree(folder)
    sys.stdout.write("".join(f"{count:8} {name}\n" for name, count in counts.items()))
    return 0


if __name__ == "__main__":
    given = sys.argv[1:]
    seed = int(given[1]) if len(given) > 1 else random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    sys.exit(run(float(given[0]) if given else SECONDS, seed, given[2:]))
