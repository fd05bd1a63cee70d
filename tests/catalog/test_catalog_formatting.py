"""The canonical form of a catalog: it says the same, keeps comments, and is reached in one step."""

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs import GOOD
from cli import Run
from fitplan.catalog import reading
from fitplan.catalog.text import canonical, deviations, scalars

pytestmark = pytest.mark.slow

SHIPPED = reading.shipped_path().read_text(encoding="utf-8")
ENTRY = "          - {quant: Q8_0, bytes: 100}\n"
BLOCK = "          - quant: Q8_0 # why\n            # and more\n            bytes: 100\n"
CANONICAL = canonical(GOOD)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _loaded(text: str) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def data(text: str) -> Any:
    """What a text says, the files of a release in one order."""
    return _in_one_order(_loaded(text))


def _in_one_order(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_one_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        k: sorted(v, key=lambda item: sorted(map(str, item.items()))) if k == "variants" else w
        for k, v in value.items()
        for w in [_in_one_order(v)]
    }


def test_the_shipped_catalog_is_canonical() -> None:
    """It is the example of the form: nothing to change, no deviation."""
    assert canonical(SHIPPED) == SHIPPED
    assert deviations(SHIPPED) == []


@pytest.mark.parametrize("width", [60, 10000])
@pytest.mark.parametrize("flow", [None, True, False])
def test_any_dump_comes_to_the_same_form(flow: bool | None, width: int) -> None:
    """However it is dumped, with keys in whatever order, its form is reached and says the same."""
    original = _loaded(GOOD if flow else SHIPPED[: SHIPPED.index("pipelines:")])
    shuffled = _shuffled(original, random.Random(width))
    dumped = yaml.dump(
        shuffled, Dumper=_DUMPER, default_flow_style=flow, width=width, sort_keys=False
    )
    form = canonical(dumped)
    assert data(form) == data(dumped) == _in_one_order(original)
    assert canonical(form) == form
    assert deviations(form) == []
    assert deviations(dumped)


def _shuffled(value: Any, dice: random.Random) -> Any:
    """The same with keys in another order, ids apart: their order is the author's."""
    if isinstance(value, list):
        return [_shuffled(item, dice) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if "kind" in keys or "quant" in keys or "title" in keys or "family" in keys:
        dice.shuffle(keys)
    return {key: _shuffled(value[key], dice) for key in keys}


LINES = CANONICAL.splitlines()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(LINES)), st.integers(0, 12)), max_size=5),
    st.sets(st.integers(0, len(LINES) - 1), max_size=4),
    st.lists(st.integers(0, len(LINES)), max_size=3),
)
def test_no_comment_is_lost(
    above: list[tuple[int, int]], behind: set[int], blank: list[int]
) -> None:
    """Comments anywhere stay, each once; the second time nothing changes."""
    lines = [f"{line}  # behind{n}" if n in behind else line for n, line in enumerate(LINES)]
    added = [(n, f"{' ' * indent}# above{i}") for i, (n, indent) in enumerate(above)]
    for number, line in sorted([*added, *((n, "") for n in blank)], reverse=True):
        lines.insert(number, line)
    text = "\n".join(lines) + "\n"
    form = canonical(text)
    assert sorted(re.findall(r"# \w+", form)) == sorted(re.findall(r"# \w+", text))
    assert data(form) == data(GOOD)
    assert canonical(form) == form


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.booleans())
def test_a_string_reads_back_as_itself(value: str, in_flow: bool) -> None:
    """Whatever is in it, in a block and in braces, for both loaders."""
    written = scalars.text(value, in_flow)
    text = f"{{a: {written}, b: 1}}" if in_flow else f"a: {written}\nb: 1"
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        assert yaml.load(text, Loader=loader) == {"a": value, "b": 1}


DEVIATIONS = [
    ("bytes: 100", "bytes: 1_00", "write 1_00 as 100"),
    ("name: C", "name: 'C'", "write 'C' as C"),
    ("quant: Q8_0, bytes: 100", "bytes: 100, quant: Q8_0", "quant stands before bytes"),
    (ENTRY, BLOCK, "write it as one line, in braces"),
    ("    kind: encoder\n    name: C\n", "    name: C\n    kind: encoder\n", "kind stands"),
    (ENTRY, ENTRY + ENTRY.replace("100", "200"), "larger than a file above it"),
    ("{quant: Q8_0, ", "{quant: Q8_0,  ", "spacing: write"),
    ("  s:\n    title: somewhere\n", "  s: {title: somewhere}\n", "as a block"),
    ("components:\n", "components:\n\n\n", "leave this line out"),
    ("title: somewhere", 'title: "somewhere"', 'write "somewhere" as somewhere'),
]


@pytest.mark.parametrize(("right", "wrong", "words"), DEVIATIONS)
def test_a_deviation_names_its_place_and_what_to_write(right: str, wrong: str, words: str) -> None:
    """Each is found where it stands, and is the only thing that `canonical` mends."""
    assert right in CANONICAL
    text = CANONICAL.replace(right, wrong, 1)
    found = deviations(text)
    assert any(words in deviation.message for deviation in found)
    assert all(deviation.column >= 1 for deviation in found)
    edited = CANONICAL[: CANONICAL.index(right)].count("\n") + 1
    assert min(abs(deviation.line - edited) for deviation in found) <= 2
    assert canonical(canonical(text)) == canonical(text)
    if "200" not in wrong and wrong != BLOCK and "\n\n" not in wrong:
        assert canonical(text) == CANONICAL


def test_comments_inside_of_a_file_move_above_it() -> None:
    """A variant gets one line; what stood between its keys stands before or behind it."""
    form = canonical(CANONICAL.replace(ENTRY, BLOCK))
    assert form == CANONICAL.replace(ENTRY, f"          # why\n{ENTRY[:-1]}  # and more\n")


def test_the_head_stays_at_the_top() -> None:
    """What stands above the first key and a blank line belongs to the file, not to the key."""
    text = (
        f"# about the file\n\n# about sources\n{CANONICAL.replace('version: 1', '', 1).strip()}\n"
    )
    form = canonical(f"{text}version: 1\n")
    assert form.startswith("# about the file\n\nversion: 1\n# about sources\nsources:\n")


def test_line_ends_and_marks_are_deviations() -> None:
    """One CR LF, a missing last line end and a byte order mark are each found and mended."""
    for text in (CANONICAL.replace("\n", "\r\n", 1), CANONICAL[:-1], "\ufeff" + CANONICAL):
        assert deviations(text)
        assert canonical(text) == CANONICAL


def test_windows_line_ends_are_a_form_of_their_own() -> None:
    """A text whose lines all end with CR LF keeps them, and that is no departure."""
    windows = CANONICAL.replace("\n", "\r\n")
    assert deviations(windows) == []
    for text in (windows, "\ufeff" + windows, windows.replace("quant: Q8_0", "quant:   'Q8_0'")):
        assert canonical(text) == windows


def test_numbers_that_hide_a_mistake_stay() -> None:
    """Octal and sexagesimal numbers are not rewritten: `check` tells what they are."""
    for trap in ("0100", "1:40", "0x64"):
        text = CANONICAL.replace("bytes: 100", f"bytes: {trap}")
        assert canonical(text) == text


def test_format_rewrites_and_check_only_tells(run: Run, tmp_path: Path) -> None:
    """--check leaves the file alone and exits 1; format mends it, keeps its mode, and a backup."""
    path = tmp_path / "models.yaml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0o640)
    told = run("catalog", "format", str(path), "--check", "--json")
    assert (told.code, told.json["canonical"], told.json["written"]) == (1, False, False)
    assert path.read_text(encoding="utf-8") == GOOD
    assert run("catalog", "format", str(path), "--backup").code == 0
    assert path.read_text(encoding="utf-8") == CANONICAL
    assert path.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "models.yaml.bak").read_text(encoding="utf-8") == GOOD
    assert run("catalog", "format", str(path), "--check").code == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"a: [", 3), (b"\xff\xfe", 3), (b"a: &x 1\nb: *x\n", 3), (b"", 0), (b"[]", 0), (b"7", 0)],
)
def test_what_is_no_catalog_is_left_alone(
    run: Run, tmp_path: Path, content: bytes, code: int
) -> None:
    """No traceback, no write."""
    path = tmp_path / "models.yaml"
    path.write_bytes(content)
    assert run("catalog", "format", str(path)).code == code
    assert path.read_bytes() == content
