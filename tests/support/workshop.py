"""Where the commands of the documentation run: a folder with what they name, and a local hub.

models/       files with real headers and holes for data; the same in ComfyUI/models/unet/
settings/     a folder with invokeai.yaml
models.yaml   the shipped catalog, in a git repository with two commits
mine.yaml     the overlay of docs/catalog.md
"""

import contextlib
import io
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import hub_examples
import hub_server
from fitplan.catalog.reading import shipped_path
from fitplan.cli import main
from sparse import install

ROOT = Path(__file__).parent.parent.parent
_FILES = {
    "klein-4b-q8_0": "flux-2-klein-4b-Q8_0.gguf",
    "qwen3-4b-q8_0": "Qwen3-4B-Q8_0.gguf",
    "z-image-turbo-q8_0": "z_image_turbo-Q8_0.gguf",
    "flux2-vae-f32": "flux2-vae.safetensors",
    "flux1-fill-q5_k_m": "flux1-fill-dev-Q5_K_M.gguf",
    "t5-xxl-bnb-int8": "t5_bnb_int8",
    "clip-l-bf16": "clip-l",
}
"""Inventory → what the file or folder is called in `models/`."""
_SETTINGS = "schema_version: 4.0.2\n\n# Mine\nmax_cache_ram_gb: 8\n"


@dataclass(frozen=True)
class Printed:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Workshop:
    """A prepared folder; `patch` holds this process's settings for as long as it is open."""

    folder: Path
    patch: pytest.MonkeyPatch

    def run(self, *arguments: str, beside_models: bool = True, columns: int = 100) -> Printed:
        """Run fitplan in this process, beside `models/` or at the root of the checkout."""
        _write_small_files(self.folder)
        self.patch.setenv("COLUMNS", str(columns))
        with contextlib.chdir(self.folder if beside_models else ROOT):
            return _captured(arguments)


@contextlib.contextmanager
def workshop() -> Iterator[Workshop]:
    """A new workshop; everything is removed and reset at the end."""
    with (
        tempfile.TemporaryDirectory() as made,
        hub_examples.serving(Path(made) / "hub") as hub,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = Path(made) / "shop"
        for models in (folder / "models", folder / "ComfyUI" / "models" / "unet"):
            _install_models(models)
        hub_server.use(hub, patch, folder)
        for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder))
        for name in ("FITPLAN_CATALOG", "FORCE_COLOR", "INVOKEAI_ROOT"):
            patch.delenv(name, raising=False)
        _commit_twice(folder)
        yield Workshop(folder, patch)


def overlay() -> str:
    """The example overlay: the first YAML block of docs/catalog.md."""
    text = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert found
    return found[1]


def _captured(arguments: tuple[str, ...]) -> Printed:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    texts = (_text(stream) for stream in (out, err))
    return Printed(code, *texts)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def _install_models(folder: Path) -> None:
    for inventory, name in _FILES.items():
        install(inventory, folder).rename(folder / name)


def _write_small_files(folder: Path) -> None:
    (folder / "models.yaml").write_bytes(shipped_path().read_bytes())
    (folder / "mine.yaml").write_text(overlay(), encoding="utf-8")
    (folder / "settings").mkdir(exist_ok=True)
    (folder / "settings" / "invokeai.yaml").write_text(_SETTINGS, encoding="utf-8")


def _commit_twice(folder: Path) -> None:
    _write_small_files(folder)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    commit = (*author, "commit", "-q", "--allow-empty", "-m", "Catalog")
    for arguments in (("init", "-q"), ("add", "models.yaml"), commit, commit):
        subprocess.run(("git", *arguments), cwd=folder, env={**os.environ}, check=True)
