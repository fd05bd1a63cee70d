"""Variants, stray files and parts that are missing: what a folder holds, and nothing lost."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sparse
from fitplan.accounting.file_names import file_sets, folder_sets
from fitplan.accounting.weights import Container, Tensor
from fitplan.errors import FitplanError
from fitplan.readers import ModelFile, read, read_parts

T5 = sparse.inventory("t5-float16-r2").tensors
PLAIN = "model.safetensors.index.json"
FP16 = "model.safetensors.index.fp16.json"
NAMINGS = {
    "transformers": "model-{i:05}-of-{n:05}.fp16.safetensors",
    "diffusers": "model.fp16-{i:05}-of-{n:05}.safetensors",
}


def shards(
    folder: Path, naming: str, tensors: Sequence[Tensor], n: int, index: str | None = FP16
) -> Path:
    """`tensors` in `n` shards beside a config.json, and their index."""
    weight_map: dict[str, str] = {}
    for i in range(n):
        name = naming.format(i=i + 1, n=n)
        sparse.write_safetensors(folder / name, tensors[i::n])
        weight_map |= {tensor.name: name for tensor in tensors[i::n]}
    (folder / "config.json").write_text('{"torch_dtype": "float16"}')
    if index is not None:
        (folder / index).write_text(json.dumps({"weight_map": weight_map}))
    return folder


def names_shards(folder: Path, name: str, pattern: str, n: int) -> None:
    """An index of the T5's tensors over `n` files, whether they are there or not."""
    weight_map = {t.name: pattern.format(i=1 + k % n, n=n) for k, t in enumerate(T5)}
    (folder / name).write_text(json.dumps({"weight_map": weight_map}))


@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
@pytest.mark.parametrize("with_plain_index", [True, False])
def test_the_shards_of_a_variant_are_one_model(
    tmp_path: Path, naming: str, with_plain_index: bool
) -> None:
    """`variant="fp16"` brings both indexes and only the shards of one: that one is the model."""
    folder = shards(tmp_path, naming, T5, 2)
    if with_plain_index:
        names_shards(folder, PLAIN, "model-{i:05}-of-{n:05}.safetensors", 2)
    (model,) = read(folder)
    assert model.architecture.startswith("T5-XXL")
    assert model.tensor_bytes == sum(map(sparse.stored_bytes, T5))
    assert (model.weights.container, model.weights.load_type) == (Container.FOLDER, "F16")


@pytest.mark.parametrize("naming", NAMINGS.values(), ids=NAMINGS)
@pytest.mark.parametrize("index", [FP16, None])
def test_half_of_a_variant_is_no_model(tmp_path: Path, naming: str, index: str | None) -> None:
    """One shard missing: refused, with or without the index, and the shard is named."""
    folder = shards(tmp_path, naming, T5, 3, index)
    lost = naming.format(i=2, n=3)
    (folder / lost).unlink()
    with pytest.raises(FitplanError, match="shards are missing") as caught:
        read(folder)
    assert lost in caught.value.message


def test_an_index_may_name_more_shards_than_hold_everything(tmp_path: Path) -> None:
    """The shards that are there are a whole set with all its tensors: the index is out of date."""
    folder = shards(tmp_path, "model-{i:05}-of-{n:05}.safetensors", T5, 3, None)
    names_shards(folder, PLAIN, "model-{i:05}-of-{n:05}.safetensors", 6)
    (model,) = read(folder)
    assert model.tensor_bytes == sum(map(sparse.stored_bytes, T5))


def test_a_whole_set_without_all_tensors_of_its_index_is_refused(tmp_path: Path) -> None:
    """Three of three shards, but the index knows a tensor that none of them has."""
    folder = shards(tmp_path, "model-{i:05}-of-{n:05}.safetensors", T5[:-1], 3, None)
    names_shards(folder, PLAIN, "model-{i:05}-of-{n:05}.safetensors", 6)
    with pytest.raises(FitplanError, match="6 of 6 shards are missing"):
        read(folder)


def test_a_stray_config_hides_nothing(tmp_path: Path) -> None:
    """Files of other names beside a config.json are models of their own."""
    encoders = {
        "qwen_3_4b.safetensors": "qwen3-4b-bf16-single",
        "t5xxl_fp16.safetensors": "t5-float16-r2",
        "clip_l.safetensors": "clip-l-bf16",
        "model.safetensors": "qwen3-4b-bf16-single",
    }
    for name, inventory in encoders.items():
        sparse.write_safetensors(tmp_path / name, sparse.inventory(inventory).tensors)
    (tmp_path / "config.json").write_text('{"architectures": ["Qwen3ForCausalLM"]}')
    found = {model.path.name: model for model in read(tmp_path)}
    assert set(found) == {tmp_path.name, *encoders} - {"model.safetensors"}
    assert found[tmp_path.name].weights.container is Container.FOLDER
    assert found["clip_l.safetensors"].architecture == "CLIP-L"


def test_a_config_without_its_model_hides_nothing(tmp_path: Path) -> None:
    """No file has a name that from_pretrained looks for: each is a single file."""
    for name in ("a.safetensors", "b.safetensors"):
        sparse.write_safetensors(tmp_path / name, T5)
    (tmp_path / "config.json").write_text("{}")
    assert {model.weights.container for model in read(tmp_path)} == {Container.SAFETENSORS}


def test_a_pipeline_may_hold_single_files_at_its_root(tmp_path: Path) -> None:
    """A hub snapshot: model_index.json, its parts, and the same model as one file."""
    vae = sparse.inventory("flux2-vae-f32").tensors
    folder = sparse.write_pipeline(tmp_path, "Flux2KleinPipeline", {"vae": vae})
    sparse.write_safetensors(folder / "flux-2-klein-4b.safetensors", T5)
    assert [model.path.name for model in read(folder)] == ["vae", "flux-2-klein-4b.safetensors"]


def test_a_part_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    """A pipeline whose encoder lacks a shard still has its VAE, and the problem is named."""
    parts = {"text_encoder": T5, "vae": sparse.inventory("flux2-vae-f32").tensors}
    folder = sparse.write_pipeline(tmp_path, "FluxPipeline", parts)
    (folder / "text_encoder" / "model.safetensors").unlink()
    shards(folder / "text_encoder", "model-{i:05}-of-{n:05}.safetensors", T5, 2, PLAIN)
    (folder / "text_encoder" / "model-00001-of-00002.safetensors").unlink()
    models = [part for part in read_parts(folder) if isinstance(part, ModelFile)]
    (problem,) = [part for part in read_parts(folder) if isinstance(part, FitplanError)]
    assert [model.path.name for model in models] == ["vae"]
    assert "model-00001-of-00002.safetensors" in problem.message


def test_an_index_of_many_mebibytes_is_read(tmp_path: Path) -> None:
    """An index is read whole, however many pieces it takes."""
    folder = shards(tmp_path, "model-{i:05}-of-{n:05}.safetensors", T5, 2, PLAIN)
    text = (folder / PLAIN).read_text()
    (folder / PLAIN).write_text(text + " " * (3 << 20))
    assert len(read(folder)) == 1


@given(
    st.sampled_from(["model", "diffusion_pytorch_model", "flux1-dev-Q4.0", "a"]),
    st.sampled_from(["", ".fp16", ".bf16"]),
    st.integers(1, 12),
    st.data(),
)
def test_sets_are_whole_or_say_what_is_missing(
    stem: str, variant: str, total: int, data: st.DataObject
) -> None:
    """Any subset of a set's shards is one set, and what is left of the set is what it misses."""
    names = [f"{stem}-{i:05}-of-{total:05}{variant}.safetensors" for i in range(1, total + 1)]
    present = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    (found,) = file_sets(present)
    assert found.files == tuple(sorted(present))
    assert sorted((*found.files, *found.missing)) == names
    assert found.usual == (stem in ("model", "diffusion_pytorch_model"))


def test_the_plain_whole_set_comes_first() -> None:
    """Half of the plain set gives way to the whole variant."""
    half, variant = "model-00001-of-00002.safetensors", "model.fp16.safetensors"
    usual, others = folder_sets([half, variant, "other.safetensors"])
    assert [found.files for found in usual] == [(variant,), (half,)]
    assert [found.files for found in others] == [("other.safetensors",)]
