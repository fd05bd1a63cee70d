"""Sets of models over catalogs: the shipped one, and small ones against brute force."""

from collections.abc import Sequence
from itertools import product
from random import Random

import pytest

from catalogs import Sizes, as_stored, catalog_of, in_runtime, shipped
from fitplan.catalog import Catalog, CatalogFile, PublishedFile
from fitplan.errors import FitplanError
from fitplan.questions.pack.problem import Limits
from fitplan.questions.pack.resident_set import Packed, Unmet, next_step, pack
from fitplan.questions.pack.wishes import Kept, Wishes, usual_candidates
from fitplan.units import GIB

KLEINS = frozenset({"flux2-klein-4b", "flux2-klein-4b-base"})
ERRORS = [0.0, 0.0054, 0.018, 0.036, 0.071, 0.3, None]


INVOKEAI = in_runtime("invokeai")


def packed(limit: int, wishes: Wishes | None = None) -> Packed:
    """The best set of the shipped catalog within a limit in bytes; there must be one."""
    everything = frozenset(shipped().file.pipelines)
    found = pack(INVOKEAI, Limits(limit), wishes or Wishes(everything), 10)
    assert isinstance(found, Packed)
    return found


def pairs(found: Packed) -> dict[str, tuple[str, str]]:
    """Model id → quants of its pair."""
    return {p.pipeline_id: (p.denoiser.file.quant, p.encoder.file.quant) for p in found.plans}


def test_both_klein_4b_at_q8_0_share_one_encoder_in_14_gib() -> None:
    """Q8_0 denoisers with one Qwen3-4B Q8_0 and one VAE take 13.75 GiB."""
    found = packed(14 * GIB, Wishes(KLEINS, wanted=KLEINS))
    assert pairs(found) == dict.fromkeys(KLEINS, ("Q8_0", "Q8_0"))
    assert found.cache_bytes / GIB == pytest.approx(13.745, abs=0.0005)
    users = {s.choice.file.component_id: len(s.plans) for s in found.shared}
    assert users == {"qwen3-4b": 2, "flux2-vae": 2}


def test_wanting_both_klein_4b_finds_that_set_or_a_better_one() -> None:
    """With all models to choose from, the set with both is worth at least as much."""
    everything = frozenset(shipped().file.pipelines)
    alone = packed(14 * GIB, Wishes(KLEINS, wanted=KLEINS))
    found = packed(14 * GIB, Wishes(everything, wanted=KLEINS))
    assert set(pairs(found)) >= KLEINS
    assert found.value >= alone.value
    assert found.cache_bytes <= 14 * GIB


@pytest.mark.parametrize("limit", [8, 14, 24, 32, 64])
def test_every_file_is_counted_once(limit: int) -> None:
    """The bytes of a set are those of its distinct files: pairs less what sharing saves."""
    found = packed(limit * GIB)
    distinct = {c.file.id: c.residency for plan in found.plans for c in plan.choices}
    assert found.cache_bytes == sum(r.cache_bytes for r in distinct.values()) <= limit * GIB
    assert found.real_bytes == sum(r.real_bytes for r in distinct.values())
    apart = sum(plan.cache_bytes for plan in found.plans)
    assert found.cache_bytes == apart - sum(shared.saved_bytes for shared in found.shared)
    assert len({c.file.component_id for c in found.loaded}) == len(found.loaded) == len(distinct)


def test_a_higher_limit_is_worth_no_less() -> None:
    """Value grows with the limit, GiB by GiB."""
    values = [packed(limit * GIB).value for limit in range(6, 40, 3)]
    assert values == sorted(values)


def test_the_step_to_the_next_gib_adds_up() -> None:
    """What a GiB buys is what the two sets differ in."""
    before, after = packed(14 * GIB), packed(15 * GIB)
    step = next_step(before, after, GIB)
    models = set(pairs(before)) | {plan.pipeline_id for plan in step.added}
    assert models - {plan.pipeline_id for plan in step.dropped} == set(pairs(after))
    assert step.gained == after.value - before.value
    for old, new in step.changed:
        assert pairs(before)[old.pipeline_id] != pairs(after)[new.pipeline_id]


def test_real_bytes_are_held_to_the_machines_ram() -> None:
    """Z-Image Q8_0 fits a cache of 14 GiB and not a machine that has 14 GiB for it."""
    kept = Wishes(frozenset(), kept=(Kept("z-image-turbo", "leejet/Q8_0", "Q8_0"),))
    assert packed(14 * GIB, kept).cache_bytes / GIB == pytest.approx(12.640, abs=0.0005)
    found = pack(INVOKEAI, Limits(14 * GIB, 14 * GIB), kept, 10)
    assert isinstance(found, Unmet)
    assert found.reason == (
        "Z-Image Turbo needs at least 17.52 GiB of RAM, 14.00 GiB are left for models"
    )


def test_what_limit_would_do_is_true() -> None:
    """The limit that an unmet wish names holds it; a byte less doesn't."""
    wishes = Wishes(KLEINS, wanted=KLEINS)
    found = pack(INVOKEAI, Limits(6 * GIB), wishes, 10)
    assert isinstance(found, Unmet)
    assert found.cache_bytes is not None
    assert set(pairs(packed(found.cache_bytes, wishes))) == KLEINS
    less = pack(INVOKEAI, Limits(found.cache_bytes - 1), wishes, 10)
    assert isinstance(less, Unmet)


def test_kept_pairs_that_contradict_each_other_are_refused() -> None:
    """One encoder file serves all: two models can't keep it in two quantizations."""
    kept = (Kept("flux2-klein-4b", "Q8_0", "Q8_0"), Kept("z-image-turbo", "Q8_0", "Q4_K_M"))
    with pytest.raises(FitplanError, match="Qwen3-4B can't stay both as Q8_0 and as Q4_K_M"):
        pack(INVOKEAI, Limits(99 * GIB), Wishes(frozenset(), kept=kept), 10)


def test_a_weight_decides_between_models() -> None:
    """Where one of two models fits, the weightier is in."""
    catalog = catalog_of({"a": ([(5, 0.0)], [(5, 0.0)]), "b": ([(5, 0.0)], [(5, 0.0)])})
    for heavy in ("a", "b"):
        wishes = Wishes(frozenset({"a", "b"}), weights={heavy: 1.5})
        found = pack(as_stored(catalog), Limits(11), wishes, 10)
        assert isinstance(found, Packed)
        assert [plan.pipeline_id for plan in found.plans] == [heavy]


def test_a_floor_of_quality_holds_for_every_pair() -> None:
    """No pair under --min-quality is chosen; when none is that good, the answer says so."""
    everything = frozenset(shipped().file.pipelines)
    found = packed(32 * GIB, Wishes(everything, min_quality_db=30))
    assert all(plan.quality_db is not None and plan.quality_db >= 30 for plan in found.plans)
    none = pack(INVOKEAI, Limits(GIB), Wishes(everything, min_quality_db=99), 10)
    assert none == Unmet("the runtime loads no pair of 99 dB or more of any model")


def a_catalog(random: Random) -> Catalog:
    """Two or three models over one or two encoders and one VAE, some without an Elo."""
    names = ["a", "b", "c"][: random.randint(2, 3)]
    sizes = [_sizes(random) for _ in names]
    elos = {name: random.randint(900, 1150) for name in names if random.random() < 0.8}
    own = catalog_of({n: (s, _sizes(random)) for n, s in zip(names, sizes, strict=True)}, elos)
    data = own.file.model_dump(exclude_none=True, mode="json")
    for name in names[1:]:
        if random.random() < 0.7:
            data["pipelines"][name]["encoders"] = ["a-e"]
    return Catalog(CatalogFile.model_validate(data, strict=False))


def _sizes(random: Random) -> Sizes:
    return [(random.randint(1, 30), random.choice(ERRORS)) for _ in range(random.randint(1, 3))]


def best_value(catalog: Catalog, limit: int) -> int:
    """The most that any choice of files is worth, in thousandths of a point, by definition."""
    models = catalog.file.pipelines
    parts = sorted({c for p in models.values() for c in (p.denoiser, *p.encoders, p.vae)})
    lowest = min((p.elo.value for p in models.values() if p.elo), default=1000)
    best = 0
    for chosen in product(*([None, *catalog.files(part)] for part in parts)):
        if sum(file.weights.file_bytes for file in chosen if file) <= limit:
            at = dict(zip(parts, chosen, strict=True))
            best = max(best, sum(_worth(at, p.denoiser, p.encoders[0], p.vae,
                                        p.elo.value if p.elo else lowest)
                                 for p in models.values()))  # fmt: skip
    return best


def _worth(at: dict[str, PublishedFile | None], d: str, e: str, vae: str, elo: int) -> int:
    denoiser, encoder = at[d], at[e]
    if denoiser is None or encoder is None or at[vae] is None:
        return 0
    errors = [1.0 if f.rel_error is None else f.rel_error for f in (denoiser, encoder)]
    error: float = (errors[0] ** 2 + errors[1] ** 2 / 3 + 0.0017**2) ** 0.5
    return round(1000 * (elo - 520 * error))


@pytest.mark.parametrize("seed", range(8))
def test_sets_equal_brute_force_on_small_catalogs(seed: int) -> None:
    """200 random catalogs: no choice of files within the limit is worth more."""
    random = Random(seed)
    for _ in range(25):
        catalog, limit = a_catalog(random), random.randint(2, 120)
        wishes = Wishes(frozenset(catalog.file.pipelines))
        found = pack(as_stored(catalog), Limits(limit), wishes, 10)
        expected = best_value(catalog, limit)
        if isinstance(found, Unmet):
            assert expected == 0
            assert found.cache_bytes is not None
            assert found.cache_bytes > limit
        else:
            assert round(found.value * 1000) == expected
            assert found.proof.status == "optimal"


def the_ids(found: Sequence[Packed]) -> list[list[str]]:
    """Files of each set, in order."""
    return [[choice.file.id for choice in one.loaded] for one in found]


def test_the_same_question_gives_the_same_set() -> None:
    """Two runs load the same files."""
    first, second = the_ids([packed(32 * GIB), packed(32 * GIB)])
    assert first == second


def test_unrated_models_take_part_only_when_named() -> None:
    """A model without an Elo has no value of its own; counting models counts all of them."""
    files: Sizes = [(1, 0.0)]
    catalog = catalog_of({"a": (files, files), "b": (files, files)}, {"a": 1000})
    assert usual_candidates(catalog, "value", ()) == {"a"}
    assert usual_candidates(catalog, "value", ["b"]) == {"a", "b"}
    assert usual_candidates(catalog, "count", ()) == {"a", "b"}
    assert usual_candidates(catalog_of({"b": (files, files)}), "value", ()) == {"b"}
