"""Catalog files: the shipped one is consistent, and every mistake names its place and cure."""

import json
from pathlib import Path

import pytest

from catalogs import GOOD, shipped
from fitplan.accounting.weights import NOT_PARAMETERS, Container, Role
from fitplan.catalog import PublishedFile, reading
from fitplan.catalog.json_schema import catalog_schema
from fitplan.errors import ErrorKind, FitplanError
from places import ROOT


def refused(text: str) -> FitplanError:
    """The error that a catalog is refused with."""
    with pytest.raises(FitplanError) as caught:
        reading.parse(text, "m.yaml")
    assert caught.value.kind is ErrorKind.CATALOG
    return caught.value


def test_the_example_is_good() -> None:
    """What the next tests break is whole before."""
    file = reading.parse(GOOD).files("c")[0]
    assert (file.id, file.weights.elements, file.weights.file_bytes) == ("c/p/Q8_0", 64, 100)


MISTAKES = [
    ("kind: encoder", "kind: coder", "15:5 components.c.kind:", "found 'coder'"),
    ("confidence: high", "confidnce: high", "23:9 components", "did you mean confidence?"),
    ("bytes: 100", "bytes: 1e2", "25:27 components.c.releases.0.variants.0.bytes", "'1e2'"),
    ("bytes: 100", "bytes: 100.0", "25:27 ", "found 100.0"),
    ("bytes: 100", "bytes: -100", "25:27 ", "found -100"),
    ("bytes: 100", "bytes: yes", "25:27 ", "found True"),
    ("architecture: a", "architecture: b", "17:5 no architecture is called 'b'", "known: a"),
    ("source: s", "source: t", "25:", "known: s"),
    ("recipe: r", "recipe: rr", "25:13 no recipe is called 'rr'", "did you mean r?"),
    ("quant: Q8_0, b", "quant: Q9, b", "25:14 no quantization of recipe r", "Q8_0"),
    ("{Q8_0: 64}", "{Q8_O: 64}", "12:28 no tensor type is called 'Q8_O'", "Q8_0"),
    ("{weights: {Q", "{weigths: {Q", "12:18 architectures.a.recipes.r.quants", "'weigths'"),
    ("version: 1", "version: 1\nversion: 1", "2:1 duplicate key 'version'", "fix the YAML"),
    ("title: somewhere", "title: *x", "3:14 anchors and aliases", "fix the YAML"),
    ("version: 1", "version: [", "3:4 did not find", "fix the YAML"),
    ("version: 1", "version: !!python/name:os.system 1", "1:10 could not determine", ""),
    ("version: 1", "version: " + "[" * 150, "1:109 nested deeper than 100", "fix"),
]


@pytest.mark.parametrize(("old", "new", "message", "hint"), MISTAKES)
def test_a_mistake_names_its_place_and_cure(old: str, new: str, message: str, hint: str) -> None:
    """File, line and column of the mistake, what is wrong, and what was found or meant."""
    error = refused(GOOD.replace(old, new, 1))
    assert error.message.startswith(f"m.yaml:{message}")
    assert hint in error.hint
    assert "\n" not in error.message


def test_a_repeated_file_is_refused() -> None:
    """Two files of one publisher and quantization can't be told apart."""
    line = "          - {quant: Q8_0, bytes: 100}\n"
    assert "c/p/Q8_0" not in refused(GOOD + line).message
    assert "p/Q8_0 is listed in c twice" in refused(GOOD + line).message


@pytest.mark.parametrize("text", ["", "[]", "just words", "version: 2", "- 1", "\x00", "a: b: c"])
def test_what_is_no_catalog_is_refused_in_one_line(text: str) -> None:
    """Empty and foreign files get one clear line."""
    assert refused(text).message.startswith("m.yaml:")


def test_an_empty_catalog_is_a_catalog() -> None:
    """A file with only its version holds nothing, and says so when asked."""
    catalog = reading.parse("version: 1")
    with pytest.raises(FitplanError, match="no model is called 'x'"):
        catalog.pipeline_ids("x")


def test_unreadable_files_are_told_apart(tmp_path: Path) -> None:
    """Missing files, folders, and bytes that are no text."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"version: \xff")
    for path, kind in [
        (tmp_path / "missing.yaml", ErrorKind.FILE),
        (tmp_path, ErrorKind.FILE),
        (binary, ErrorKind.CATALOG),
    ]:
        with pytest.raises(FitplanError) as caught:
            reading.load(path)
        assert caught.value.kind is kind
        assert str(path) in caught.value.message


def test_a_later_file_replaces_entries_of_the_same_id(tmp_path: Path) -> None:
    """Overlays extend and override by id; what they don't name stays."""
    (tmp_path / "base.yaml").write_text(GOOD, encoding="utf-8")
    over = GOOD[GOOD.index("components") :].replace("100", "101")
    (tmp_path / "over.yaml").write_text(f"version: 1\n{over}", encoding="utf-8")
    catalog = reading.load(tmp_path / "base.yaml", tmp_path / "over.yaml")
    assert catalog.files("c")[0].weights.file_bytes == 101


SHIPPED = [file for id in shipped().file.components for file in shipped().files(id)]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.id)
def test_shipped_bytes_leave_a_plausible_header(file: PublishedFile) -> None:
    """A file is its tensors and a header: tokenizer and names for encoders, names for the rest."""
    weights = file.weights
    encoder = any(group.role is Role.TOKEN_EMBEDDING for group in weights.groups)
    most = 8_500_000 if encoder and weights.container is Container.GGUF else 2_000_000
    assert 0 < weights.file_bytes - weights.tensor_bytes < most


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.id)
def test_shipped_files_hold_all_parameters(file: PublishedFile) -> None:
    """The elements of a file add up to its architecture's, or store the embedding twice.

    A file of the text model alone lacks the vision tower.
    """
    component = shipped().file.components[file.component_id]
    parameters = shipped().file.architectures[component.architecture].parameters
    by_role = dict.fromkeys(Role, 0)
    for group in file.weights.groups:
        by_role[group.role] += group.elements
    elements = sum(n for role, n in by_role.items() if role not in NOT_PARAMETERS)
    stored_twice = by_role[Role.OUTPUT_HEAD]
    towers = (_vision(other) for other in shipped().files(file.component_id))
    missing = 0 if by_role[Role.VISION] else max(towers)
    assert elements + missing in (parameters, parameters + stored_twice)


def _vision(file: PublishedFile) -> int:
    return sum(group.elements for group in file.weights.groups if group.role is Role.VISION)


def test_every_model_of_this_release_is_there() -> None:
    """The names people use, as the page writes them."""
    names = {pipeline.name for pipeline in shipped().file.pipelines.values()}
    flux1 = {f"FLUX.1 {name}" for name in ("Fill Dev", "Dev", "Schnell", "Kontext Dev", "Krea Dev")}
    klein = {f"FLUX.2 Klein {size}" for size in ("4B", "4B Base", "9B", "9B Base")}
    assert names >= flux1 | klein | {"FLUX.2 Dev", "Z-Image Turbo", "Z-Image Base"}


def test_models_are_found_by_name_id_ending_or_part() -> None:
    """Case and punctuation don't matter; an exact name wins over an ending, that over a part."""
    find = shipped().pipeline_ids
    assert (
        find("flux.2 KLEIN 9b") == find("flux2-klein-9b") == find("Klein 9B") == ["flux2-klein-9b"]
    )
    assert set(find("2 klein")) >= {"flux2-klein-4b", "flux2-klein-9b-base"}
    assert set(find("klein")) > {"flux2-klein-4b", "flux2-klein-9b-base", "flux3-klein"}
    with pytest.raises(FitplanError) as caught:
        find("Z-Imag Tubro")
    assert "Z-Image Turbo" in caught.value.hint


def test_the_schema_for_editors_is_current() -> None:
    """docs/catalog.schema.json is what `python -m fitplan.catalog.json_schema` writes."""
    written = (ROOT / "docs" / "catalog.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == json.loads(catalog_schema())


def test_the_catalog_opens_with_its_schema() -> None:
    """Editors complete and validate through the first line."""
    first = reading.shipped_path().read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=docs/catalog.schema.json"
