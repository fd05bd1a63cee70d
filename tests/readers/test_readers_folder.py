"""Folders: Hugging Face models, diffusers pipelines, and files side by side."""

import json
from pathlib import Path

import pytest
from test_readers_gguf import failure, one

import sparse
from fitplan.accounting.weights import Container, Kind, Tensor
from fitplan.errors import FitplanError
from fitplan.readers import read

QWEN = sparse.inventory("qwen3-8b-hf-r4").tensors
SMALL = (Tensor("a.weight", (4, 4), "F32"),)


@pytest.mark.parametrize("name", sparse.NAMES)
def test_installed_inventory_is_one_model(name: str, tmp_path: Path) -> None:
    """Every inventory, laid out as it was measured, is one model with the inventory's bytes."""
    model = one(sparse.install(name, tmp_path))
    assert model.tensor_bytes == sparse.inventory(name).tensor_bytes
    assert model.kind is not Kind.UNKNOWN
    assert model.weights.quant


def test_shards_and_config(tmp_path: Path) -> None:
    """A sharded folder is one model of the same groups; its bytes are those of its weight files."""
    config = {"torch_dtype": "bfloat16"}
    whole = one(sparse.write_folder(tmp_path / "whole", QWEN, config))
    parts = one(sparse.write_folder(tmp_path / "parts", QWEN, config, parts=3))
    assert parts.weights.groups == whole.weights.groups
    assert parts.weights.container is Container.FOLDER
    files = (tmp_path / "parts").glob("*.safetensors")
    assert parts.weights.file_bytes == sum(file.stat().st_size for file in files)


def test_missing_shard(tmp_path: Path) -> None:
    """A folder with a shard missing is an error that names it."""
    folder = sparse.write_folder(tmp_path, QWEN, {}, parts=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    (message,) = [failure_in(folder)]
    assert "model-00002-of-00003.safetensors" in message


def failure_in(folder: Path) -> str:
    """The message of an error about something in `folder`."""
    from fitplan.errors import FitplanError

    with pytest.raises(FitplanError) as caught:
        read(folder)
    assert caught.value.message.startswith(str(folder))
    return caught.value.message


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"torch_dtype": "bfloat16"}, "BF16"),
        ({"torch_dtype": "torch.float16"}, "F16"),
        ({"dtype": "float32"}, "F32"),
        ({"torch_dtype": None}, ""),
        ({"torch_dtype": ["float32"]}, ""),
        ({}, ""),
    ],
)
def test_load_type(config: dict[str, object], expected: str, tmp_path: Path) -> None:
    """config.json's torch_dtype (transformers 5: dtype) is the type a loader is asked for."""
    assert one(sparse.write_folder(tmp_path, QWEN, config)).weights.load_type == expected


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "null", '{"a": 1e999999}x', "\xff"])
def test_broken_config(text: str, tmp_path: Path) -> None:
    """A config.json that is not a JSON object is an error that names it."""
    folder = sparse.write_folder(tmp_path, QWEN, {})
    (folder / "config.json").write_text(text, "latin-1")
    assert failure_in(folder).startswith(str(folder / "config.json"))


def test_huge_config(tmp_path: Path) -> None:
    """A config.json of more than a MiB is refused unread."""
    folder = sparse.write_folder(tmp_path, QWEN, {})
    with (folder / "config.json").open("r+b") as file:
        file.truncate(1 << 32)
    assert "over 1 MiB" in failure_in(folder)


def test_variants_are_left_out(tmp_path: Path) -> None:
    """Beside the usual file its variants are left out, with a warning; other names are models."""
    folder = sparse.write_folder(tmp_path, QWEN, {})
    for name in ("model.fp16.safetensors", "consolidated.safetensors"):
        sparse.write_safetensors(folder / name, QWEN)
    model, other = read(folder)
    assert model.weights.file_bytes == (folder / "model.safetensors").stat().st_size
    assert model.warnings == ("left out: model.fp16.safetensors",)
    assert (other.path.name, other.weights.container) == (
        "consolidated.safetensors",
        Container.SAFETENSORS,
    )


def test_a_variant_alone_is_read(tmp_path: Path) -> None:
    """Without the usual file the variant is the model."""
    folder = sparse.write_folder(tmp_path, QWEN, {}, stem="model.fp16")
    assert one(folder).warnings == ()


def test_pipeline_has_a_model_per_component(tmp_path: Path) -> None:
    """A diffusers pipeline is one model per subfolder with weights, each part of the pipeline."""
    components = {
        "transformer": sparse.inventory("klein-4b-diffusers-r2").tensors,
        "text_encoder": sparse.inventory("klein-diff-te-r4").tensors,
        "vae": sparse.inventory("flux2-vae-f32").tensors,
    }
    folder = sparse.write_pipeline(tmp_path, "Flux2KleinPipeline", components)
    (folder / "tokenizer").mkdir()
    (folder / "scheduler").mkdir()
    models = read(folder)
    assert [m.path.name for m in models] == ["text_encoder", "transformer", "vae"]
    assert [m.kind for m in models] == [Kind.ENCODER, Kind.DENOISER, Kind.VAE]
    assert {m.weights.part_of for m in models} == {"flux2"}


@pytest.mark.parametrize(
    ("class_name", "family"),
    [
        ("ZImagePipeline", "z-image"),
        ("Flux2KleinPipeline", "flux2"),
        ("FluxFillPipeline", "flux1"),
        ("StableDiffusionXLPipeline", "sdxl"),
        ("StableDiffusion3Pipeline", "sd3"),
        ("StableDiffusionPipeline", "sd15"),
        ("\x1b[31mPipeline", "\\x1b[31mPipeline"),
        ("", "unknown"),
    ],
)
def test_pipeline_without_its_denoiser(class_name: str, family: str, tmp_path: Path) -> None:
    """Without a denoiser to tell it, the pipeline's class name tells its family."""
    text_encoder = {"text_encoder": sparse.inventory("z-image-diff-te-r4").tensors}
    folder = sparse.write_pipeline(tmp_path, class_name, text_encoder)
    assert one(folder).weights.part_of == family


def test_denoiser_tells_the_pipeline(tmp_path: Path) -> None:
    """Tensors count more than a class name."""
    transformer = {"transformer": sparse.inventory("klein-4b-diffusers-r2").tensors}
    assert one(sparse.write_pipeline(tmp_path, "ZImagePipeline", transformer)).weights.part_of == (
        "flux2"
    )


def test_pipeline_without_weights(tmp_path: Path) -> None:
    """A pipeline of which only the index was downloaded is an error."""
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    assert "no weight files" in failure(tmp_path)


def test_files_side_by_side_are_models_of_their_own(tmp_path: Path) -> None:
    """Without config.json every file, and every set of shards, is a model."""
    sparse.write_gguf(tmp_path / "a.gguf", SMALL)
    sparse.write_safetensors(tmp_path / "b.safetensors", SMALL)
    for i in (1, 2):
        tensors = [Tensor(f"t{i}", (4,), "F32")]
        sparse.write_gguf(tmp_path / f"c-0000{i}-of-00002.gguf", tensors)
    assert [m.path.name for m in read(tmp_path)] == [
        "a.gguf",
        "b.safetensors",
        "c-00001-of-00002.gguf",
    ]


def test_gguf_beside_config(tmp_path: Path) -> None:
    """GGUF files in a repository with a config.json are still models of their own."""
    (tmp_path / "config.json").write_text("{}")
    sparse.write_gguf(tmp_path / "a.gguf", SMALL)
    assert one(tmp_path).weights.container is Container.GGUF


def test_weights_one_folder_down(tmp_path: Path) -> None:
    """A folder with one subfolder of weights is that model; with several, each of them."""
    sparse.write_folder(tmp_path / "text_encoder_2", QWEN, {})
    assert one(tmp_path).path == tmp_path
    sparse.write_folder(tmp_path / "text_encoder", QWEN, {})
    assert len(read(tmp_path)) == 2


def test_content_counts_not_the_extension(tmp_path: Path) -> None:
    """A safetensors file called .gguf is read as what it is, with a warning."""
    path = sparse.write_safetensors(tmp_path / "x.gguf", SMALL)
    model = one(path)
    assert model.weights.container is Container.SAFETENSORS
    assert model.warnings == ("the content is safetensors, whatever the name says",)


def test_folders_without_models(tmp_path: Path) -> None:
    """Empty folders, folders of pickles and a folder called x.gguf are errors with a cure."""
    (tmp_path / "x.gguf").mkdir()
    assert "no weight files" in failure(tmp_path / "x.gguf")
    (tmp_path / "x.gguf" / "model.bin").touch()
    assert "pickled" in failure(tmp_path / "x.gguf")
    assert "no weight files" in failure(tmp_path)


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of thousands of files or hundreds of folders is not a model's folder."""
    for i in range(4):
        (tmp_path / f"{i}").mkdir()
    monkeypatch.setattr("fitplan.readers.folder._MAX_FOLDERS", 3)
    assert "over 3 folders" in failure(tmp_path)
    monkeypatch.setattr("fitplan.readers.folder._MAX_ENTRIES", 3)
    assert "over 3 files" in failure(tmp_path)


def _sharded(folder: Path) -> Path:
    """A text encoder in three shards that don't have the usual names, beside a stale file."""
    sparse.write_folder(
        folder, sparse.inventory("qwen3-4b-fp8-r4").tensors, {"dtype": "bfloat16"}, parts=3
    )
    index = folder / "model.safetensors.index.json"
    text = index.read_text(encoding="utf-8")
    for number in (1, 2, 3):
        usual = f"model-{number:05}-of-00003.safetensors"
        (folder / usual).rename(folder / f"part{number}.safetensors")
        text = text.replace(usual, f"part{number}.safetensors")
    index.write_text(text, encoding="utf-8")
    sparse.write_safetensors(folder / "stale.safetensors", [Tensor("x", (2,), "F32")])
    return folder


def test_an_index_names_the_shards(tmp_path: Path) -> None:
    """All shards of the index, whatever they are called; another file is another model."""
    model, other = read(_sharded(tmp_path / "m"))
    assert model.tensor_bytes == sparse.inventory("qwen3-4b-fp8-r4").tensor_bytes
    assert model.warnings == ()
    assert other.path.name == "stale.safetensors"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "has no weight_map"),
        ('{"weight_map": []}', "has no weight_map"),
        ('{"weight_map": {"a": 1}}', "has no weight_map"),
        ('{"weight_map": {"a": "../../x.safetensors"}}', "1 of 1 shards are missing"),
        ("[", "is not valid JSON"),
    ],
)
def test_a_broken_index_is_one_error(tmp_path: Path, text: str, words: str) -> None:
    """An index that names nothing, or files that are not there, leads nowhere else."""
    folder = _sharded(tmp_path / "m")
    (folder / "model.safetensors.index.json").write_text(text, encoding="utf-8")
    with pytest.raises(FitplanError, match=words):
        read(folder)
