"""A file is named only when every one of its tensors is explained."""

import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sparse
from fitplan.accounting.weights import Kind, Role, Tensor
from fitplan.architectures import ARCHITECTURE, recognise
from fitplan.architectures.known import declarable, table_called, tables
from fitplan.architectures.listing import recognised
from fitplan.architectures.table import read_table
from fitplan.architectures.tabulation import expanded, tabulate
from tabled import TABLES, declared, required, tensors_of

pytestmark = pytest.mark.slow

A_FEW = (
    *("flux1-dev.reference", "z-image.diffusers", "sdxl-unet.reference", "qwen3-4b.gguf"),
    *("qwen2.5-vl-7b.hf", "t5-xxl.hf", "sd-vae.diffusers", "clip-l.hf", "wan-t2v-14b.reference"),
)
SOME = settings(deadline=None, max_examples=25)
HALVES = {"taesd.diffusers": "taesd-encoder", "taesd3.diffusers": "taesd3-encoder"}
"""Tables of which half is a model of its own."""


@pytest.mark.parametrize("id", TABLES)
def test_every_table_is_recognised_under_its_name(id: str) -> None:
    """What a table lists is that architecture, without a difference but to what it varies."""
    head = table_called(id).head
    found = recognise(tensors_of(id), declared(id))
    assert (found.family, found.kind, found.name) == (head.family, head.kind, head.name)
    assert bool(found.differences) == bool(head.variant_of)
    assert len(found.tensors) == len(tensors_of(id))


@pytest.mark.parametrize("id", TABLES)
def test_what_lacks_or_adds_a_tensor_is_unknown(id: str) -> None:
    """One required tensor missing or renamed, or one stranger more: no match, and it says why."""
    rng = random.Random(id)
    tensors = list(required(id))
    at = rng.randrange(len(tensors))
    chosen = tensors[at]
    renamed = Tensor(f"{chosen.name}_x", chosen.shape, chosen.type)
    stranger = Tensor("someone.elses.weight", (4, 4), "BF16")
    for changed in (
        [*tensors[:at], *tensors[at + 1 :]],
        [*tensors[:at], renamed, *tensors[at + 1 :]],
        [*tensors, stranger],
    ):
        found = recognise(changed, declared(id))
        assert (found.family, found.kind, found.name) == ("", Kind.UNKNOWN, "unknown")
        assert len(tensors) < 9 or found.nearest


@pytest.mark.parametrize("id", [id for id in TABLES if id not in HALVES])
def test_half_a_model_is_not_the_model(id: str) -> None:
    """The first half of a file's tensors, as a broken download or a shard has them."""
    half = required(id)[: len(required(id)) // 2]
    assert recognise(half, declared(id)).family == ""


@pytest.mark.parametrize("name", sparse.ARCHITECTURES)
def test_tables_say_what_lists_say(name: str) -> None:
    """A list of names and shapes as a table, and back."""
    tensors = [(tensor.name, tensor.shape) for tensor in sparse.architecture(name)]
    text = tabulate(tensors, ("double_blocks", "transformer_blocks", "layers", "blk"))
    assert sorted(expanded(text)) == sorted(tensors)
    assert len(text.splitlines()) < len(tensors)


NAMES = st.lists(
    st.one_of(st.sampled_from(("blocks", "norm", "weight")), st.integers(0, 12).map(str)),
    min_size=1,
    max_size=5,
).map(".".join)


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.lists(st.integers(0, 5), max_size=3).map(tuple), max_size=30))
def test_any_names_become_a_table_and_back(shapes: dict[str, tuple[int, ...]]) -> None:
    """Whatever the names and shapes are."""
    assert dict(expanded(tabulate(shapes.items(), ("blocks",)))) == shapes


def test_tables_are_sound() -> None:
    """Axes that a head names exist, bases exist, and no two tables say the same."""
    seen: dict[object, str] = {}
    for table in tables():
        shapes = {name: line.shape for line in table.main.lines for name in line.names()}
        for name, axis in (*filter(None, [table.head.width]), *table.head.fixed):
            assert axis < len(shapes[name]), table.id
        if table.head.variant_of:
            assert table_called(table.head.variant_of).head.family == table.head.family
        told_by = (table.head.only_if_named, table.head.under)
        key = (frozenset((t.name, t.shape) for t in tensors_of(table.id)), told_by)
        assert key not in seen, (table.id, seen[key])
        seen[key] = table.id


def test_a_table_needs_its_head() -> None:
    """A table without a name or with an unknown kind is refused."""
    with pytest.raises(KeyError):
        read_table("x.y", "family: x\nkind: vae\n\na.weight 3")
    with pytest.raises(ValueError, match="kind"):
        read_table("x.y", "name: X\nfamily: x\nkind: kind\n\na.weight 3")


@SOME
@given(st.sampled_from(A_FEW), st.randoms(use_true_random=False))
def test_order_does_not_matter(id: str, rng: random.Random) -> None:
    """A file may list its tensors in any order."""
    tensors = list(tensors_of(id))
    plain = recognise(tensors)
    rng.shuffle(tensors)
    found = recognise(tensors)
    assert (found.name, found.blocks, found.groups) == (plain.name, plain.blocks, plain.groups)


PREFIXES = st.lists(
    st.sampled_from(
        ("model.diffusion_model.", "diffusion_model.", "transformer.", "text_model.", "net.", "0.")
    ),
    max_size=3,
).map("".join)


@SOME
@given(st.sampled_from(A_FEW), PREFIXES)
def test_prefix_does_not_matter(id: str, prefix: str) -> None:
    """One prefix before every name, also repeated, changes neither name nor width nor blocks."""
    plain, found = recognise(tensors_of(id)), recognise(tensors_of(id, prefix=prefix))
    kept = ("family", "name", "hidden_size", "blocks", "differences", "groups")
    assert [getattr(found, key) for key in kept] == [getattr(plain, key) for key in kept]


@SOME
@given(st.sampled_from(A_FEW), st.sets(st.integers(0, 4000), min_size=1, max_size=6), st.booleans())
def test_nothing_is_named_whose_tensors_are_not_explained(
    id: str, at: set[int], dropped: bool
) -> None:
    """However many tensors are gone or called otherwise, the file has no name."""
    tensors = list(required(id))
    for i in sorted({number % len(tensors) for number in at}, reverse=True):
        renamed = Tensor(f"x.{tensors[i].name}", tensors[i].shape, "BF16")
        tensors[i : i + 1] = [] if dropped else [renamed]
    assert recognise(tensors, declared(id)).family == ""


EXTRAS = (
    *("__index_timestep_zero__", "position_ids", "logit_scale", "scaled_fp8", "a.comfy_quant"),
    *("model.diffusion_model.__index_timestep_zero__", "text_model.embeddings.position_ids"),
)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (1, 77)])
@pytest.mark.parametrize("id", ["flux1-dev.reference", "qwen-image.diffusers", "clip-l.hf"])
def test_known_extras_never_cost_a_match(id: str, shape: tuple[int, ...]) -> None:
    """Marks of tools and buffers are neither missed nor parameters."""
    extras = tuple(Tensor(name, shape, "F32") for name in EXTRAS)
    found = recognise((*tensors_of(id), *extras))
    assert found.name == table_called(id).head.name
    roles = {tensor.name: role for role, tensor in found.tensors}
    assert {roles[name] for name in EXTRAS} <= {Role.BUFFERS, Role.QUANT_STATE}


def changed(id: str, shapes: Mapping[str, tuple[int, ...]]) -> list[Tensor]:
    """The tensors of `id`, some of another shape."""
    return [Tensor(t.name, shapes.get(t.name, t.shape), t.type) for t in required(id)]


def test_variants_say_how_they_differ() -> None:
    """Other shapes along an axis that may vary: the same family, and the answer says how."""
    tokens = recognise(changed("qwen3-4b.hf", {"embed_tokens.weight": (151669, 2560)}))
    assert (tokens.family, tokens.name) == ("qwen3", "Qwen3 4B")
    assert tokens.differences == ("151,669 tokens instead of 151,936",)
    channels = recognise(changed("flux1-dev.reference", {"img_in.weight": (3072, 196)}))
    assert (channels.family, channels.name) == ("flux1", "FLUX.1 Dev")
    assert channels.differences == ("196 input channels instead of 64",)
    inpaint = recognise(changed("sdxl-unet.diffusers", {"conv_in.weight": (320, 7, 3, 3)}))
    assert inpaint.differences == ("7 input channels instead of 4",)


def test_fewer_blocks_are_a_variant() -> None:
    """Blocks may be fewer or more, if they are numbered from 0 and each is whole."""
    tensors = required("flux1-dev.reference")
    outer = [t for t in tensors if not t.name.startswith("double_blocks.")]
    first = [
        t for t in tensors if t.name.startswith(tuple(f"double_blocks.{i}." for i in range(7)))
    ]
    found = recognise([*outer, *first])
    assert (found.family, found.name, found.blocks) == ("flux1", "FLUX.1 Dev", 45)
    assert found.differences == ("7 instead of 19 double blocks",)
    assert recognise(outer).family == recognise([*outer, *first[1:]]).family == ""
    without_one = [t for t in tensors if not t.name.startswith("double_blocks.3.")]
    assert recognise(without_one).family == ""


@pytest.mark.parametrize(
    ("id", "name", "differences"),
    [
        ("flux1-lite-8b.reference", "FLUX.1-lite or Flex.1", ("8 instead of 19 double blocks",)),
        (
            "flex2-preview.diffusers",
            "Flex.2",
            ("8 instead of 19 transformer blocks", "196 input channels instead of 64"),
        ),
    ],
)
def test_known_variants_have_names_of_their_own(
    id: str, name: str, differences: tuple[str, ...]
) -> None:
    """FLUX.1-lite and Flex.2 are FLUX.1 in other shapes, and say in which."""
    found = recognise(tensors_of(id))
    assert (found.family, found.name, found.differences) == ("flux1", name, differences)


@pytest.mark.parametrize(
    ("id", "shapes", "why"),
    [
        ("flux1-dev.reference", {"txt_in.weight": (3072, 2048)}, "2,048 text features"),
        ("flux1-vae.diffusers", {"encoder.conv_out.weight": (64, 512, 3, 3)}, "64 moments"),
        ("clip-l.hf", {"embeddings.token_embedding.weight": (49408, 640)}, "640 features"),
        ("t5-xxl.hf", {"shared.weight": (50000, 4096)}, "50,000 tokens instead of 32,128"),
    ],
)
def test_some_axes_make_another_family(
    id: str, shapes: dict[str, tuple[int, ...]], why: str
) -> None:
    """Text width, latent channels, vocabularies: where they differ it is another architecture."""
    found = recognise(changed(id, shapes))
    assert (found.family, found.kind) == ("", Kind.UNKNOWN)
    assert why in found.nearest


QWEN3_4B = tensors_of("qwen3-4b.gguf", "Q4_K")


@pytest.mark.parametrize(
    ("architecture", "family", "name"),
    [
        ("qwen3", "qwen3", "Qwen3 4B"),
        ("qwen3vl", "qwen3-vl", "Qwen3-VL 4B (text part)"),
        ("pig", "qwen3", "Qwen3 4B"),
        ("", "qwen3", "Qwen3 4B"),
        ("qwen2", "", "unknown"),
        ("gemma3", "", "unknown"),
        ("dream", "", "unknown"),
    ],
)
def test_general_architecture_decides_between_equal_shapes(
    architecture: str, family: str, name: str
) -> None:
    """Qwen3-VL's text part has Qwen3's tensors; what contradicts both is neither."""
    found = recognise(QWEN3_4B, {ARCHITECTURE: architecture})
    assert (found.family, found.name) == (family, name)
    assert family or repr(architecture) in found.nearest


@pytest.mark.parametrize(
    ("id", "architecture", "family"),
    [
        ("qwen2-7b.gguf", "qwen2", "qwen2"),
        ("qwen2-7b.gguf", "qwen2vl", "qwen2.5-vl"),
        ("qwen2.5-vl-3b-text.gguf", "qwen2", "qwen2"),
        ("gemma3-4b-text.gguf", "gemma3", "gemma3"),
        ("olmo2-7b.gguf", "olmo2", "olmo2"),
        ("qwen3-30b-a3b.gguf", "qwen3moe", "qwen3moe"),
        ("llama3.1-8b.gguf", "llama", "llama"),
        ("mistral-small-24b.gguf", "llama", "mistral"),
        ("t5-xxl.gguf", "t5encoder", "t5"),
        ("z-image.reference", "lumina2", "z-image"),
    ],
)
def test_gguf_architectures_by_their_own_names(id: str, architecture: str, family: str) -> None:
    """Each is what its metadata and its tensors agree on, without a difference."""
    found = recognise(tensors_of(id), {ARCHITECTURE: architecture})
    assert (found.family, found.differences) == (family, ())


def test_contradiction_is_said_where_tensors_leave_no_doubt() -> None:
    """A Z-Image that calls itself a FLUX is one by its tensors; the answer mentions the claim."""
    found = recognise(tensors_of("z-image.reference"), {ARCHITECTURE: "flux"})
    assert found.family == "z-image"
    assert "'flux'" in found.differences[0]
    assert "flux" in declarable()


def test_prefix_tells_a_part_of_a_multimodal_model() -> None:
    """Qwen3-VL's text model saved alone keeps `language_model.` before its names."""
    assert recognise(tensors_of("qwen3-4b.hf", prefix="model.")).family == "qwen3"
    found = recognise(tensors_of("qwen3-4b.hf", prefix="model.language_model."))
    assert (found.family, found.name) == ("qwen3-vl", "Qwen3-VL 4B (text part)")


@pytest.mark.parametrize("type", ["U8", "I8", "I32"])
def test_packed_weights_are_compared_by_what_they_hold(type: str) -> None:
    """Four bits a number: half as wide in bytes, an eighth in 32-bit integers."""
    factor = 8 if type == "I32" else 2
    tensors = [
        Tensor(t.name, (*t.shape[:-1], t.shape[-1] // factor), type)
        if len(t.shape) == 2 and "blocks" in t.name
        else t
        for t in required("qwen-image.diffusers")
    ]
    found = recognise(tensors)
    assert (found.name, found.differences) == ("Qwen-Image", ())


def test_folded_axes_are_no_difference() -> None:
    """Wan by sd.cpp: the patch embedding has four axes, and the width is that of its bias."""
    folded = {"patch_embedding.weight": (5120 * 16, 1, 2, 2)}
    found = recognise(changed("wan-t2v-14b.reference", folded))
    assert (found.name, found.hidden_size, found.differences) == ("Wan 14B", 5120, ())


def checkpoint(denoiser: str, *, vae: str = "flux1-vae.reference") -> list[Tensor]:
    """A whole pipeline in one file."""
    return [
        *tensors_of(denoiser, "F8_E4M3", "model.diffusion_model."),
        *tensors_of(vae, "F32", "vae."),
        *tensors_of("clip-l.hf", "F16", "text_encoders.clip_l.transformer.text_model."),
        *tensors_of("t5-xxl.hf", "F8_E4M3", "text_encoders.t5xxl.transformer."),
        Tensor("text_encoders.t5xxl.logit_scale", (), "F32"),
    ]


def test_checkpoint_is_named_after_its_denoiser() -> None:
    """Every part is recognised alone; what tools left between them is explained."""
    found = recognise(checkpoint("flux1-dev.reference"))
    assert (found.family, found.kind, found.name) == (
        *("flux1", Kind.CHECKPOINT, "FLUX.1 Dev checkpoint"),
    )
    assert [part.family for part in found.parts] == ["flux1", "flux1-vae", "clip-l", "t5"]
    assert found.differences == ()


def test_checkpoint_is_never_named_after_a_part() -> None:
    """With an unknown denoiser it is an unknown checkpoint, whatever else is inside."""
    tensors = [t for t in checkpoint("flux1-dev.reference") if "txt_in" not in t.name]
    found = recognise(tensors)
    assert (found.family, found.kind) == ("", Kind.CHECKPOINT)
    assert found.name == "unknown checkpoint with a FLUX.1 VAE, a CLIP-L and a T5-XXL inside"
    assert found.nearest.startswith("FLUX.1 Dev, but 2 of 780 tensors missing")


def test_checkpoint_lists_what_it_cannot_explain() -> None:
    """Tensors of no part, and a part that isn't known, are listed."""
    stray = Tensor("someone.elses.weight", (4, 4), "F16")
    found = recognise([*checkpoint("flux1-dev.reference"), stray])
    assert found.name == "FLUX.1 Dev checkpoint"
    assert found.differences == ("1 tensor not recognised, e.g. someone.elses.weight",)


def test_encoders_in_one_file_are_no_checkpoint_of_a_denoiser() -> None:
    """Two text encoders side by side are just that."""
    tensors = [t for t in checkpoint("flux1-dev.reference") if t.name.startswith("text_encoders")]
    found = recognise(tensors)
    assert (found.family, found.name) == ("", "checkpoint without a denoiser: CLIP-L and T5-XXL")


def test_projectors_are_told_by_their_namespace() -> None:
    """llama.cpp's vision projector, with the width of the text model it is for."""
    tower = [
        Tensor(f"v.blk.{i}.{part}.weight", (1024, 1024), "F16")
        for i in range(24)
        for part in ("attn_qkv", "ffn_up")
    ]
    head = [
        Tensor("v.patch_embd.weight", (1024, 3, 16, 16), "F16"),
        Tensor("mm.0.weight", (4096, 4096), "F16"),
        Tensor("mm.2.weight", (2560, 4096), "F16"),
    ]
    found = recognise([*head, *tower], {ARCHITECTURE: "clip"})
    assert (found.family, found.kind, found.hidden_size) == ("mmproj", Kind.IMAGE_ENCODER, 2560)
    assert recognise([*head, *tower[:-1]], {ARCHITECTURE: "clip"}).family == ""
    assert recognise([*head, *tower[8:]], {ARCHITECTURE: "clip"}).family == ""


@pytest.mark.parametrize(
    ("tables", "name"),
    [
        ({"emb_params": (4, 768)}, "textual inversion for SD 1.5, 4 vectors"),
        ({"clip_l": (1, 768), "clip_g": (1, 1280)}, "textual inversion for SDXL, 1 vector"),
    ],
)
def test_textual_inversions(tables: dict[str, tuple[int, int]], name: str) -> None:
    """A few rows for a token embedding, told by name and width."""
    found = recognise([Tensor(key, shape, "F32") for key, shape in tables.items()])
    assert (found.family, found.kind, found.name) == ("textual-inversion", Kind.EMBEDDING, name)
    strange = recognise([Tensor(key, (4, 999), "F32") for key in tables])
    assert strange.family == ""


def test_hostile_names_are_just_unknown() -> None:
    """Names that look like the tables' own signs, huge numbers, one part repeated."""
    names = ("blocks.#.weight", "blocks.99999999999999999999.w", "a" + ".0" * 120, "[0-9].x", "#")
    tensors = [Tensor(name, (4, 4), "F16") for name in names]
    assert recognise(tensors).family == ""
    assert recognise([*tensors_of("flux1-dev.reference"), *tensors]).family == ""


def test_long_names_cost_no_memory() -> None:
    """Names of 65,535 letters and as many dots are taken in stride, and not remembered."""
    tensors = [Tensor(f"{i}" + ".a" * 32_000, (4, 4), "F16") for i in range(20)]
    tracemalloc.start()
    found = recognise([*tensors_of("flux1-dev.reference"), *tensors])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.family == ""
    assert peak < 30 << 20


def test_command_line_starts_without_tables() -> None:
    """Tables are read when the first file is recognised, not before."""
    code = "import fitplan.cli.app, sys; sys.exit('fitplan.architectures.known' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_recognition_is_fast() -> None:
    """A thousand files take seconds at most; the bound allows for a machine ten times slower."""
    files = [sparse.inventory(name).tensors for name in sparse.NAMES]
    for tensors in files:
        recognise(tensors)
    start = time.process_time()
    for tensors in files:
        recognise(tensors)
    assert (time.process_time() - start) / len(files) < 0.03


def test_page_says_what_is_recognised() -> None:
    """docs/recognised.md is what the tables make it."""
    page = Path(__file__).parents[2] / "docs" / "recognised.md"
    assert page.read_text("utf-8") == recognised()


def test_page_marks_sizes_that_no_source_was_read_for() -> None:
    """Every table says where it is from; a row is marked where a table says that sizes are not."""
    assert all(table.head.source for table in tables())
    marked = {line.split(" | ")[2] for line in recognised().splitlines() if line.endswith(" * |")}
    assert marked == {table.head.name for table in tables() if not table.head.sizes_verified}
    assert "SDXL ControlNet Union ProMax" not in marked
    assert "SD 3 Medium ControlNet" in marked


@pytest.mark.parametrize(
    ("table", "size"),
    [
        ("sdxl-controlnet-union-promax.diffusers", 2_513_342_408),
        ("flux1-controlnet-union-pro-2.diffusers", 4_281_779_224),
        ("flux1-controlnet-instantx-canny.diffusers", 3_583_232_168),
    ],
)
def test_tables_are_as_large_as_published_files(table: str, size: int) -> None:
    """A half-precision file is two bytes per parameter, and a header of a line per tensor."""
    tensors = tensors_of(table)
    header = size - 2 * sum(tensor.elements for tensor in tensors)
    assert 80 * len(tensors) < header < 160 * len(tensors)
