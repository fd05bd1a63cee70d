"""Quantization flavours: true parameters and names, no error that is not known, no wrong guess."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import flavoured
import sparse
from fitplan import readers, runtimes
from fitplan.accounting.flavours import FLAVOURS
from fitplan.accounting.quantization import (
    GGML_TYPES,
    INTEGER_TYPES,
    QUANT_NAMES,
    STORED_TYPES,
    TENSOR_TYPES,
    WeightError,
)
from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container, Tensor, WeightFile
from fitplan.architectures import quant_of, recognise
from fitplan.readers.declared import declared_by
from flavoured import MAKERS, Maker, is_matrix, quantized

MODELS = ("z-image", "z-image.diffusers", "flux2-klein-4b", "flux1-dev.diffusers", "qwen3-4b.hf")
QUANTS = sorted(MAKERS)


def as_file(tensors: Sequence[Tensor], config: dict[str, Any] | None = None) -> WeightFile:
    """What a safetensors file with `tensors` is taken for."""
    found = recognise(tensors, declared=declared_by({}, config or {}))
    quant = quant_of(found.groups, Container.SAFETENSORS)
    return WeightFile(found.family, Container.SAFETENSORS, quant, 1, found.groups)


def made(model: str, maker: Maker) -> WeightFile:
    """A model quantized as `maker` does."""
    return as_file(quantized(sparse.architecture(model), maker), dict(maker.config))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", QUANTS)
def test_a_flavour_has_its_name_and_the_parameters_of_the_model(model: str, name: str) -> None:
    """Not one parameter more or less than in BF16, whatever one byte holds, and the same family."""
    maker, plain = MAKERS[name], as_file(sparse.architecture(model))
    found = made(model, maker)
    assert (found.family, found.quant, found.parameters) == (
        plain.family,
        maker.quant,
        plain.parameters,
    )
    assert set(found.unknown) == (set() if maker.error else {"rel_error"})


@pytest.mark.parametrize("name", QUANTS)
def test_the_error_of_a_flavour_is_its_own_or_unknown(name: str) -> None:
    """Never 0; an estimate says between what it lies."""
    maker = MAKERS[name]
    error = made("z-image", maker).error
    if maker.error is None:
        assert isinstance(error, Unknown)
        assert maker.quant in error.reason
        return
    assert isinstance(error, WeightError)
    assert maker.error[0] <= error.value <= maker.error[1]
    assert error.low <= error.value <= error.high
    assert (error.basis == "estimated") == (error.low < error.high)


@pytest.mark.parametrize("name", QUANTS)
def test_bytes_of_a_flavour_are_the_stored_ones(name: str) -> None:
    """Counting numbers in place of bytes loses no byte of the file."""
    stored = quantized(sparse.architecture("z-image"), MAKERS[name])
    file = as_file(stored, dict(MAKERS[name].config))
    assert file.tensor_bytes == sum(map(sparse.stored_bytes, stored))


def test_every_flavour_is_made_here() -> None:
    """The table of flavours has no entry that no file above shows, but for SDNQ's other widths."""
    tried = {maker.quant for maker in MAKERS.values()} | {"FP8_SCALED"}
    assert {flavour.name for flavour in FLAVOURS if not flavour.method} <= tried
    assert {flavour.name for flavour in FLAVOURS} <= set(QUANT_NAMES)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 7])
def test_sdnq_packs_any_number_of_bits(bits: int) -> None:
    """Eight numbers take as many bytes as each has bits."""
    maker = Maker("", flavoured._sdnq(bits, "U8"), None, flavoured._config(f"uint{bits}"))
    found = made("z-image", maker)
    assert (found.quant, found.parameters) == (f"SDNQ_UINT{bits}", 6_154_908_736)


def test_sdnq_layers_may_have_types_of_their_own() -> None:
    """`modules_dtype_dict` names layers by type; the rest has `weights_dtype`."""
    plain = sparse.architecture("z-image")
    feed = [t.name for t in plain if is_matrix(t) and "feed_forward" in t.name]
    both = [
        stored
        for tensor in plain
        for stored in quantized(
            [tensor], MAKERS["sdnq-int5" if tensor.name in feed else "sdnq-uint4"]
        )
    ]
    config = {**flavoured._config("uint4"), "modules_dtype_dict": {"int5": feed}}
    found = as_file(both, config)
    types = {group.type for group in found.groups}
    assert {"SDNQ_INT5", "SDNQ_UINT4"} <= types
    assert found.parameters == 6_154_908_736


@pytest.mark.parametrize("config", [{}, {"quant_method": "sdnq"}, {"quant_method": "other"}])
def test_sdnq_without_its_types_is_unknown(config: dict[str, Any]) -> None:
    """Packed bytes and scales alone do not tell 4 bits from 8: nothing is guessed."""
    found = as_file(quantized(sparse.architecture("z-image"), MAKERS["sdnq-uint4"]), config)
    assert (found.quant, found.parameters, found.rel_error) == ("", None, None)


def strange(type: str, ending: str = "weight") -> tuple[Tensor, ...]:
    """Z-Image whose block matrices are integers that nothing explains."""
    return tuple(
        Tensor(t.name.removesuffix("weight") + ending, t.shape, type) if is_matrix(t) else t
        for t in sparse.architecture("z-image")
    )


@pytest.mark.parametrize("type", sorted(INTEGER_TYPES))
def test_integers_that_no_flavour_explains_make_all_unknown(type: str) -> None:
    """Error, parameters, quantization and every program, with the tensors named."""
    found = as_file(strange(type))
    assert (found.quant, found.parameters, found.rel_error) == ("", None, None)
    assert set(found.unknown) == {"rel_error", "parameters", "quant"}
    count = sum(map(is_matrix, sparse.architecture("z-image")))
    named = {t.name for t in strange(type) if t.type == type}
    for reason in found.unknown.values():
        start, _, example = reason.partition(", e.g. ")
        assert start == f"{count} {type} tensors of unknown packing"
        assert example in named
    for runtime in runtimes.newest():
        assert runtime.residency(found) == Unknown(found.unknown["rel_error"])


@pytest.mark.parametrize("beside", [".weight_scale", ".SCB", ".comfy_quant", ".scale", ".wscales"])
def test_half_of_a_flavour_is_none(beside: str) -> None:
    """One companion of a known flavour under other weights explains nothing."""
    stored = [
        tensor
        for t in sparse.architecture("z-image")
        for tensor in (
            [Tensor(t.name, t.shape, "U16"), Tensor(t.name[:-7] + beside, (1,), "F32")]
            if is_matrix(t)
            else [t]
        )
    ]
    assert as_file(stored).parameters is None


def test_a_few_unexplained_integers_are_enough() -> None:
    """Three matrices of a BF16 file: what the other 450 tensors say is not the answer."""
    plain = list(sparse.architecture("z-image"))
    places = [i for i, t in enumerate(plain) if is_matrix(t)][:3]
    for i in places:
        plain[i] = Tensor(plain[i].name, plain[i].shape, "I8")
    found = as_file(plain)
    assert found.rel_error is None
    assert found.unknown["quant"].startswith("3 I8 tensors of unknown packing")


def test_bookkeeping_in_integers_is_no_weight() -> None:
    """Counters, position ids and other lists of integers leave a file known."""
    plain = (
        *sparse.architecture("z-image"),
        Tensor("bn.num_batches_tracked", (), "I64"),
        Tensor("g_idx", (3840,), "I32"),
        Tensor("text.embeddings.position_ids", (1, 77), "I64"),
    )
    assert as_file(plain).parameters == 6_154_908_736


@pytest.mark.parametrize("type", sorted(STORED_TYPES))
def test_no_stored_type_of_weights_has_error_0_by_accident(type: str) -> None:
    """0 belongs to types as exact as BF16; all others have an error, or it is unknown."""
    found = as_file([Tensor("a.weight", (256, 256), type)])
    exact = type in ("F32", "BF16", "F64")
    assert (found.rel_error == 0) == exact
    assert found.parameters in (65536, None)
    assert (found.parameters is None) == (type in INTEGER_TYPES)


@pytest.mark.parametrize("type", sorted(t.name for t in GGML_TYPES.values()))
def test_a_gguf_file_of_any_type_is_read_and_never_called_exact(type: str, tmp_path: Path) -> None:
    """Q2_0 (type 42) and integers too: true parameters or none, an error or none."""
    path = sparse.write_gguf(tmp_path / "a.gguf", [Tensor("blk.0.a.weight", (256, 256), type)])
    (model,) = readers.read(path)
    weights = model.weights
    assert weights.file_bytes >= TENSOR_TYPES[type].bytes_for(65536)
    assert weights.parameters == (None if type in INTEGER_TYPES else 65536)
    assert weights.rel_error != 0 or type in ("F32", "BF16", "F64")


def outcome(program: str, file: WeightFile) -> Residency | Unsupported | Unknown:
    """What `program` makes of a file."""
    return runtimes.find(program).residency(file)


@pytest.mark.parametrize("version", ["6.12", "6.14"])
@pytest.mark.parametrize("name", ["int8-tensorwise", "int8-blockwise"])
def test_klein_in_int8_becomes_bf16_in_invokeai(name: str, version: str) -> None:
    """Scales are multiplied in, and zeros of a guidance embedder added: 7.24 GiB for Klein 4B."""
    file = replace(made("flux2-klein-4b", MAKERS[name]), hidden_size=3072)
    found = outcome(f"invokeai@{version}", file)
    assert isinstance(found, Residency)
    assert found.cache_bytes == 2 * ((file.parameters or 0) + 256 * 3072 + 3072**2)
    assert (f"{found.cache_bytes / 2**30:.2f}", found.basis) == ("7.24", "code")


def test_an_encoder_in_int8_becomes_bf16_in_invokeai() -> None:
    """Qwen3 in one file: BF16, and the tied embedding counted twice."""
    file = made("qwen3-4b", MAKERS["int8-tensorwise"])
    found = outcome("invokeai", file)
    assert isinstance(found, Residency)
    assert found.cache_bytes == 2 * ((file.parameters or 0) + 388_956_160)


@pytest.mark.parametrize(
    ("name", "program"),
    [
        *((name, "comfyui") for name in ("int8-convrot", "int4-convrot-u8", "nvfp4", "mxfp8")),
        *((name, "sd.cpp@817") for name in ("int8-convrot", "int8-tensorwise")),
    ],
)
def test_programs_that_keep_a_flavour_packed(name: str, program: str) -> None:
    """All but vectors and JSON stays as it is stored, within a thousandth; read, not measured."""
    file = made("z-image", MAKERS[name])
    found = outcome(program, file)
    assert isinstance(found, Residency)
    assert found.cache_bytes == pytest.approx(file.tensor_bytes, rel=1e-3)
    assert found.basis == "code"


@pytest.mark.parametrize(
    ("model", "name", "program"),
    [
        ("z-image", "int8-convrot", "invokeai"),
        ("z-image", "int8-tensorwise", "invokeai"),
        ("flux1-dev.diffusers", "int8-tensorwise", "invokeai"),
        ("z-image", "nvfp4", "invokeai"),
        ("flux2-klein-4b", "nvfp4", "invokeai"),
        ("z-image", "nvfp4", "sd.cpp"),
        ("z-image", "int8-convrot", "sd.cpp@695"),
        ("z-image", "sdnq-uint4", "invokeai@6.12"),
        *(("z-image", "int8-quanto", p) for p in ("invokeai", "comfyui", "sd.cpp", "diffusers")),
        *(("flux1-dev.diffusers", "fp4-svdq", p) for p in ("invokeai", "comfyui", "sd.cpp")),
    ],
)
def test_programs_that_are_known_not_to_load_a_flavour(model: str, name: str, program: str) -> None:
    """The reason names the program, and the source says where that was read."""
    found = outcome(program, made(model, MAKERS[name]))
    assert isinstance(found, Unsupported)
    assert runtimes.find(program).title in found.reason
    assert found.source


@pytest.mark.parametrize(
    ("model", "name", "program"),
    [
        ("z-image", "fp8-torchao", "comfyui"),
        ("z-image", "nvfp4", "diffusers"),
        ("z-image", "sdnq-uint4", "comfyui"),
    ],
)
def test_where_no_rule_tells_it_is_not_called_unsupported(
    model: str, name: str, program: str
) -> None:
    """ "no rules for …", not "does not load"."""
    found = outcome(program, made(model, MAKERS[name]))
    assert isinstance(found, Unknown)
    assert found.reason.startswith("no rules for")


def test_a_rotation_that_is_not_undone_is_told() -> None:
    """InvokeAI multiplies Klein's scales in, which does not restore rotated weights."""
    rotated = outcome("invokeai", made("flux2-klein-4b", MAKERS["int8-convrot"]))
    straight = outcome("invokeai", made("flux2-klein-4b", MAKERS["int8-tensorwise"]))
    assert isinstance(rotated, Residency)
    assert isinstance(straight, Residency)
    assert "rotation" in rotated.beware
    assert straight.beware == ""


@pytest.mark.parametrize("program", ["invokeai", "diffusers@0.36", "diffusers"])
def test_sdnq_folders_stay_packed(program: str, tmp_path: Path) -> None:
    """The folder's own configuration names the types; scales and low-rank branch are counted."""
    maker = MAKERS["sdnq-uint4"]
    tensors = quantized(sparse.architecture("z-image.diffusers"), maker)
    folder = sparse.write_folder(tmp_path / "transformer", tensors, {})
    (folder / "quantization_config.json").write_text(json.dumps(maker.config))
    (model,) = readers.read(folder)
    assert (model.weights.quant, model.weights.parameters) == ("SDNQ_UINT4", 6_154_908_736)
    found = outcome(program, model.weights)
    assert isinstance(found, Residency)
    assert found.cache_bytes == model.weights.tensor_bytes
