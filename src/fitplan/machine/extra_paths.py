"""ComfyUI's extra_model_paths.yaml: what ComfyUI makes of it, and a problem for all it can't use.

As ComfyUI 0.33.0 reads it (`utils/extra_config.py`): UTF-8; sections, each with folders as text,
one a line; `~` and variables in base_path only; a wrong section stops ComfyUI at its start.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fitplan.errors import FitplanError
from fitplan.machine import folders, safe_yaml
from fitplan.machine.paths import is_folder, is_windows_path, trouble
from fitplan.machine.places import Found, PlaceProblem
from fitplan.machine.small_file import read_small

MAX_BYTES = 2**20
KINDS: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("checkpoints",),
    "diffusion_models": ("diffusion_models", "unet"),
    "text_encoders": ("text_encoders", "clip"),
    "vae": ("vae",),
}
"""Kinds of models that are planned → their folders and keys, old names included."""
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}

_BASE = "base_path"
_MODELS = "download_model_base"
"""A whole models folder: ComfyUI Desktop's own, and where ComfyUI-Manager puts downloads."""
_STR = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_STOPS = "ComfyUI does not start with it"


def models_folder(path: Path) -> Found:
    """The models in a folder that is laid out as ComfyUI's own `models`."""
    found = Found()
    for name, kind in KIND_OF.items():
        if os.path.lexists(path / name):
            found += folders.find(path / name, "comfyui", kind, configs=False)
    return found


def find(file: Path) -> Found:
    """The models in the folders that `file` names; what ComfyUI can't use is a problem."""
    try:
        content = read_small(file, MAX_BYTES, "")
        root = safe_yaml.compose(content.decode("utf-8"))
    except FitplanError as error:
        return Found(problems=(PlaceProblem(file, error.message.removeprefix(f"{file}: ")),))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _problem(file, line, f"not UTF-8 text; {_STOPS}: save it as UTF-8")
    except yaml.YAMLError as error:
        place, message = safe_yaml.explain(error)
        where = place[0] if place else None
        cure = _yaml_cure(content.decode("utf-8").splitlines(), where)
        return _problem(file, where, f"invalid YAML: {message}; {_STOPS}{cure}")
    if not isinstance(root, yaml.MappingNode):
        return _problem(file, None, f"holds no section such as `comfyui:`; {_STOPS}")
    return _sections(file, root)


def _yaml_cure(lines: Sequence[str], number: int | None) -> str:
    """What most likely makes the YAML in that line valid; "" when there is no telling."""
    line = lines[number - 1] if number and number <= len(lines) else ""
    if "\t" in line:
        return ": indent with blanks, not tabs"
    if "\\" in line:
        return ": write a path of Windows with / or in single quotes"
    return ""


def _problem(file: Path, line: int | None, message: str) -> Found:
    where = f"line {line}: " if line else ""
    return Found(problems=(PlaceProblem(file, f"{where}{message}"),))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _sections(file: Path, root: yaml.MappingNode) -> Found:
    entries, found = _entries(file, root)
    loose = []
    for name, (key, value) in entries.items():
        if isinstance(value, yaml.MappingNode):
            found += _Section(file, name, key, value).find()
        elif value.tag != _NULL and value.value:
            loose.append((name, key))
    if loose:
        name, key = loose[0]
        more = f" (and {len(loose) - 1} more)" if len(loose) > 1 else ""
        cure = "indent it below a name such as `comfyui:`"
        found += _problem(
            file, _line(key), f"{name!r}{more} is outside a section; {_STOPS}: {cure}"
        )
    return found


def _entries(
    file: Path, node: yaml.MappingNode
) -> tuple[dict[str, tuple[yaml.Node, yaml.Node]], Found]:
    """Key → its node and its value's; of a repeated key the last counts, as for ComfyUI."""
    entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    found = Found()
    try:
        _flatten(node)
    except (yaml.YAMLError, RecursionError) as error:
        message = safe_yaml.explain(error)[1] if isinstance(error, yaml.YAMLError) else "endless"
        return {}, _problem(file, _line(node), f"invalid YAML: {message}; {_STOPS}")
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            found += _problem(file, _line(key), f"a list or mapping as a key; {_STOPS}")
            continue
        if key.value in entries:
            line = _line(entries[key.value][0])
            what = f"duplicate key {key.value!r}: only the one in line {_line(key)} counts"
            found += _problem(file, line, what)
        entries[key.value] = (key, value)
    return entries, found


def _flatten(node: yaml.MappingNode) -> None:
    """Put what merge keys name into the mapping; its own entries come last and so win."""
    own = [pair for pair in node.value if pair[0].tag != "tag:yaml.org,2002:merge"]
    if len(own) < len(node.value):
        safe_yaml.SafeLoader("").flatten_mapping(node)
        mine = {key.value for key, _ in own}
        node.value = [p for p in node.value if p in own or p[0].value not in mine]


@dataclass(frozen=True, slots=True)
class _Section:
    """One section of the file: folders, most of them relative to its base_path."""

    file: Path
    name: str
    key: yaml.Node
    node: yaml.MappingNode

    def find(self) -> Found:
        """The models in its folders."""
        entries, found = _entries(self.file, self.node)
        base = self._base(entries)
        if isinstance(base, Found):
            return found + base
        gone = _BASE in entries and not is_folder(base)
        if gone:
            node = entries[_BASE][1]
            found += _problem(self.file, _line(node), _missing(str(node.value), base))
        elif not entries.keys() - {_BASE, "is_default"}:
            found += _problem(self.file, _line(self.key), f"section {self.name!r} names no folder")
        for name, (key, value) in entries.items():
            if name in KIND_OF or name == _MODELS:
                found += self._folders(name, value, base, gone=gone)
            elif near := _misspelt(name):
                what = f"ComfyUI has no folder {name!r}; did you mean {near}?"
                found += _problem(self.file, _line(key), what)
        return found

    def _base(self, entries: Mapping[str, tuple[yaml.Node, yaml.Node]]) -> Path | Found:
        """The folder that the others are relative to: base_path, else the file's own."""
        beside = os.path.dirname(os.path.abspath(self.file))  # noqa: PTH100, PTH120
        if _BASE not in entries:
            return Path(beside)
        node = entries[_BASE][1]
        if not _is_text(node):
            return _problem(self.file, _line(node), f"base_path is {_what(node)}; {_STOPS}")
        written = os.path.expandvars(os.path.expanduser(node.value))  # noqa: PTH111
        return Path(os.path.join(beside, written))  # noqa: PTH118

    def _folders(self, name: str, node: yaml.Node, base: Path, *, gone: bool) -> Found:
        if not _is_text(node):
            cure = "write the folders as text, one a line below `|`"
            what = f"{name} is {_what(node)}; {_STOPS}: {cure}"
            return _problem(self.file, _line(node), what)
        found = Found()
        for number, written in _lines(node):
            if not gone or Path(written).is_absolute():
                found += self._folder(name, number, written, base / written)
        return found

    def _folder(self, name: str, line: int, written: str, path: Path) -> Found:
        if trouble(path) is not None:
            return _problem(self.file, line, _missing(written, path))
        below = _below(name, path)
        return below.or_problem(self.file, f"line {line}: {name}: no model files in {path}")


def _lines(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Every line of text that says something, with its number in the file."""
    first = _line(node) + (getattr(node, "style", "") == "|")
    for number, line in enumerate(str(node.value).split("\n"), first):
        if line.strip():
            yield number if getattr(node, "style", "") == "|" else first, line


def _below(name: str, path: Path) -> Found:
    if name == _MODELS:
        return models_folder(path)
    return folders.find(path, "comfyui", KIND_OF[name], configs=False)


def _missing(written: str, path: Path) -> str:
    """Why there is no folder `path`, which the file names as `written`."""
    if is_windows_path(written):
        return f"{written} is a Windows path; this system has no such folder"
    if written.startswith("~") or "$" in str(path):
        return f"{path}: not found; ComfyUI replaces ~ and known variables, in base_path only"
    if written != written.strip():
        return f"{written!r}: not found; ComfyUI takes the blanks around it for a part of the name"
    return f"{path}: {trouble(path) or 'not a folder'}"


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _STR


def _what(node: yaml.Node) -> str:
    """What a value is that should be text."""
    if isinstance(node, yaml.ScalarNode):
        return "empty" if node.tag == _NULL else f"{node.value[:40]}, not text"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


_OTHER_KEYS = frozenset(
    {
        "audio_encoders",
        "background_removal",
        "base_path",
        "classifiers",
        "clip_vision",
        "configs",
        "controlnet",
        "custom_nodes",
        "detection",
        "diffusers",
        "download_model_base",
        "embeddings",
        "gligen",
        "hypernetworks",
        "is_default",
        "latent_upscale_models",
        "loras",
        "model_patches",
        "photomaker",
        "style_models",
        "upscale_models",
        "vae_approx",
    }
)
"""Keys of files that are no denoiser, encoder, VAE or checkpoint, and settings."""


def _misspelt(name: str) -> str | None:
    """The key that `name` is most likely meant to be."""
    if name in _OTHER_KEYS:
        return None
    near: list[Any] = get_close_matches(name.casefold(), list(KIND_OF), n=1, cutoff=0.8)
    return near[0] if near else None
