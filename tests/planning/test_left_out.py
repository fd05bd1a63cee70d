"""What a plan leaves out, by reason: refused, without rules, and without a file that loads."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from catalogs import AsStored, as_stored, catalog_of, in_runtime, shipped
from cli import Run
from fitplan import runtimes
from fitplan.accounting.residency import Outcome, Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import WeightFile
from fitplan.planning.candidates import Candidates
from fitplan.planning.planner import Excluded, plan
from fitplan.units import GIB

LOADS, REFUSED, UNKNOWN = "loads", "refused", "unknown"
fates = st.lists(st.sampled_from([LOADS, REFUSED, UNKNOWN]), min_size=1, max_size=4)
models = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.tuples(fates, fates), min_size=1)
Models = dict[str, tuple[list[str], list[str]]]


SIZES = {LOADS: 1, REFUSED: 2, UNKNOWN: 3}
"""Bytes of a file → its fate."""


class Fated(AsStored):
    """A runtime that loads, refuses or does not know a file, by its size."""

    def residency(self, file: WeightFile) -> Outcome:
        """By the table above."""
        if file.file_bytes == SIZES[REFUSED]:
            return Unsupported("test does not load it", "test")
        if file.file_bytes == SIZES[UNKNOWN]:
            return Unknown("no rules in test")
        return super().residency(file)


def candidates(fated: Models) -> Candidates:
    """A catalog whose files meet these fates."""
    catalog = catalog_of(
        {
            name: ([(SIZES[f], 0.0) for f in denoisers], [(SIZES[f], 0.0) for f in encoders])
            for name, (denoisers, encoders) in fated.items()
        }
    )
    return as_stored(catalog, kind=Fated)


def by_definition(fated: Models) -> Excluded:
    """Every pair that isn't loaded, classified one by one."""
    counts = Excluded()
    for name, (denoisers, encoders) in fated.items():
        closed = [part for part in (denoisers, encoders) if LOADS not in part]
        pairs = len(denoisers) * len(encoders)
        if any(set(part) == {REFUSED} for part in closed):
            counts += Excluded(no_loadable_file=pairs, models_without_files=(name,))
        elif closed:
            counts += Excluded(no_rules=pairs, models_without_rules=(name,))
        else:
            for pair in product(denoisers, encoders):
                counts += Excluded(
                    unsupported_format=REFUSED in pair,
                    no_rules=UNKNOWN in pair and REFUSED not in pair,
                )
    return counts


@given(models)
def test_every_pair_that_is_not_loaded_is_counted_once_by_its_reason(fated: Models) -> None:
    """Refused formats, missing rules and models without a loadable file are three counts."""
    out = plan(candidates(fated), sorted(fated), 100, "all").excluded
    expected = by_definition(dict(sorted(fated.items())))
    assert (out.unsupported_format, out.no_rules, out.no_loadable_file) == (
        expected.unsupported_format,
        expected.no_rules,
        expected.no_loadable_file,
    )
    assert out.models_without_rules == expected.models_without_rules
    assert out.models_without_files == expected.models_without_files


def test_a_program_is_not_said_to_refuse_what_no_rule_tells(run: Run) -> None:
    """ComfyUI 0.3.64 is older than FLUX.2, but later builds that take its rules may have it."""
    asked = ("--ram", "14", "--runtime", "comfyui@0.3.64", "--model", "Klein 4B")
    out = run(*asked, "--json").json["excluded"]
    assert out["unsupported_format"] == 0
    assert out["models_without_rules"] == ["FLUX.2 Klein 4B"]
    text = " ".join(run(*asked).out.split())
    assert f"{out['no_rules']} without rules for ComfyUI 0.3.64 (FLUX.2 Klein 4B" in text
    assert "does not load" not in text


def test_every_refusal_has_a_source_and_every_unknown_names_the_program() -> None:
    """Of all files of the catalog in all programs."""
    for runtime in runtimes.newest():
        for component in shipped().file.components:
            for file in shipped().files(component):
                found = runtime.residency(file.weights)
                if isinstance(found, Unsupported):
                    assert found.source
                if not isinstance(found, Residency):
                    assert runtime.title in found.reason


def test_one_model_without_a_loadable_file_says_so(run: Run) -> None:
    """Qwen-Image came to InvokeAI with 6.14: in 6.12 it is known not to load."""
    asked = ("--ram", "64", "--runtime", "invokeai@6.12", "--model", "qwen-image")
    out = run(*asked, "--json").json["excluded"]
    assert out["no_loadable_file"] > 0
    assert out["models_without_files"]
    assert "without a file that InvokeAI 6.12 loads (" in " ".join(run(*asked).out.split())
    models = shipped().pipeline_ids("qwen-image")
    assert plan(in_runtime("invokeai@6.12"), models, 64 * GIB).plans == ()
