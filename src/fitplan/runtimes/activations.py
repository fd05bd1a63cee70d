"""VRAM that denoisers and VAEs take besides their weights, for all programs that run on torch.

From ComfyUI's `memory_usage_factor` (supported_models.py, formula of 0.3.64): latent pixels times
0.02 MiB times the factor, with fused attention and a type of two bytes; and from the slopes that
InvokeAI's pull request 9519 measured for FLUX.2 (MiB per token, reserved, RTX 4090).
"""

from fitplan.accounting.card_rules import Picture
from fitplan.units import MIB

FACTORS = {"sdxl": 0.8, "flux1": 3.1, "z-image": 2.8, "qwen-image": 1.8}
"""Family → factor; FLUX.2's is 3.1·4·hidden/2604 on squares of 16 pixels."""
SLOPES = {3072: 0.291, 4096: 0.386, 6144: 0.555}
"""Hidden size of FLUX.2 → MiB per token."""
TEXT_TOKENS = 512
"""Text tokens of FLUX.2 and Krea-2 beside the image's."""


def by_factor(family: str, hidden_size: int, picture: Picture) -> int | None:
    """Bytes by ComfyUI's factors; None for a family without one."""
    if family == "flux2" and hidden_size:
        return int(picture.tokens * 0.02 * 3.1 * 4 * hidden_size / 2604 * MIB)
    factor = FACTORS.get(family)
    return None if factor is None else int(picture.pixels / 64 * 0.02 * factor * MIB)


def measured_or_by_factor(family: str, hidden_size: int, picture: Picture) -> int | None:
    """Bytes by the measured slopes of FLUX.2, else by ComfyUI's factors; None: unknown."""
    slope = SLOPES.get(hidden_size) if family == "flux2" else None
    if slope is None:
        return by_factor(family, hidden_size, picture)
    return int((picture.tokens + TEXT_TOKENS) * slope * MIB)
