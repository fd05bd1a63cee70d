"""The README tells the truth: its examples are run, its table computed, its commands CI's."""

import re
from pathlib import Path

import pytest
import yaml
from readme import README, Example, examples, shell_blocks

from catalogs import shipped
from fitplan.accounting.quantization import quant_name
from fitplan.catalog import reading
from fitplan.questions.check.rules import RULES
from fitplan.units import GIB
from page import ROWS, is_row, plans

ROOT = README.parent


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.arguments)
def test_an_example_prints_what_the_readme_shows(example: Example) -> None:
    """`python tests/readme.py` rewrites the examples when an answer changes."""
    assert example.run() == example.output


def test_the_first_two_blocks_are_the_newcomers_commands() -> None:
    """One runs the main job, one the tests; each is one line; CI runs the latter as it is."""
    main, tests = shell_blocks()[:2]
    assert main.strip().endswith("fitplan --ram 14")
    assert tests.strip().endswith("-m pytest")
    assert [main.count("\n"), tests.count("\n")] == [1, 1]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in ci


def test_the_table_of_the_page_is_what_the_planner_says() -> None:
    """Every row of the README's comparison: prediction, the page's figure, and both agree."""
    text = README.read_text(encoding="utf-8")
    for row in ROWS:
        cells = [row["model"], row["denoiser"], quant_name(row["encoder"])]
        found = next(p for p in plans(row["model"], "all") if is_row(p, row))
        line = f"| {' | '.join(cells)} | {found.cache_bytes / GIB:.3f} | {row['usage_gib']:.2f} |"
        assert line in text


def test_the_overlay_of_the_readme_works(tmp_path: Path) -> None:
    """The example overlay loads over the shipped catalog and its model can be planned."""
    block = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    assert yaml.safe_load(block)["version"] == 1
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(block, encoding="utf-8")
    catalog = reading.load(reading.shipped_path(), overlay)
    assert catalog.pipeline_ids("My Z-Image") == ["my-z-image"]
    assert len(catalog.file.pipelines) == len(shipped().file.pipelines) + 1


def test_the_readme_counts_the_catalog() -> None:
    """Models, files and rules are as many as it says."""
    text = README.read_text(encoding="utf-8")
    files = sum(len(shipped().files(id)) for id in shipped().file.components)
    assert f"{len(shipped().file.pipelines)} models,\n{files} files" in text
    assert f"{len(RULES)} rules look at" in text
