"""The documentation tells the truth: its commands run, its tables are computed, its links lead."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from catalogs import shipped
from fitplan.accounting.quantization import quant_name
from fitplan.catalog import reading
from fitplan.questions.check.rules import RULES
from fitplan.units import GIB
from page import ROWS, is_row, plans
from pages import (
    PAGES,
    README,
    Example,
    Mention,
    examples,
    inline_code,
    mentions,
    shell_blocks,
    text_of,
)
from workshop import ROOT, Workshop, overlay, workshop

DOCS = ROOT / "docs"
FOREIGN = {"--blocks_to_swap", "--cache-ram", "--sage_attn", "--sample_prompts", "--sdpa"}
"""Options of other programs that the pages name."""


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """The folder that the commands run in."""
    with workshop() as made:
        yield made


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.arguments)
def test_an_example_prints_what_the_page_shows(shop: Workshop, example: Example) -> None:
    """`python tests/readme.py` rewrites the examples when an answer changes."""
    assert example.run(shop) == example.output


@pytest.mark.parametrize("mention", [m for m in mentions() if m.runs], ids=str)
def test_a_command_in_a_sentence_or_table_answers(shop: Workshop, mention: Mention) -> None:
    """It ends with exit code 0, with something real in place of words in capitals."""
    printed = shop.run(*mention.arguments)
    assert printed.code == 0, printed.err
    assert printed.out


@pytest.mark.parametrize("mention", [m for m in mentions() if not m.runs], ids=str)
def test_a_command_that_is_not_run_has_a_command_and_options_that_exist(
    shop: Workshop, mention: Mention
) -> None:
    """Its `--help` names every option that it uses."""
    words = shlex.split(mention.text)
    command = words[: next((i for i, w in enumerate(words) if w.startswith("-")), len(words))]
    printed = shop.run(*command, "--help")
    assert printed.code == 0
    assert options_in(mention.text) <= options_in(printed.out)


def test_options_that_the_pages_name_exist(shop: Workshop) -> None:
    """Each `--option` in a sentence is one of some command's, or of the program it speaks of."""
    named = {o for page in PAGES for code in inline_code(page) for o in options_in(code)}
    assert named - FOREIGN <= {*every_option(shop), "--help"}


def options_in(text: str) -> set[str]:
    """Long options in a text."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z_-]*", text))


@cache
def every_option(shop: Workshop) -> frozenset[str]:
    """The options of all commands, by their help."""
    names = commands_in(shop.run("--help").out)
    catalog = [("catalog", name) for name in commands_in(shop.run("catalog", "--help").out)]
    commands = [(), *((name,) for name in names), *catalog]
    return frozenset(o for c in commands for o in options_in(shop.run(*c, "--help").out))


def commands_in(help: str) -> list[str]:
    """The commands that a help text lists."""
    found = re.findall(r"^\W*([a-z]+)  +[A-Z]", help.partition("Commands")[2], re.MULTILINE)
    assert found
    return found


def test_every_fenced_command_is_an_example() -> None:
    """No console block goes untested because its comment is missing or misspelt."""
    blocks = sum(text_of(page).count("```console\n") for page in PAGES)
    assert blocks == len(list(examples())) > 15


def test_the_readme_fits_on_a_few_screens() -> None:
    """At most 150 lines; the rest is in docs/."""
    assert text_of(README).count("\n") <= 150


def test_links_lead_somewhere() -> None:
    """Every relative link of every page names a file or folder of the repository."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text_of(page)):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_paths_that_the_pages_name_exist() -> None:
    """`tests/…`, `src/…`, `docs/…` as code are files or folders of the repository."""
    for page in PAGES:
        for code in inline_code(page):
            if re.fullmatch(r"(tests|src|docs|\.ci)/[\w./-]*", code):
                assert (ROOT / code.replace("RULE-ID", "bytes")).exists(), f"{page.name}: {code}"


def test_the_map_names_every_room() -> None:
    """CONTRIBUTING's table has every folder and loose module of the sources; no runtime's own."""
    sources = ROOT / "src" / "fitplan"
    inits = (path.parent.relative_to(sources) for path in sources.rglob("*/__init__.py"))
    folders = {f"{folder.as_posix()}/" for folder in inits if folder.parent.name != "runtimes"}
    loose = {path.name for path in sources.glob("[!_]*.py")}
    named = set(re.findall(r"`([a-z_/]+(?:/|\.py))`", text_of(ROOT / "CONTRIBUTING.md")))
    assert (folders - {"./"}) | loose <= named


def test_the_front_page_names_all_pages() -> None:
    """docs/README.md links to each page in docs/."""
    front = text_of(DOCS / "README.md")
    pages = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert {name for name in pages if f"({name})" in front} == pages


def test_the_first_two_blocks_are_the_newcomers_commands() -> None:
    """One runs the main job, one the tests; each is one line; CI runs the latter as it is."""
    main, tests = shell_blocks()[:2]
    assert main.strip().endswith("fitplan --ram 14")
    assert tests.strip().endswith("-m pytest")
    assert [main.count("\n"), tests.count("\n")] == [1, 1]
    assert "-c constraints.txt" in main
    assert "-c constraints.txt" in tests
    assert text_of(ROOT / ".ci" / "test").splitlines()[-1] == tests.strip()


def test_the_table_of_the_page_is_what_the_planner_says() -> None:
    """Every row of the comparison: prediction, the page's figure, and both agree."""
    text = text_of(DOCS / "accuracy.md")
    for row in ROWS:
        cells = [row["model"], row["denoiser"], quant_name(row["encoder"])]
        found = next(p for p in plans(row["model"], "all") if is_row(p, row))
        line = f"| {' | '.join(cells)} | {found.cache_bytes / GIB:.3f} | {row['usage_gib']:.2f} |"
        assert line in text


def test_the_overlay_of_the_catalog_page_works(tmp_path: Path) -> None:
    """The example overlay loads over the shipped catalog and its model can be planned."""
    assert yaml.safe_load(overlay())["version"] == 1
    mine = tmp_path / "mine.yaml"
    mine.write_text(overlay(), encoding="utf-8")
    catalog = reading.load(reading.shipped_path(), mine)
    assert catalog.pipeline_ids("My Z-Image") == ["my-z-image"]
    assert len(catalog.file.pipelines) == len(shipped().file.pipelines) + 1


def test_the_pages_count_the_catalog() -> None:
    """Models, files and rules are as many as they say."""
    files = sum(len(shipped().files(id)) for id in shipped().file.components)
    count = f"{len(shipped().file.pipelines)} models and {files} files"
    for page in (README, DOCS / "catalog.md"):
        assert count in " ".join(text_of(page).split())
    assert f"{len(RULES)} rules look at" in text_of(DOCS / "check-in-ci.md")
