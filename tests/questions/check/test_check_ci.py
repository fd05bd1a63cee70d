"""What other repositories use to check their catalogs: the pre-commit hook and the action."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import Run
from places import ROOT

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parent / "examples"


def document(name: str) -> Any:
    """A YAML file at the root of the checkout."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_hook_runs_a_command_that_exists(run: Run) -> None:
    """Its entry takes the files that pre-commit puts behind it, and picks catalogs by name."""
    (hook,) = document(".pre-commit-hooks.yaml")
    program, *arguments = hook["entry"].split()
    assert (program, hook["language"], hook["require_serial"]) == ("fitplan", "python", True)
    assert run(*arguments, str(EXAMPLES / "good.yaml")).code == 0
    assert run(*arguments, str(EXAMPLES / "bad" / "header.yaml")).code == 1
    picked = ["models.yaml", "data/models.yml", "fitplan-extra.yaml", "my/catalog.yaml"]
    left = ["docker-compose.yaml", "models.yaml.j2", "mymodels.yaml", "README.md"]
    assert [name for name in (*picked, *left) if re.search(hook["files"], name)] == picked


def script_of(action: Any) -> str:
    """The step of the action that checks."""
    return str(next(s["run"] for s in action["runs"]["steps"] if s.get("name") == "Check"))


def test_the_action_quotes_what_users_give() -> None:
    """Inputs reach the scripts as environment variables only: none can run as a command."""
    action = document("action.yml")
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    used = set(re.findall(r"inputs\.([a-z-]+)", str(action["runs"])))
    assert used == set(action["inputs"])


@pytest.mark.skipif(sys.platform == "win32", reason="runs the step's bash")
@pytest.mark.parametrize(
    ("files", "strict", "code", "annotations"),
    [
        ("good.yaml\n", "true", 0, []),
        ("good.yaml\nbad/header.yaml\n\n", "true", 1, ["::warning file=bad/header.yaml,line=59"]),
        ("bad/header.yaml", "false", 0, ["::warning file=bad/header.yaml,line=59"]),
        ("bad/future-date.yaml", "false", 1, ["::error file=bad/future-date.yaml,line=7"]),
        ("$(touch pwned)", "true", 3, []),
    ],
)
def test_the_action_annotates_lines_and_fails_as_the_check_does(
    tmp_path: Path, files: str, strict: str, code: int, annotations: list[str]
) -> None:
    """The step as it stands, in bash: annotations on stdout, SARIF in a file, the exit code."""
    program = tmp_path / "fitplan"
    start = "from fitplan.cli.app import run; run()"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{start}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    sarif = tmp_path / "found.sarif"
    given = {"FILES": files, "STRICT": strict, "TODAY": "2026-06-01", "SARIF": str(sarif)}
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script_of(document("action.yml"))],
        cwd=EXAMPLES,
        env={**os.environ, **given, "FITPLAN": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ran.stdout.splitlines() if line.startswith("::")]
    assert ran.returncode == code
    assert [line.rpartition(",col=")[0] for line in lines] == annotations
    assert not (EXAMPLES / "pwned").exists()
    if code != 3:
        assert '"version": "2.1.0"' in sarif.read_text(encoding="utf-8")
