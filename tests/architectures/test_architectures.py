"""Architectures are told by their tensors, in every naming, with the role of each tensor."""

import json

import pytest

import sparse
from fitplan.accounting.weights import Container, Kind, Role, Tensor, WeightGroup
from fitplan.architectures import quant_of, recognise
from tabled import tensors_of

MEASURED = {
    "anima": ("anima", "Anima"),
    "clip-l": ("clip-l", "CLIP-L"),
    "flux1-ae": ("flux1-vae", "FLUX.1 VAE"),
    "flux1-dev": ("flux1", "FLUX.1 Dev"),
    "flux1-fill": ("flux1", "FLUX.1 Fill"),
    "flux2-vae": ("flux2-vae", "FLUX.2 VAE"),
    "klein-4b": ("flux2", "FLUX.2 Klein 4B"),
    "klein-9b": ("flux2", "FLUX.2 Klein 9B"),
    "klein-diff-te": ("qwen3", "Qwen3 4B"),
    "krea2": ("krea2", "Krea 2"),
    "mistral-cow": ("mistral", "Mistral Small 24B cut to 30 layers"),
    "mistral-hf": ("mistral", "Mistral Small 24B"),
    "qwen-image-vae": ("qwen-image-vae", "Qwen-Image or Wan 2.1 VAE"),
    "qwen-image": ("qwen-image", "Qwen-Image"),
    "qwen25vl": ("qwen2.5-vl", "Qwen2.5-VL 7B"),
    "qwen3-4b": ("qwen3", "Qwen3 4B"),
    "qwen3-8b": ("qwen3", "Qwen3 8B"),
    "sd15-diff-te": ("clip-l", "CLIP-L"),
    "sd15-diff-unet": ("sd15", "SD 1.5"),
    "sd15-diff-vae": ("sd-vae", "SD VAE"),
    "sd15-single": ("sd15", "SD 1.5 checkpoint"),
    "sd35-diff-transformer": ("sd3", "SD 3.5 Large"),
    "sdxl-diff-te2": ("clip-g", "CLIP-G"),
    "sdxl-diff-unet": ("sdxl", "SDXL"),
    "sdxl-vae": ("sd-vae", "SD VAE"),
    "t5": ("t5", "T5-XXL"),
    "wan21-vae": ("qwen-image-vae", "Qwen-Image or Wan 2.1 VAE"),
    "wan22": ("wan", "Wan 14B"),
    "z-image-diff-te": ("qwen3", "Qwen3 4B"),
    "z-image": ("z-image", "Z-Image"),
}
"""How an inventory's name begins → family and readable name; the longest beginning counts."""
NAMINGS = {
    "clip-bigg": ("clip-g", "CLIP-G"),
    "flux1-schnell": ("flux1", "FLUX.1 Schnell"),
    "flux1-vae": ("flux1-vae", "FLUX.1 VAE"),
    "flux2-dev": ("flux2", "FLUX.2 Dev"),
    "flux2-klein-4b": ("flux2", "FLUX.2 Klein 4B"),
    "flux2-klein-9b": ("flux2", "FLUX.2 Klein 9B"),
    "mistral-small": ("mistral", "Mistral Small 24B"),
    "mistral-small-24b-cow30": ("mistral", "Mistral Small 24B cut to 30 layers"),
    "qwen2.5-vl": ("qwen2.5-vl", "Qwen2.5-VL 7B"),
    "qwen3-0.6b": ("qwen3", "Qwen3 0.6B"),
    "sd15-unet": ("sd15", "SD 1.5"),
    "sdxl-unet": ("sdxl", "SDXL"),
    "wan-vae": ("qwen-image-vae", "Qwen-Image or Wan 2.1 VAE"),
}
PREFIXES = (
    "",
    "model.diffusion_model.",
    "diffusion_model.",
    "text_encoder.",
    "transformer.",
    "net.",
)
BLOCKS = {
    "flux1-dev": 57,
    "flux1-dev.diffusers": 57,
    "flux2-klein-4b": 25,
    "flux2-klein-4b.diffusers": 25,
    "z-image": 30,
    "z-image.diffusers": 30,
    "qwen3-8b": 36,
    "qwen3-8b.hf": 36,
    "t5-xxl-encoder": 24,
    "t5-xxl-encoder.hf": 24,
    "mistral-small-24b-cow30": 30,
    "mistral-small-3.2-24b.hf": 40,
    "qwen2.5-vl-7b.hf": 28,
    "clip-l": 12,
}


def expected(name: str) -> tuple[str, str]:
    """Family and readable name of an inventory or an architecture."""
    table = MEASURED | NAMINGS
    return table[max((start for start in table if name.startswith(start)), key=len)]


def roles(tensors: tuple[Tensor, ...]) -> dict[str, Role]:
    """Tensor name → role."""
    return {tensor.name: role for role, tensor in recognise(tensors).tensors}


def matrix(name: str, type: str = "BF16", shape: tuple[int, ...] = (64, 64)) -> Tensor:
    """A tensor whose shape doesn't matter."""
    return Tensor(name, shape, type)


@pytest.mark.parametrize("name", sparse.NAMES)
def test_inventory_is_recognised(name: str) -> None:
    """Every measured component is told by its tensors, however many blocks it has."""
    found = recognise(sparse.inventory(name).tensors)
    assert (found.family, found.name) == expected(name)


@pytest.mark.parametrize("name", sparse.ARCHITECTURES)
def test_every_naming_is_recognised(name: str) -> None:
    """Reference, GGUF, diffusers and Hugging Face names lead to the same family."""
    found = recognise(sparse.architecture(name))
    assert (found.family, found.name) == expected(name)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "name", ["flux1-dev", "flux2-klein-4b", "z-image", "qwen3-4b.hf", "clip-l"]
)
def test_prefix_does_not_matter(name: str, prefix: str) -> None:
    """A prefix before every name changes neither family nor roles."""
    plain = recognise(sparse.architecture(name))
    tensors = [Tensor(prefix + t.name, t.shape, t.type) for t in sparse.architecture(name)]
    found = recognise(tensors)
    assert (found.family, found.blocks, found.groups) == (plain.family, plain.blocks, plain.groups)


@pytest.mark.parametrize("name", sparse.NAMES)
def test_stored_bytes_stay_exact(name: str) -> None:
    """Roles and flavours never change how many bytes a file's tensors take."""
    content = sparse.inventory(name)
    assert sum(group.bytes for group in recognise(content.tensors).groups) == content.tensor_bytes


@pytest.mark.parametrize(("name", "blocks"), BLOCKS.items())
def test_blocks_are_counted(name: str, blocks: int) -> None:
    """The depth is counted from the tensors, in each naming."""
    assert recognise(sparse.architecture(name)).blocks == blocks


def test_hidden_size_comes_from_a_shape() -> None:
    """FLUX.2's guidance zeros need its hidden size, which the image projection tells."""
    sizes = {
        name: recognise(sparse.architecture(name)).hidden_size
        for name in ("flux2-klein-4b", "flux2-klein-9b.diffusers", "flux2-dev", "qwen3-4b")
    }
    assert list(sizes.values()) == [3072, 4096, 6144, 2560]


def test_flux2_roles() -> None:
    """Fused q/k/v of double blocks, the final modulation and the guidance embedder stand out."""
    found = roles(sparse.architecture("flux2-dev"))
    assert found["double_blocks.0.img_attn.qkv.weight"] is Role.FUSED_QKV
    assert found["double_blocks.7.txt_attn.qkv.weight"] is Role.FUSED_QKV
    assert found["final_layer.adaLN_modulation.1.weight"] is Role.FINAL_ADALN
    assert found["guidance_in.in_layer.weight"] is Role.GUIDANCE_EMBEDDER
    assert found["single_blocks.0.linear1.weight"] is Role.WEIGHTS
    assert found["single_blocks.0.norm.key_norm.scale"] is Role.VECTORS


def test_flux1_keeps_its_qkv_with_the_rest() -> None:
    """No runtime treats FLUX.1's q/k/v or guidance embedder apart."""
    assert set(roles(sparse.architecture("flux1-dev")).values()) == {Role.WEIGHTS, Role.VECTORS}


def test_z_image_roles() -> None:
    """Z-Image has fused q/k/v in every block, two pad tokens, and in some files a final norm."""
    tensors = (*sparse.architecture("z-image"), matrix("norm_final.weight", shape=(3840,)))
    found = roles(tensors)
    assert found["layers.0.attention.qkv.weight"] is Role.FUSED_QKV
    assert found["noise_refiner.1.attention.qkv.weight"] is Role.FUSED_QKV
    assert found["cap_pad_token"] is found["x_pad_token"] is Role.PAD_TOKENS
    assert found["norm_final.weight"] is Role.FINAL_NORM


@pytest.mark.parametrize(
    ("name", "embedding", "head"),
    [
        ("qwen3-8b", "token_embd.weight", "output.weight"),
        ("qwen3-8b.hf", "model.embed_tokens.weight", "lm_head.weight"),
        ("mistral-small-24b", "token_embd.weight", "output.weight"),
        ("qwen2.5-vl-7b.hf", "model.language_model.embed_tokens.weight", "lm_head.weight"),
    ],
)
def test_language_model_roles(name: str, embedding: str, head: str) -> None:
    """A text encoder's token embedding and output head stand out in both namings."""
    found = roles(sparse.architecture(name))
    assert (found[embedding], found[head]) == (Role.TOKEN_EMBEDDING, Role.OUTPUT_HEAD)


def test_vision_tower_is_a_role() -> None:
    """Vision towers count apart: some loaders keep them, some drop them."""
    for name in ("mistral-small-3.2-24b.hf", "qwen2.5-vl-7b.hf"):
        found = roles(sparse.architecture(name))
        vision = [tensor for tensor, role in found.items() if role is Role.VISION]
        assert len(vision) > 200
        assert not any("layers.0.self_attn" in tensor for tensor in vision)


def test_only_the_cut_mistral_drops_its_norm() -> None:
    """The norm of a Mistral cut to 30 layers is unused; a whole one uses it."""
    cut = roles(sparse.architecture("mistral-small-24b-cow30"))
    whole = roles(sparse.architecture("mistral-small-24b"))
    assert cut["output_norm.weight"] is Role.FINAL_NORM
    assert whole["output_norm.weight"] is Role.VECTORS


def test_t5_roles() -> None:
    """T5's table, its position bias and the layer that stays float32 stand out."""
    found = roles(sparse.architecture("t5-xxl-encoder.hf"))
    block = "encoder.block.0.layer"
    assert found["shared.weight"] is Role.TOKEN_EMBEDDING
    assert found[f"{block}.0.SelfAttention.relative_attention_bias.weight"] is Role.RELATIVE_BIAS
    assert found[f"{block}.1.DenseReluDense.wo.weight"] is Role.FEED_FORWARD_OUT


def test_t5_table_stored_twice() -> None:
    """`encoder.embed_tokens` beside `shared` is a duplicate; alone it is the table itself."""
    table = Tensor("encoder.embed_tokens.weight", (32128, 4096), "BF16")
    rest = tuple(t for t in sparse.architecture("t5-xxl-encoder.hf") if t.name != "shared.weight")
    twice = (*sparse.architecture("t5-xxl-encoder.hf"), table)
    assert roles(twice)[table.name] is Role.OUTPUT_HEAD
    assert roles((*rest, table))[table.name] is Role.TOKEN_EMBEDDING
    assert recognise((*rest, table)).family == "t5"


def test_umt5_is_told_by_its_tensors() -> None:
    """UMT5 has a position bias in every block and a table of 256,384 tokens."""
    assert recognise(tensors_of("umt5-xxl.hf")).name == "UMT5-XXL"
    other_table = [
        Tensor(t.name, (256384, 4096) if t.name == "shared.weight" else t.shape, t.type)
        for t in sparse.architecture("t5-xxl-encoder.hf")
    ]
    assert recognise(other_table).family == ""


def test_bnb_int8_weights() -> None:
    """I8 weights with row scales are bitsandbytes INT8; their scales belong to the quantization."""
    found = recognise(sparse.inventory("t5-xxl-bnb-int8").tensors)
    assert WeightGroup(Role.QUANT_STATE, "F32", 983_040) in found.groups
    assert {g.type for g in found.groups if g.role is Role.WEIGHTS} == {"INT8_BNB"}
    assert quant_of(found.groups, Container.FOLDER) == "INT8_BNB"


def nf4_flux() -> tuple[Tensor, ...]:
    """FLUX.1 Dev with every matrix of its blocks in bitsandbytes NF4."""
    tensors: list[Tensor] = []
    for tensor in sparse.architecture("flux1-dev"):
        if len(tensor.shape) == 1 or "blocks" not in tensor.name:
            tensors.append(tensor)
            continue
        tensors += [
            Tensor(tensor.name, (tensor.elements // 2, 1), "U8"),
            Tensor(f"{tensor.name}.absmax", (tensor.elements // 64,), "F32"),
            Tensor(f"{tensor.name}.quant_map", (16,), "F32"),
            Tensor(f"{tensor.name}.quant_state.bitsandbytes__nf4", (81,), "U8"),
        ]
    return tuple(tensors)


def test_bnb_nf4_counts_numbers_not_bytes() -> None:
    """NF4 packs two numbers in a byte: a file has as many elements as the model has."""
    plain = recognise(sparse.architecture("flux1-dev"))
    found = recognise(nf4_flux())
    model = sum(g.elements for g in found.groups if g.role is not Role.QUANT_STATE)
    assert (found.family, model) == ("flux1", sum(g.elements for g in plain.groups))
    assert sum(g.bytes for g in found.groups) == sum(map(sparse.stored_bytes, nf4_flux()))
    assert quant_of(found.groups, Container.SAFETENSORS) == "NF4_BNB"


def test_scaled_and_plain_fp8_differ() -> None:
    """FP8 with a scale beside each weight is another quantization than plain FP8."""
    scaled = recognise(sparse.inventory("klein-4b-fp8-r2").tensors)
    plain = recognise(sparse.inventory("klein-4b-fp8plain-r2").tensors)
    assert quant_of(scaled.groups, Container.SAFETENSORS) == "FP8_SCALED"
    assert quant_of(plain.groups, Container.SAFETENSORS) == "FP8_E4M3"


@pytest.mark.parametrize("scale", ["scale_weight", "weight_scale"])
def test_both_names_of_fp8_scales(scale: str) -> None:
    """ComfyUI has written two names for the scale; markers beside it are quantization state too."""
    tensors = (
        matrix("a.weight", "F8_E4M3"),
        Tensor(f"a.{scale}", (), "F32"),
        Tensor("a.scale_input", (), "F32"),
        Tensor("a.comfy_quant", (32,), "U8"),
        Tensor("scaled_fp8", (0,), "F8_E4M3"),
    )
    groups = recognise(tensors).groups
    assert [g for g in groups if g.role is not Role.QUANT_STATE] == [
        WeightGroup(Role.WEIGHTS, "FP8_SCALED", 4096)
    ]


def svdquant_flux() -> tuple[Tensor, ...]:
    """FLUX.1 Dev in nunchaku's names, its blocks' matrices packed as SVDQuant stores them."""
    tensors: list[Tensor] = []
    for tensor in tensors_of("flux1-dev.nunchaku"):
        stem, _, leaf = tensor.name.rpartition(".")
        if len(tensor.shape) == 1 or "blocks" not in tensor.name or leaf != "weight":
            tensors.append(tensor)
            continue
        rows, columns = tensor.shape
        if "norm" in stem:
            packed = Tensor(f"{stem}.qweight", (rows // 4, columns // 2), "I32")
            tensors += [packed, Tensor(f"{stem}.wzeros", (columns // 64, rows), "BF16")]
        else:
            tensors += [
                Tensor(f"{stem}.qweight", (rows, columns // 2), "I8"),
                Tensor(f"{stem}.smooth", (columns,), "BF16"),
                Tensor(f"{stem}.lora_down", (columns, 32), "BF16"),
                Tensor(f"{stem}.lora_up", (rows, 32), "BF16"),
            ]
        tensors.append(Tensor(f"{stem}.wscales", (columns // 64, rows), "BF16"))
    return tuple(tensors)


def test_svdquant() -> None:
    """SVDQuant's packed weights are 4-bit; scales, smoothing and low-rank branch belong to them."""
    tensors = svdquant_flux()
    found = recognise(tensors)
    packed = sum(g.elements for g in found.groups if g.type == "INT4_SVDQ")
    blocks = (t for t in tensors_of("flux1-dev.nunchaku") if "blocks" in t.name)
    assert (found.family, found.name, found.differences) == ("flux1", "FLUX.1 Dev", ())
    assert packed == sum(t.elements for t in blocks if len(t.shape) == 2)
    assert roles(tensors)["transformer_blocks.0.qkv_proj.lora_up"] is Role.QUANT_STATE
    assert quant_of(found.groups, Container.SAFETENSORS) == "INT4_SVDQ"


def test_sd15_checkpoint_has_three_parts() -> None:
    """One SD 1.5 file holds a UNet, a VAE and a text encoder; position ids are a buffer."""
    found = recognise(sparse.inventory("sd15-single-f16").tensors)
    assert found.kind is Kind.CHECKPOINT
    assert [part.family for part in found.parts] == ["sd15", "sd-vae", "clip-l"]
    assert WeightGroup(Role.BUFFERS, "I64", 77) in found.groups
    assert sum(len(part.tensors) for part in found.parts) == len(found.tensors)


def sdxl_checkpoint() -> tuple[Tensor, ...]:
    """An SDXL file in reference naming, with what training left in it."""
    return (
        *tensors_of("sdxl-unet.reference", "F16", "model.diffusion_model."),
        *tensors_of("sd-vae.reference", "F16", "first_stage_model."),
        *tensors_of("clip-l.hf", "F16", "conditioner.embedders.0.transformer.text_model."),
        *tensors_of("clip-g.openclip", "F16", "conditioner.embedders.1.model."),
        Tensor("conditioner.embedders.1.model.logit_scale", (), "F16"),
        Tensor("model_ema.diffusion_modelinput_blocks00weight", (320, 4, 3, 3), "F32"),
        Tensor("alphas_cumprod", (1000,), "F32"),
    )


def test_sdxl_checkpoint_has_four_parts() -> None:
    """One SDXL file holds two text encoders; what training left behind belongs to no part."""
    found = recognise(sdxl_checkpoint())
    assert (found.name, found.differences) == ("SDXL checkpoint", ())
    assert [part.family for part in found.parts] == ["sdxl", "sd-vae", "clip-l", "clip-g"]
    assert WeightGroup(Role.BUFFERS, "F32", 320 * 4 * 9 + 1000) in found.groups


def test_denoiser_with_a_prefix_is_no_checkpoint() -> None:
    """ComfyUI's prefix alone makes no checkpoint."""
    tensors = [
        Tensor(f"model.diffusion_model.{t.name}", t.shape, t.type)
        for t in sparse.architecture("flux1-dev")
    ]
    assert recognise(tensors).kind is Kind.DENOISER


@pytest.mark.parametrize(
    "names",
    [
        ("lora_A.weight", "lora_B.weight"),
        ("lora_down.weight", "lora_up.weight", "alpha"),
        ("lora_A.default.weight", "lora_B.default.weight"),
        ("lora.down.weight", "lora.up.weight"),
        ("lokr_w1", "lokr_w2", "alpha"),
    ],
)
def test_lora(names: tuple[str, ...]) -> None:
    """A LoRA is told by its low-rank pairs in every trainer's naming; alpha counts apart."""
    shapes = {"alpha": (), names[0]: (16, 64)}
    tensors = tuple(
        Tensor(f"transformer.blocks.{i}.attn.to_q.{name}", shapes.get(name, (64, 16)), "BF16")
        for i in range(4)
        for name in names
    )
    found = recognise(tensors)
    assert (found.family, found.kind) == ("lora", Kind.LORA)
    assert found.name in ("LoRA, rank 16", "LoRA")
    assert ("alpha" in names) == any(
        g == WeightGroup(Role.BUFFERS, "BF16", 4) for g in found.groups
    )


@pytest.mark.parametrize(
    ("id", "family"),
    [
        ("sd15-controlnet.diffusers", "sd-controlnet"),
        ("sdxl-controlnet.reference", "sd-controlnet"),
        ("flux1-controlnet-instantx-union.diffusers", "flux1-controlnet"),
        ("flux1-controlnet-xlabs.reference", "flux1-controlnet"),
        ("qwen-image-controlnet-union.diffusers", "qwen-image-controlnet"),
        ("sd3-controlnet.diffusers", "sd3-controlnet"),
        ("z-image-controlnet-union.diffusers", "z-image-controlnet"),
    ],
)
def test_controlnet(id: str, family: str) -> None:
    """A ControlNet is none of the denoisers whose blocks it copies."""
    found = recognise(tensors_of(id))
    assert (found.family, found.kind) == (family, Kind.CONTROLNET)


@pytest.mark.parametrize(
    ("id", "family", "hidden_size", "blocks"),
    [
        ("cogview4.diffusers", "cogview4", 4096, 28),
        ("ernie-image.diffusers", "ernie", 4096, 36),
        ("chroma1.diffusers", "chroma", 3072, 57),
        ("chroma1.reference", "chroma", 3072, 57),
        ("lumina2.reference", "lumina2", 2304, 26),
        ("wan-t2v-14b.reference", "wan", 5120, 40),
        ("wan2.1-t2v-1.3b.diffusers", "wan", 1536, 30),
        ("krea2.diffusers", "krea2", 6144, 28),
        ("sd3-medium.reference", "sd3", 1536, 24),
        ("qwen3-vl-4b.hf", "qwen3-vl", 2560, 36),
        ("glm4-9b.hf", "glm", 4096, 40),
        ("clip-vision-l.hf", "clip-vision", 1024, 24),
        ("anima.reference", "anima", 2048, 28),
    ],
)
def test_width_and_depth(id: str, family: str, hidden_size: int, blocks: int) -> None:
    """Families without an inventory have the width and depth that runtimes ask for."""
    found = recognise(tensors_of(id))
    assert (found.family, found.hidden_size, found.blocks) == (family, hidden_size, blocks)


def test_whole_mistral_without_its_head() -> None:
    """Forty layers without an output head are a whole Mistral, whose norm counts."""
    headless = tuple(
        t for t in sparse.architecture("mistral-small-24b") if t.name != "output.weight"
    )
    assert recognise(headless).name == "Mistral Small 24B"
    assert roles(headless)["output_norm.weight"] is Role.VECTORS


def test_unknown_architecture_keeps_its_groups() -> None:
    """Nobody's tensors still have exact bytes, types and the roles that names alone tell."""
    found = recognise((matrix("a.weight", "Q4_K", (256, 256)), Tensor("b", (7,), "F32")))
    assert (found.family, found.kind) == ("", Kind.UNKNOWN)
    assert found.groups == (
        WeightGroup(Role.WEIGHTS, "Q4_K", 65536),
        WeightGroup(Role.VECTORS, "F32", 7),
    )


def test_nothing_is_unknown() -> None:
    """No tensors at all are no architecture, and have no quantization name."""
    assert recognise(()).family == ""
    assert quant_of((), Container.GGUF) == ""


RECIPES = json.loads((sparse.INVENTORIES / "recipes" / "variants.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "recipe", RECIPES["variants"], ids=lambda r: f"{r['architecture']}-{r['recipe']}-{r['quant']}"
)
def test_quantization_is_named_as_published(recipe: dict[str, object]) -> None:
    """Every publisher's recipe gets its own name back; file_type tells Q3_K_L from Q3_K_M."""
    by_role = recipe["groups"]
    assert isinstance(by_role, dict)
    groups = [
        WeightGroup(Role(role), type, elements)
        for role, by_type in by_role.items()
        for type, elements in by_type.items()
    ]
    container = Container(str(recipe["format"]))
    same_tensors = recipe["quant"] == "Q3_K_L" and recipe["architecture"] not in (
        *("z-image", "qwen-image", "qwen3-0.6b", "qwen3-4b", "qwen3-8b"),
        *("mistral-small-24b", "qwen2.5-vl-7b", "t5-xxl-encoder"),
    )
    assert quant_of(groups, container) == ("Q3_K_M" if same_tensors else recipe["quant"])
    if same_tensors:
        assert quant_of(groups, container, 13) == "Q3_K_L"


def test_file_type_is_distrusted_against_the_tensors() -> None:
    """A file that calls itself Q8_0 but holds Q4_K is Q4_K."""
    groups = [WeightGroup(Role.WEIGHTS, "Q4_K", 1000)]
    assert quant_of(groups, Container.GGUF, 7) == "Q4_K_S"
    assert quant_of(groups, Container.GGUF, 15) == "Q4_K_M"


def test_a_few_packed_weights_do_not_name_a_file() -> None:
    """Under a twentieth of packed weights, the rest names the file."""
    groups = [WeightGroup(Role.WEIGHTS, "BF16", 1000), WeightGroup(Role.WEIGHTS, "Q8_0", 32)]
    assert quant_of(groups, Container.GGUF) == "BF16"
