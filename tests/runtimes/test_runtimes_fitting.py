"""Fit tests as arithmetic, the planner under each of them, and the wall between both and rules."""

import ast
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fitplan
from catalogs import as_stored, catalog_of, shipped
from fitplan import runtimes
from fitplan.accounting.fitting import FitTest, Headroom, InTurn, Together, fits
from fitplan.accounting.residency import Residency
from fitplan.accounting.runtime import Runtime
from fitplan.errors import FitplanError
from fitplan.planning.candidates import Candidates
from fitplan.planning.planner import plan
from fitplan.units import GIB

SOURCE = Path(fitplan.__file__).parent


@dataclass(frozen=True)
class Part:
    """A file's cost, made up."""

    cache_bytes: int
    scratch_bytes: int = 0


parts = st.lists(st.builds(Part, st.integers(0, 50), st.integers(0, 50)), max_size=5)
tests = st.one_of(
    st.builds(
        Together,
        st.integers(0, 9),
        st.builds(Headroom, st.integers(0, 30), st.integers(0, 5), st.integers(5, 20)),
    ),
    st.builds(InTurn, st.integers(0, 9)),
)


def test_together_is_sum_largest_scratch_process_and_headroom() -> None:
    """10 + 20 held, 7 scratch (not 5 + 7), 3 for the process, 2 free."""
    test = Together(3, Headroom(10, 2, 9))
    assert test.needed([Part(10, 5), Part(20, 7)], 20) == 10 + 20 + 7 + 3 + 2


def test_in_turn_is_the_largest_phase() -> None:
    """max(10 + 15, 20 + 1) + 3."""
    assert InTurn(3).needed([Part(10, 15), Part(20, 1)], 100) == 28


@given(tests, parts, st.integers(0, 300), st.integers(0, 9), st.integers(0, 9))
def test_a_cheaper_file_never_needs_more(
    test: FitTest, files: list[Part], budget: int, less: int, more: int
) -> None:
    """What the planner's search rests on: growing with the cost of any file, and of files."""
    smaller = [Part(max(0, part.cache_bytes - less), part.scratch_bytes) for part in files]
    assert test.needed(smaller, budget) <= test.needed(files, budget)
    assert test.needed(files, budget) <= test.needed([*files, Part(more)], budget)


@given(tests, parts)
def test_the_least_budget_fits_and_one_byte_less_does_not(test: FitTest, pair: list[Part]) -> None:
    """Found by halving; every smaller budget was tried here."""
    least = test.least(pair)
    assert fits(test, pair, least)
    assert not any(fits(test, pair, budget) for budget in range(least))


@given(tests, parts, st.integers(0, 300), st.integers(0, 50))
def test_more_budget_never_turns_a_fit_into_a_miss(
    test: FitTest, files: list[Part], budget: int, more: int
) -> None:
    """Headroom grows more slowly than the RAM it is a share of."""
    if fits(test, files, budget):
        assert fits(test, files, budget + more)


costs = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from([0.0, 0.0054, 0.036, 0.3])),
    min_size=1,
    max_size=5,
)


@given(costs, costs, st.integers(1, 70), tests)
def test_the_planner_equals_brute_force_under_every_fit_test(
    denoisers: list[tuple[int, float | None]],
    encoders: list[tuple[int, float | None]],
    budget: int,
    test: FitTest,
) -> None:
    """Pairs listed and pairs counted as too large are those of trying all."""
    catalog = catalog_of({"a": (denoisers, encoders)}, vae=2)
    answer = plan(as_stored(catalog, test), ["a"], budget, "all")
    costs_of = [[Part(d), Part(e), Part(2)] for (d, _), (e, _) in product(denoisers, encoders)]
    fitting = sum(fits(test, files, budget) for files in costs_of)
    assert len(answer.plans) == fitting
    assert answer.excluded.too_large == len(costs_of) - fitting


@given(costs, costs, st.integers(1, 70), tests)
def test_the_best_pair_is_on_the_frontier_under_every_fit_test(
    denoisers: list[tuple[int, float | None]],
    encoders: list[tuple[int, float | None]],
    budget: int,
    test: FitTest,
) -> None:
    """Searching each slot's undominated choices alone finds the best score of all pairs."""
    catalog = catalog_of({"a": (denoisers, encoders)})
    every = plan(as_stored(catalog, test), ["a"], budget, "all").plans
    best = plan(as_stored(catalog, test), ["a"], budget, "best", top=1).plans
    assert [p.quality_db for p in best] == [p.quality_db for p in every[:1]]


@pytest.mark.parametrize("runtime", runtimes.newest(), ids=lambda r: r.name)
def test_scratch_is_the_same_for_all_files_of_a_component(runtime: Runtime) -> None:
    """The other thing the planner's search rests on."""
    for component in shipped().file.components:
        found = [runtime.residency(file.weights) for file in shipped().files(component)]
        assert len({r.scratch_bytes for r in found if isinstance(r, Residency)}) <= 1


@pytest.mark.parametrize("runtime", runtimes.newest(), ids=lambda r: r.name)
def test_every_runtime_plans_within_its_budget(runtime: Runtime) -> None:
    """At 14 GiB each finds pairs, all of which its fit test takes, and counts the rest."""
    answer = plan(Candidates(shipped(), runtime), shipped().file.pipelines, 14 * GIB, "frontier")
    assert answer.plans
    assert answer.excluded.unsupported_format + answer.excluded.no_rules > 0
    for found in answer.plans:
        parts = [choice.residency for choice in found.choices]
        assert fits(runtime.fit, parts, 14 * GIB)


def names_in(path: Path) -> set[str]:
    """Every identifier, attribute, string and import of a module, docstrings aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.Constant(value=str(text)):
                found.add(text)
            case ast.ImportFrom(module=str(module)):
                found.add(module)
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case _:
                pass
    return {name.lower() for name in found}


@pytest.mark.parametrize(
    "module",
    ["planning/planner", "accounting/fitting", "accounting/residency", "accounting/rules"],
)
def test_what_plans_names_no_runtime(module: str) -> None:
    """No program's name, in code, strings or prose, and no import of the rules."""
    text = "\n".join(names_in(SOURCE / f"{module}.py"))
    for program in runtimes.PROGRAMS:
        if module in ("planning/planner", "accounting/fitting"):
            assert program.name not in text
            assert program.title.lower() not in text
        assert "fitplan.runtimes" not in text.splitlines()


def test_rules_dont_know_the_planner() -> None:
    """No module of rules imports what searches, ranks or renders."""
    for path in (SOURCE / "runtimes").rglob("*.py"):
        imported = {name for name in names_in(path) if name.startswith("fitplan.")}
        allowed = ("accounting", "errors", "runtimes", "units")
        assert all(name.split(".")[1] in allowed for name in imported), path


def test_a_runtime_is_found_by_name_version_and_modes() -> None:
    """Names are case-blind; patch releases have their release's rules."""
    assert runtimes.find("ComfyUI@0.33.0").modes == {"mode": "dynamic"}
    assert runtimes.find("comfyui", ["legacy"]).modes == {"mode": "legacy"}
    assert runtimes.find("sd.cpp", ["disk", "size=512", "vae-tiling"]).modes == {
        "mode": "disk",
        "size": "512",
        "diffusion-fa": "off",
        "vae-tiling": "on",
    }
    assert runtimes.find("diffusers", ["nf4", "offload=model"]).modes == {
        "dtype": "nf4",
        "offload": "model",
    }
    assert runtimes.find("invokeai", ["partial-loading=off"]).modes == {"partial-loading": "off"}


@pytest.mark.parametrize(
    ("spec", "modes"),
    [
        ("comfyui", ["disk"]),
        ("sd.cpp", ["size=2048"]),
        ("sd.cpp", ["on"]),
        ("diffusers", ["dtype=q4"]),
        ("invokeai", ["legacy"]),
        ("invokeai", [""]),
        ("invokeai", ["partial-loading="]),
        ("comfyui@0.2", []),
        ("invokeai@newest", []),
        ("sd.cpp@694", []),
        ("swarmui", []),
    ],
)
def test_what_a_program_hasnt_is_a_usage_error_with_a_cure(spec: str, modes: list[str]) -> None:
    """The hint lists what there is."""
    with pytest.raises(FitplanError) as caught:
        runtimes.find(spec, modes)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_every_rule_says_where_it_comes_from() -> None:
    """A place in the program, and whether it was measured or only read."""
    for runtime in runtimes.newest():
        assert all(rule.where and rule.basis in ("measured", "code") for rule in runtime.rules)
        assert runtime.source
        assert runtime.miss
