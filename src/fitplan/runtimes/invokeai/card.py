"""InvokeAI on a graphics card: how much working memory each phase asks for.

Read from 6.12.0 and 6.14.2: `ModelCache.lock` leaves the larger of what a node asks for and
`device_working_mem_gb`; nodes ask by `backend/util/vae_working_memory.py` and the denoisers' own
estimates. Which models leave and what is loaded is `fitplan.accounting.card_cache`.
"""

from dataclasses import dataclass
from functools import partial

from fitplan.accounting.card_rules import CardRule, CardSpace, ModelCache, Phase, Picture, Working
from fitplan.accounting.unknown import Unknown
from fitplan.accounting.weights import Container, WeightFile
from fitplan.runtimes.activations import TEXT_TOKENS, measured_or_by_factor
from fitplan.units import GIB, MIB

DEVICE_WORKING_MEMORY = 3 * GIB
"""`device_working_mem_gb` as it ships."""

_ASK_NOTHING = frozenset({"flux1", "z-image", "qwen-image", "sdxl", "sd15", "sd2", "sd3", "anima"})
"""Denoisers that leave it at that; Anima's was seen (issue 9257)."""


@dataclass(frozen=True, slots=True)
class _Decoder:
    """Working memory of a VAE's decode: bytes = height · width · 2 · factor."""

    factor: int
    rocm: int = 0
    """Factor on AMD cards; 0: the same."""
    allocated: int = 0
    """Factor of what was seen allocated: with less it fails; 0: not measured."""


_DECODERS = {
    "flux1-vae": _Decoder(2200, allocated=1090),
    "flux2-vae": _Decoder(2200, rocm=3600),
    "sd-vae": _Decoder(2200),
    "qwen-image-vae": _Decoder(2900, rocm=5500, allocated=2236),
    "wan-vae": _Decoder(2900),
}
"""Allocated: FLUX.1 2.13 GiB (pull request 7505), Qwen-Image 4.369 (9305), both at 1024²."""


def card_rule(version: str, partial_loading: bool) -> CardRule:
    """The rule of `version` with `enable_partial_loading` on or off."""
    return ModelCache(partial(_working, version), partial_loading)


def _working(
    version: str, phase: Phase, file: WeightFile, picture: Picture, card: CardSpace
) -> Working | Unknown:
    if card.vendor not in ("", "nvidia", "amd"):
        return Unknown(f"InvokeAI's use of VRAM is known for NVIDIA and AMD, not for {card.vendor}")
    match phase:
        case "encode":
            return Working(DEVICE_WORKING_MEMORY)
        case "denoise":
            return _denoising(version, file, picture)
        case "decode":
            return _decoding(version, file, picture, card)


def _denoising(version: str, file: WeightFile, picture: Picture) -> Working | Unknown:
    asked = _asked(version, file, picture)
    if asked is None:
        name = file.family or "this denoiser"
        return Unknown(f"working memory of {name} in InvokeAI is not known")
    used = measured_or_by_factor(file.family, file.hidden_size, picture)
    return Working(max(asked, DEVICE_WORKING_MEMORY), used)


def _asked(version: str, file: WeightFile, picture: Picture) -> int | None:
    """Bytes that a denoiser's node asks for; references and LoRAs would add to FLUX.2's."""
    tokens = picture.tokens + TEXT_TOKENS
    if file.family == "flux2":
        if version == "6.12":
            return 0
        return int(tokens * 0.42 * file.hidden_size / 4096 * MIB) + GIB
    if file.family == "krea2":
        return tokens * MIB // 2 + 3 * GIB // 2
    return 0 if file.family in _ASK_NOTHING else None


def _decoding(
    version: str, file: WeightFile, picture: Picture, card: CardSpace
) -> Working | Unknown:
    decoder = _DECODERS.get(file.family)
    if decoder is None:
        return Unknown(f"working memory of {file.family or 'this VAE'} in InvokeAI is not known")
    factor = (decoder.rocm if card.vendor == "amd" else 0) or decoder.factor
    used = picture.pixels * 2 * factor
    old = version == "6.12" and file.family == "flux2-vae"
    folder = file.family == "flux1-vae" and file.container is Container.FOLDER
    asked = DEVICE_WORKING_MEMORY if old or folder else max(used, DEVICE_WORKING_MEMORY)
    return Working(asked, used, picture.pixels * 2 * decoder.allocated)
