"""What GitHub reads: workflows, the action and issue forms."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import Run
from workshop import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(
    set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
)
ALL = [*GITHUB.rglob("*.yml"), ROOT / "action.yml", ROOT / ".pre-commit-hooks.yaml"]
KINDS = {"markdown", "input", "textarea", "dropdown", "checkboxes"}
"""The elements that issue forms have."""


def read(path: Path) -> Any:
    """A YAML file; `on` as a key stays a word."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def jobs(path: Path) -> dict[str, Any]:
    """The jobs of a workflow."""
    found: dict[str, Any] = read(path)["jobs"]
    return found


def steps() -> Iterator[dict[str, Any]]:
    """Every step of every workflow, and of the action."""
    for path in WORKFLOWS:
        for job in jobs(path).values():
            yield from job["steps"]
    yield from read(ROOT / "action.yml")["runs"]["steps"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_file_parses(path: Path) -> None:
    """It is a YAML mapping or list."""
    assert isinstance(read(path), dict | list)


def test_every_action_is_pinned_by_commit() -> None:
    """A tag can move; a commit can't. The version stands behind it for readers and dependabot."""
    uses = re.compile(r"uses: (?!\./)(.+)")
    pinned = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    lines = [line for path in ALL for line in uses.findall(path.read_text(encoding="utf-8"))]
    assert len(lines) >= 10
    assert [line for line in lines if not pinned.fullmatch(line)] == []


def test_one_action_has_one_version() -> None:
    """All files use the same commit of an action."""
    used = {step["uses"] for step in steps() if "uses" in step}
    assert len(used) == len({name.partition("@")[0] for name in used})


def test_no_expression_stands_in_a_script() -> None:
    """What a pull request or a tag is called reaches scripts as environment variables only."""
    scripts = [step["run"] for step in steps() if "run" in step]
    assert len(scripts) > 5
    assert [script for script in scripts if "${{" in script] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_are_bounded_and_may_only_read(path: Path) -> None:
    """Each has a time limit, and no job writes; needed jobs exist."""
    assert read(path)["permissions"] == {"contents": "read"}
    for job in jobs(path).values():
        assert int(job["timeout-minutes"]) <= 30
        assert "write" not in job.get("permissions", {}).values() or job["environment"]
        assert {job["needs"]} <= set(jobs(path)) if "needs" in job else True


def test_ci_runs_on_three_systems() -> None:
    """Linux runs all of .ci/run; macOS and Windows run the tests; one job holds the coverage."""
    ci = jobs(GITHUB / "workflows" / "ci.yml")
    assert ".ci/run" in [step.get("run") for step in ci["linux"]["steps"]]
    assert ci["other-systems"]["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]
    assert 'python -m pytest -m ""' in [step.get("run") for step in ci["other-systems"]["steps"]]
    assert any("coverage report" in step.get("run", "") for step in ci["coverage"]["steps"])


def test_a_release_publishes_what_was_tested() -> None:
    """Build → test on three systems → publish, which has no token and alone gets an identity."""
    release = jobs(GITHUB / "workflows" / "release.yml")
    assert read(GITHUB / "workflows" / "release.yml")["on"] == {"push": {"tags": ["v*"]}}
    assert [release[name].get("needs") for name in release] == [None, "build", "test"]
    assert len(release["test"]["strategy"]["matrix"]["os"]) == 3
    assert release["publish"]["permissions"] == {"id-token": "write"}
    assert release["publish"]["environment"]["name"] == "pypi"
    assert "secrets." not in (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    artifacts = [
        s["with"]["name"]
        for job in release.values()
        for s in job["steps"]
        if "artifact" in s.get("uses", "")
    ]
    assert set(artifacts) == {"dist"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one(path: Path) -> None:
    """Name, description, and elements of known kinds with labels and ids, each id once."""
    form = read(path)
    assert form["name"]
    assert form["description"]
    asked = [element for element in form["body"] if element["type"] != "markdown"]
    assert {element["type"] for element in form["body"]} <= KINDS
    assert all(element["attributes"]["label"] for element in asked)
    assert all(re.fullmatch(r"[a-z-]+", element["id"]) for element in asked)
    assert len({element["id"] for element in asked}) == len(asked)
    assert any(element.get("validations", {}).get("required") == "true" for element in asked)


def test_the_form_for_a_figure_asks_for_all_that_observing_needs(run: Run) -> None:
    """It asks for each word of the command that it shows, and the command needs no others."""
    form = read(GITHUB / "ISSUE_TEMPLATE" / "figure-differs.yml")
    text = form["body"][0]["attributes"]["value"]
    shown = next(line.split()[1:] for line in text.splitlines() if line.startswith("    fitplan"))
    words = {word.strip("-").lower() for word in shown[2:5] + shown[5::2]}
    assert words == {"model", "denoiser", "encoder", "cache", "runtime", "source", "date"}
    assert words <= {element.get("id") for element in form["body"]}
    given = {
        "MODEL": "Klein 9B",
        "DENOISER": "Q5_K_M",
        "ENCODER": "Q4_K_M",
        "GIB": "13.81",
        "NAME@VERSION": "invokeai@6.12",
        "ADDRESS": "https://example.org/seen",
        "DATE": "2026-06-01",
    }
    ran = run(*(given.get(word, word) for word in shown))
    assert (ran.code, "they agree" in ran.out) == (0, True)
