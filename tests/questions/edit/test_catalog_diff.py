"""`fitplan catalog diff`: entries that differ, and the best pairs that change with them."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from catalogs import shipped
from cli import Run
from fitplan import runtimes
from fitplan.catalog import reading
from fitplan.planning.candidates import Candidates
from fitplan.planning.planner import plan
from fitplan.questions.edit.diff import BUDGETS, review

pytestmark = pytest.mark.slow

SHIPPED = reading.shipped_path().read_text(encoding="utf-8")
Q5 = "          - {quant: Q5_K_M, bytes: 7018699040, basis: derived, source: sdcpp-catalog}\n"
Q4 = "          - {quant: Q4_K_M, bytes: 5909829920}\n"


@pytest.fixture
def edited(tmp_path: Path) -> tuple[Path, Path]:
    """The shipped catalog, and one without Klein 9B Q5_K_M whose Q4_K_M is a byte longer."""
    assert SHIPPED.count(Q5) == SHIPPED.count(Q4) == 1
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(SHIPPED, encoding="utf-8")
    text = SHIPPED.replace(Q5, "").replace(Q4, Q4.replace("920", "921"))
    new.write_text(text.replace("steps: 28", "steps: 29", 1), encoding="utf-8")
    return old, new


def test_a_reviewer_sees_what_changes(run: Run, edited: tuple[Path, Path]) -> None:
    """The file gone, the byte more, the steps; and the best pair in 14 GiB, before and after."""
    ran = run("catalog", "diff", *map(str, edited), "--json")
    assert (ran.code, ran.json["schema"]) == (0, "fitplan.catalog-diff/1")
    changes = {change["id"]: change for change in ran.json["changes"]}
    assert changes["flux2-klein-9b/unsloth/Q5_K_M"]["change"] == "removed"
    longer = changes["flux2-klein-9b/unsloth/Q4_K_M"]
    assert (longer["facts"], longer["after_bytes"] - longer["before_bytes"]) == (["bytes"], 1)
    assert changes["flux1-dev"]["facts"] == ["steps"]
    assert len(changes) == 3
    best = {(b["model_id"], b["budget_bytes"]): b for b in ran.json["best"]}
    (changed,) = (b for key, b in best.items() if key == ("flux2-klein-9b", 14 * 2**30))
    assert changed["before"]["denoiser"] == "flux2-klein-9b/unsloth/Q5_K_M"
    assert changed["after"]["denoiser"] == "flux2-klein-9b/unsloth/Q4_K_M"
    assert {model for model, _ in best} == {"flux2-klein-9b"}
    table = run("catalog", "diff", *map(str, edited)).out
    assert "5,909,829,920 → 5,909,829,921 bytes (+1)" in table
    assert "FLUX.2 Klein 9B" in table


def test_best_pairs_are_what_planning_says(edited: tuple[Path, Path]) -> None:
    """For each model and budget: a change is listed exactly when the two plans differ."""
    old, new = (reading.load(path) for path in edited)
    runtime = runtimes.find("invokeai")
    listed = {
        (b.pipeline_id, b.budget): (b.before, b.after) for b in review(old, new, runtime).best
    }
    for budget in BUDGETS:
        for id in shipped().file.pipelines:
            pairs = [_first(catalog, id, budget, runtime) for catalog in (old, new)]
            assert ((id, budget) in listed) == (pairs[0] != pairs[1])


def _first(catalog: Any, id: str, budget: int, runtime: Any) -> list[str]:
    found = plan(Candidates(catalog, runtime), [id], budget, "frontier")
    return [c.file.id for p in found.plans[:1] for c in (p.denoiser, p.encoder)]


def test_a_catalog_doesnt_differ_from_itself(run: Run, edited: tuple[Path, Path]) -> None:
    """Nor does one that is only written in another way."""
    old = str(edited[0])
    assert run("catalog", "diff", old, old, "--json").json["changes"] == []
    assert "No entry differs." in run("catalog", "diff", old, old).out


def test_removing_and_adding_mirror_each_other(run: Run, edited: tuple[Path, Path]) -> None:
    """Backwards, what was added is removed, and the best pairs are the same the other way."""
    there = run("catalog", "diff", *map(str, edited), "--json").json
    back = run("catalog", "diff", *map(str, reversed(edited)), "--json").json
    swapped = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(c["id"], swapped[c["change"]]) for c in there["changes"]] == [
        (c["id"], c["change"]) for c in back["changes"]
    ]
    assert [(b["before"], b["after"]) for b in there["best"]] == [
        (b["after"], b["before"]) for b in back["best"]
    ]


def test_commits_are_compared_through_git(
    run: Run, edited: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REVISION:PATH and git:REVISION both name what a commit has."""
    old, new = edited
    repository = tmp_path / "repository"
    repository.mkdir()
    for number, path in enumerate((old, new)):
        (repository / "models.yaml").write_bytes(path.read_bytes())
        _git(repository, "init", "-q") if number == 0 else None
        _git(repository, "add", ".")
        _git(repository, "commit", "-q", "-m", f"catalog {number}")
    monkeypatch.chdir(repository)
    named = run("catalog", "diff", "HEAD~1:models.yaml", "git:HEAD", "--json")
    assert named.code == 0
    direct = run("catalog", "diff", str(old), str(new), "--json")
    assert named.json["changes"] == direct.json["changes"]
    assert named.json["best"] == direct.json["best"]


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


@pytest.mark.parametrize("name", ["no-such-file.yaml", "git:no-such-revision", "HEAD:no/such"])
def test_what_isnt_there_is_named(
    run: Run, edited: tuple[Path, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a checkout, too: one line, exit code 3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    ran = run("catalog", "diff", name, str(edited[0]))
    assert (ran.code, ran.out) == (3, "")
    assert name in ran.err


def test_an_overlay_is_compared_over_the_shipped_catalog(run: Run, tmp_path: Path) -> None:
    """A file that isn't a whole catalog is what it makes of the shipped one."""
    nothing, more = tmp_path / "nothing.yaml", tmp_path / "more.yaml"
    nothing.write_text("version: 1\n", encoding="utf-8")
    more.write_text("version: 1\nsources:\n  mine:\n    title: Mine\n", encoding="utf-8")
    (change,) = run("catalog", "diff", str(nothing), str(more), "--json").json["changes"]
    assert (change["section"], change["id"], change["change"]) == ("sources", "mine", "added")
