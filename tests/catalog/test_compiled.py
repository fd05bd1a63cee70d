"""The kept form of a catalog: as good as its YAML, never stale, never needed."""

from pathlib import Path

import pytest

from fitplan.catalog import compiled, reading
from fitplan.catalog.schema import CatalogFile
from fitplan.errors import FitplanError


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fitplan" / "catalogs"


def never() -> CatalogFile:
    """A reader that must not be asked."""
    raise AssertionError("the YAML was read again")


def test_the_shipped_catalog_comes_back_equal(kept: Path) -> None:
    """What is kept equals what was read, and the YAML isn't read twice."""
    path = reading.shipped_path()
    first = reading.load(path).file
    assert len(list(kept.iterdir())) == 1
    assert compiled.remembered(path.read_text(encoding="utf-8"), never) == first


def test_another_text_is_another_catalog(kept: Path, tmp_path: Path) -> None:
    """A changed byte is read anew; a mistake is refused although the good text is kept."""
    path = tmp_path / "models.yaml"
    path.write_text("version: 1\nsources: {a: {title: one}}\n", encoding="utf-8")
    assert reading.load(path).file.sources["a"].title == "one"
    path.write_text("version: 1\nsources: {a: {title: two}}\n", encoding="utf-8")
    assert reading.load(path).file.sources["a"].title == "two"
    path.write_text("version: 1\nsources: {a: {titel: two}}\n", encoding="utf-8")
    with pytest.raises(FitplanError, match="titel"):
        reading.load(path)
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("junk", ["", "{", '{"version": 2}', '{"version": 1, "strange": 0}'])
def test_a_damaged_form_is_read_anew(kept: Path, tmp_path: Path, junk: str) -> None:
    """Whatever lies in the cache, the answer is that of the YAML."""
    path = tmp_path / "models.yaml"
    path.write_text("version: 1\nsources: {a: {title: one}}\n", encoding="utf-8")
    reading.load(path)
    (form,) = kept.iterdir()
    form.write_text(junk, encoding="utf-8")
    assert reading.load(path).file.sources["a"].title == "one"


def test_without_a_writable_folder_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where the cache folder should be: the catalog is read all the same."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert reading.load(reading.shipped_path()).file.pipelines


def test_only_the_newest_are_kept(kept: Path) -> None:
    """The folder doesn't grow with every edit."""
    for number in range(compiled.KEPT + 5):
        compiled.remembered(f"text {number}", lambda: CatalogFile(version=1))
    assert len(list(kept.iterdir())) == compiled.KEPT
