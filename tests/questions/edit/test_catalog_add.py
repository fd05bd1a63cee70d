"""`fitplan catalog add`: entries that load, and files in which only they are new."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogs import shipped
from cli import Run
from fitplan.accounting.weights import Container, Tensor
from fitplan.catalog import reading
from fitplan.catalog import text as editing
from fitplan.catalog.document import Document
from fitplan.catalog.text import deviations
from fitplan.errors import FitplanError
from fitplan.questions.edit import placing
from fitplan.questions.edit.add import Wanted, add
from fitplan.questions.edit.entry import Entry
from fitplan.questions.edit.file_name import FileName
from sparse import NAMES, install, inventory, write_gguf, write_safetensors

pytestmark = pytest.mark.slow

SHIPPED = reading.shipped_path().read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every inventory as the file or folder that was measured."""
    folder = tmp_path_factory.mktemp("models")
    return {name: install(name, folder / name) for name in NAMES}


def overlay(path: Path, **wanted: str) -> str:
    """The overlay that adding `path` prints."""
    document = Document(placing.EMPTY, "overlay")
    found = add([path], document, shipped(), Wanted(**{"publisher": "somebody", **wanted}))
    for error in found.refused:
        raise error
    return found.text


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_the_header_says(files: dict[str, Path], name: str) -> None:
    """Laid over the shipped catalog it loads: one more file, with the tensors' exact bytes."""
    text = overlay(files[name])
    assert deviations(text) == []
    merged = reading.parse_over(shipped(), text)
    known = {file.id for id in shipped().file.components for file in shipped().files(id)}
    new = [f for id in merged.file.components for f in merged.files(id) if f.id not in known]
    assert len(new) == 1
    assert new[0].publisher == "somebody"
    assert new[0].basis == "published"
    assert new[0].weights.tensor_bytes == inventory(name).tensor_bytes
    assert 0 < new[0].weights.file_bytes - new[0].weights.tensor_bytes < 300_000
    assert new[0].weights.family


@pytest.mark.parametrize("name", ["klein-4b-fp8-r2", "qwen3-4b-q8_0", "wan21-vae-f32"])
def test_only_new_lines_come_into_the_file(files: dict[str, Path], name: str) -> None:
    """All lines of the shipped catalog stay, in order; the result loads and is canonical."""
    document = Document(SHIPPED, "models.yaml")
    found = add([files[name]], document, shipped(), Wanted(publisher="somebody"))
    assert not found.refused
    old, new = SHIPPED.splitlines(), iter(found.text.splitlines())
    assert all(line in new for line in old)
    assert len(found.text.splitlines()) - len(old) <= 24
    assert deviations(found.text) == []
    assert len(reading.parse(found.text).file.components) >= len(shipped().file.components)


def test_many_files_go_into_one_catalog(files: dict[str, Path]) -> None:
    """One after another: as many new files, and all that was there."""
    document = Document(SHIPPED, "models.yaml")
    names = NAMES[::4]
    found = add([files[name] for name in names], document, shipped(), Wanted(publisher="somebody"))
    refused = [error.message for error in found.refused]
    assert all("already" in message for message in refused)
    assert len(found.entries) + len(refused) == len(names)
    catalog = reading.parse(found.text)
    known = [f.id for id in shipped().file.components for f in shipped().files(id)]
    ids = [file.id for id in catalog.file.components for file in catalog.files(id)]
    assert set(ids) == {*known, *(entry.id for entry in found.entries)}
    assert len(ids) == len(set(ids))
    new = iter(found.text.splitlines())
    assert all(line in new for line in SHIPPED.splitlines())
    assert deviations(found.text) == []


def test_every_entry_passes_check(run: Run, files: dict[str, Path], tmp_path: Path) -> None:
    """An overlay with all inventories, each by a publisher of its own, has no error."""
    to = tmp_path / "all.yaml"
    document = Document(placing.EMPTY, str(to))
    for name in NAMES:
        found = add([files[name]], document, shipped(), Wanted(publisher=name))
        assert not found.refused
        document = Document(found.text, str(to))
    to.write_text(document.text, encoding="utf-8")
    ran = run("check", str(to))
    assert ran.code == 0, ran.out


def test_a_removed_line_comes_back_where_it_was() -> None:
    """Taking a published file out and putting its entry in restores the text to the byte."""
    everything = SHIPPED.splitlines(keepends=True)
    lines = [number for number in range(len(everything)) if _one_of_several(everything, number)]
    for number in random.Random(1).sample(lines, 12):
        component, release = _release_at(number)
        variant = yaml.safe_load(everything[number])[0]
        without = "".join(everything[:number] + everything[number + 1 :])
        assert placing.with_entry(without, _entry_of(component, release, variant)) == SHIPPED


def _one_of_several(lines: list[str], number: int) -> bool:
    """Whether a line is a variant beside others that says nothing but quantization and bytes."""
    start = "          - {quant"
    if sum(line.startswith(start) for line in lines[number - 1 : number + 2]) < 2:
        return False
    line = lines[number]
    return line.startswith(start) and set(yaml.safe_load(line)[0]) == {"quant", "bytes"}


def _release_at(number: int) -> tuple[str, dict[str, Any]]:
    """The component and the release of the variant on line `number`."""
    root = yaml.compose(SHIPPED, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert isinstance(root, yaml.MappingNode)
    components = next(v for k, v in root.value if k.value == "components")
    for key, value in components.value:
        releases = next(v for k, v in value.value if k.value == "releases")
        for i, release in enumerate(releases.value):
            if release.start_mark.line <= number < release.end_mark.line:
                path = ("components", key.value, "releases", i)
                return key.value, editing.value(SHIPPED, path)
    raise AssertionError(number)


def _entry_of(component: str, release: dict[str, Any], variant: dict[str, Any]) -> Entry:
    file = (release.get("file") or "").replace("{quant}", variant["quant"])
    return Entry(
        component_id=component,
        component={},
        known_component=True,
        architecture=None,
        publisher=release["publisher"],
        container=Container(release["format"]),
        url=release.get("url"),
        name=FileName(file, ""),
        quant=variant["quant"],
        bytes=variant["bytes"],
        error_is_known=True,
        weights={},
        recipes=(release["recipe"],),
        source=release["source"],
        new_source=None,
        confidence=release["confidence"],
    )


REFUSED = [
    ("sd15-single-f16", {"component": "sd15"}, "is not a file of sd15"),
    ("klein-4b-q8_0", {"publisher": "unsloth"}, "flux2-klein-4b/unsloth/Q8_0 is in the catalog"),
    ("klein-4b-q8_0", {"component": "flux1-dev"}, "is not a file of flux1-dev"),
    ("klein-4b-q8_0", {"component": "qwen3-4b"}, "is not a file of qwen3-4b"),
    ("klein-4b-q8_0", {"component": "BAD/ID"}, "'BAD/ID' is not an id"),
    ("klein-4b-q8_0", {"source": "pgae"}, "no source is called 'pgae'"),
    ("klein-4b-q8_0", {"source": "http://x/y"}, "'http://x/y' is not an address"),
]


@pytest.mark.parametrize(("name", "wanted", "words"), REFUSED)
def test_what_cant_be_added_is_told(
    run: Run, files: dict[str, Path], name: str, wanted: dict[str, str], words: str
) -> None:
    """One line with the reason, its cure, exit code 2, and the file is as before."""
    with pytest.raises(FitplanError) as caught:
        overlay(files[name], **wanted)
    assert words in caught.value.message
    assert caught.value.hint
    options = [part for key, value in wanted.items() for part in (f"--{key}", value)]
    ran = run("catalog", "add", str(files[name]), *options)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_loras_and_unknown_architectures_are_refused(run: Run, tmp_path: Path) -> None:
    """A LoRA is no component; a strange file's residency would be a guess."""
    pair = [("lora_A", (4, 8)), ("lora_B", (8, 4))]
    tensors = [Tensor(f"transformer.x.{name}.weight", shape, "F32") for name, shape in pair]
    lora = write_safetensors(tmp_path / "lora.safetensors", tensors)
    strange = write_safetensors(tmp_path / "strange.safetensors", [Tensor("a", (2, 2), "F16")])
    for path, words in ((lora, "is none of a model's own parts"), (strange, "unknown")):
        ran = run("catalog", "add", str(path), "--json")
        assert ran.code == 2
        assert words in ran.json["error"]["message"]


def test_one_bad_file_does_not_hide_the_others(
    run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    """The good one is added, the others are told, and the exit code is the worst."""
    to, missing = tmp_path / "mine.yaml", tmp_path / "missing.gguf"
    strange = write_safetensors(tmp_path / "strange.safetensors", [Tensor("a", (2, 2), "F16")])
    paths = (files["klein-4b-q8_0"], strange, missing)
    ran = run("catalog", "add", *map(str, paths), "--to", str(to), "--json")
    assert ran.code == 3
    assert [entry["id"] for entry in ran.json["entries"]] == ["flux2-klein-4b/unknown/Q8_0"]
    assert [error["kind"] for error in ran.json["refused"]] == ["usage", "file"]
    assert ran.json["entries"][0]["alike"] == ["flux2-klein-4b-base"]
    assert (
        reading.load(reading.shipped_path(), to).files("flux2-klein-4b")[0].publisher == "unknown"
    )


def test_a_file_made_and_added_to_can_be_planned_with(
    run: Run, files: dict[str, Path], tmp_path: Path
) -> None:
    """From nothing to a plan with two own files; adding the same again is refused."""
    to = tmp_path / "new" / "mine.yaml"
    for name in ("klein-4b-q8_0", "qwen3-4b-q8_0"):
        assert (
            run("catalog", "add", str(files[name]), "--publisher", "me", "--to", str(to)).code == 0
        )
    again = run("catalog", "add", str(files["klein-4b-q8_0"]), "--publisher", "me", "--to", str(to))
    assert (again.code, "already" in again.err) == (2, True)
    pair = ("explain", "klein-4b", "me/Q8_0", "me/Q8_0", "--catalog", str(to), "--json")
    parts = run(*pair).json["parts"]
    assert [part["publisher"] for part in parts[:2]] == ["me", "me"]
    assert [part["basis"] for part in parts[:2]] == ["published", "published"]


def test_the_publisher_is_read_off_the_address_or_the_hubs_cache(tmp_path: Path) -> None:
    """huggingface.co/OWNER/NAME and models--OWNER--NAME both name publisher and address."""
    tensors = inventory("klein-4b-q8_0").tensors
    folder = tmp_path / "models--some-one--Klein.4B" / "snapshots" / "abc"
    path = write_gguf(folder / "klein-Q8_0.gguf", tensors)
    added = add([path], Document(placing.EMPTY, "x"), shipped(), Wanted())
    (entry,) = added.entries
    assert (entry.publisher, entry.url) == ("some-one", "https://huggingface.co/some-one/Klein.4B")
    assert "file: klein-{quant}.gguf" in added.text
    url = "https://huggingface.co/else/Repo/blob/main/klein-Q8_0.gguf"
    (entry,) = add([path], Document(placing.EMPTY, "x"), shipped(), Wanted(source=url)).entries
    assert (entry.publisher, entry.url) == ("else", "https://huggingface.co/else/Repo")
    assert entry.new_source == {"title": "else/Repo: sizes and headers of its files", "url": url}


def test_a_known_address_is_the_source_it_names(files: dict[str, Path]) -> None:
    """No second source for an address that the catalog has."""
    text = overlay(files["klein-4b-q8_0"], source="https://github.com/utensils/mold")
    assert "source: mold" in text
    assert "sources:" not in text


def test_names_in_a_file_are_data(run: Run, tmp_path: Path) -> None:
    """A name with YAML, markup and escapes comes back as it was, and no terminal obeys it."""
    tensors = inventory("klein-4b-q8_0").tensors
    path = write_gguf(tmp_path / "[red]\x1b{a: 1}, #x.gguf", tensors)
    ran = run("catalog", "add", str(path))
    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err
    added = reading.parse_over(shipped(), ran.out).files("flux2-klein-4b")[0]
    assert added.file == path.name


EDITS = ["\r\n", "\n"]


@pytest.mark.parametrize("ending", EDITS)
def test_own_lines_stay_to_the_byte(
    run: Run, files: dict[str, Path], tmp_path: Path, ending: str
) -> None:
    """Line ends, odd indentation, trailing blanks and comments of a user's file are kept."""
    text = (
        "# mine\nversion: 1   \n\nsources:\n    own:   {title: 'me'}  # mine\n"
        "# components come later\ncomponents:\n  flux2-klein-4b:\n    kind: denoiser\n"
        "    architecture: flux2-klein-4b # shapes\n    name: 'FLUX.2 Klein 4B'\n    releases:\n"
        "    - publisher: me\n      format: gguf\n      recipe: unsloth\n      source: own\n"
        "      confidence: low\n      variants:\n"
        "      # the big one\n      - {quant: BF16, bytes: 7751115328}\n"
        "      # the small one\n      - {quant: Q4_0,   bytes: 2460394048}\n"
        "      # no more\n\n# the end"
    ).replace("\n", ending)
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode())
    add_it = ("catalog", "add", str(files["klein-4b-q8_0"]), "--publisher", "me", "--to", str(path))
    assert run(*add_it, "--backup").code == 0
    edited = path.read_bytes().decode()
    assert (tmp_path / "mine.yaml.bak").read_bytes() == text.encode()
    new = iter(edited.split(ending))
    assert all(line in new for line in text.split(ending))
    lines = [line.strip() for line in edited.split(ending)]
    at = next(n for n, line in enumerate(lines) if line.startswith("- {quant: Q8_0"))
    assert lines[at - 1].startswith("- {quant: BF16")
    assert lines[at + 1] == "# the small one"
    assert edited.count("\r\n") == (edited.count("\n") if ending == "\r\n" else 0)


@pytest.mark.parametrize("text", ["version: 1\ncomponents: {}\n", "{version: 1, sources: {}}\n"])
def test_a_section_in_braces_is_refused(
    run: Run, files: dict[str, Path], tmp_path: Path, text: str
) -> None:
    """Nothing can be put into it without changing its own line; the cure is named."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    ran = run("catalog", "add", str(files["klein-4b-q8_0"]), "--to", str(path))
    assert ran.code == 2
    assert "in braces" in ran.err
    assert path.read_text(encoding="utf-8") == text


def test_a_broken_target_is_named(run: Run, files: dict[str, Path], tmp_path: Path) -> None:
    """File, line and column of its mistake, exit code 3, nothing written."""
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\npipelnes: {}\n", encoding="utf-8")
    ran = run("catalog", "add", str(files["klein-4b-q8_0"]), "--to", str(path))
    assert ran.code == 3
    assert f"{path}:2:1" in ran.err
    assert path.read_text(encoding="utf-8") == "version: 1\npipelnes: {}\n"
