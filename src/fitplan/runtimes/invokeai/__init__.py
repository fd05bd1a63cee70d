"""InvokeAI: what its model cache counts and what stays in RAM, per version.

Read from the loaders of InvokeAI 6.12.0 and 6.14.2 (the classes that each rule names, in
`invokeai/backend/model_manager/load/model_loaders/`) and measured with its own `ModelCache` on
files with the same tensors. The cache counts Σ nelement·element_size over `state_dict()`
(`CachedModelWithPartialLoad`), so a tied weight, which has two keys, counts twice. 6.12 with
partial loading off counts every parameter and buffer once instead (`calc_module_size`); 6.14
budgets by the state dict either way.
"""

from dataclasses import replace
from functools import partial
from typing import Literal, cast

from fitplan.accounting.rules import LoadingRule
from fitplan.accounting.runtime import BudgetSetting, Runtime
from fitplan.runtimes.invokeai import denoisers, encoders, refusals
from fitplan.runtimes.invokeai.card import card_rule
from fitplan.runtimes.invokeai.treatments import WORKSPACE
from fitplan.runtimes.program import Modes, Program, Setting
from fitplan.units import GIB

Version = Literal["6.12", "6.14"]
VERSIONS: tuple[Version, ...] = ("6.12", "6.14")
NAME = "invokeai"


def rules(version: Version, by_state_dict: bool) -> tuple[LoadingRule, ...]:
    """The residency rules of `version`; `by_state_dict`: how the cache counts, see above."""
    return tuple(map(_out_of_checkpoints, _rules(version, by_state_dict)))


def _out_of_checkpoints(rule: LoadingRule) -> LoadingRule:
    """Of a checkpoint, all of Stable Diffusion's is taken; of these families the denoiser alone."""
    if rule.bundles is not None:
        return rule
    alone = rule.family in ("flux1", "z-image", "qwen-image")
    return replace(rule, bundles=frozenset({rule.family} if alone else ()))


def _rules(version: Version, by_state_dict: bool) -> tuple[LoadingRule, ...]:
    old = version == "6.12"
    clip_alone = encoders.CLIP_FLOAT32 if old else encoders.CLIP_AS_STORED
    both = (
        *denoisers.flux1(by_state_dict),
        *denoisers.flux2(diffusers_zeros=old),
        *denoisers.z_image(),
        *denoisers.stable_diffusion(by_state_dict),
        *denoisers.vaes(),
        *denoisers.adapters(),
        *encoders.qwen3(by_state_dict, rotary_bytes=256 if old else 512),
        *encoders.t5(by_state_dict),
        *encoders.clip(by_state_dict, clip_alone),
    )
    return both if old else (*_added_by_6_14(by_state_dict), *both)


def _added_by_6_14(by_state_dict: bool) -> tuple[LoadingRule, ...]:
    return (
        *denoisers.quantized(),
        *encoders.quantized(by_state_dict),
        *denoisers.later(by_state_dict),
        encoders.t5_gguf(by_state_dict),
        encoders.umt5(by_state_dict),
        *encoders.mistral(by_state_dict),
        encoders.qwen2_5_vl(by_state_dict),
        encoders.qwen3_vl(),
    )


def runtime(version: Version, partial_loading: bool = True) -> Runtime:
    """InvokeAI at `version`; `partial_loading` is its setting `enable_partial_loading`."""
    title = f"InvokeAI {version}" + ("" if partial_loading else " (partial loading off)")
    return Runtime(
        name=NAME,
        version=version,
        title=title,
        rules=rules(version, by_state_dict=partial_loading or version != "6.12"),
        refusals=refusals.refusals(version),
        budget_name=f"{title}'s model cache",
        settings=partial(_settings, partial_loading),
        without_settings=_WITHOUT_SETTINGS,
        workspace=WORKSPACE,
        own_encoders=frozenset({"sd15", "sdxl"}),
        miss="the least recently used part is dropped and read again for every image",
        modes={"partial-loading": "on" if partial_loading else "off"},
        card=card_rule(version, partial_loading),
        keeps_parts=True,
        source="ModelCache (load/model_cache/model_cache.py); invokeai.yaml",
        budget_setting=BudgetSetting(
            file="invokeai.yaml",
            key="max_cache_ram_gb",
            value=_gib,
            default=default_limit,
            default_why=_DEFAULT_WHY,
        ),
    )


def _gib(size: int) -> str:
    """Whole hundredths of a GiB, rounded down, so that the limit is never above `size`."""
    return f"{size * 100 // GIB / 100:g}"


def _settings(partial_loading: bool, budget: int) -> str:
    return (
        "# invokeai.yaml\n"
        f"max_cache_ram_gb: {budget / GIB:g}\n"
        f"enable_partial_loading: {str(partial_loading).lower()}"
    )


def default_limit(ram: int, vram: int | None) -> int:
    """Bytes InvokeAI limits its cache to when `max_cache_ram_gb` is unset.

    `ram` and `vram` are bytes; `vram` None means no CUDA device. The limit is min(RAM/2 - 2 GiB,
    VRAM - 3 GiB), at least 4 GiB; without CUDA the second term is 32 GiB. Source:
    `ModelCache._calc_ram_available_to_model_cache`, with `device_working_mem_gb` at its default, 3.
    """
    by_vram = 32 * GIB if vram is None else vram - 3 * GIB
    return max(4 * GIB, min(ram // 2 - 2 * GIB, by_vram))


_DEFAULT_WHY = "min(RAM/2 - 2, VRAM - 3) GiB, at least 4; without CUDA min(RAM/2 - 2, 32)"

_WITHOUT_SETTINGS = (
    "Without max_cache_ram_gb InvokeAI takes min(RAM/2 - 2, VRAM - 3) GiB, at least 4: "
    f"{default_limit(16 * GIB, 12 * GIB) // GIB} GiB with 16 GiB of RAM and 12 GiB of VRAM."
)


def _build(version: str, modes: Modes) -> Runtime:
    return runtime(cast("Version", version), modes["partial-loading"] == "on")


PROGRAM = Program(NAME, "InvokeAI", VERSIONS, (Setting("partial-loading", ("on", "off")),), _build)
