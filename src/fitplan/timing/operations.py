"""Operations of one forward, counted from an architecture's dimensions. Pure, in integers.

A matrix of w weights applied to t tokens is 2·w·t operations (a multiplication and an addition per
weight and token); attention of width d over t tokens is 4·t²·d (scores, then their product with the
values). Norms, activations and biases are left out: they are under 0.1 %.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from fitplan.timing.strict import Strict

PIXELS_PER_TOKEN = 16
"""Side of the square of pixels that becomes one token: the VAE's 8, times patches of 2."""


@dataclass(frozen=True, slots=True)
class Size:
    """An image's width and height, pixels; both multiples of `PIXELS_PER_TOKEN`."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """All pixels."""
        return self.width * self.height

    @property
    def tokens(self) -> int:
        """Image tokens that a denoiser works on."""
        return self.pixels // PIXELS_PER_TOKEN**2

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Linear:
    """`weights` of matrices, each applied to `tokens` tokens (pixels, for a convolution)."""

    weights: int
    tokens: int

    @property
    def operations(self) -> int:
        """2·weights·tokens."""
        return 2 * self.weights * self.tokens


@dataclass(frozen=True, slots=True)
class Attention:
    """`layers` attentions of `width` (heads times head size) over `tokens` tokens."""

    layers: int
    width: int
    tokens: int

    @property
    def operations(self) -> int:
        """4·layers·tokens²·width."""
        return 4 * self.layers * self.tokens**2 * self.width


Work = Iterable[Linear | Attention]


class Flux1(Strict):
    """FLUX.1: double blocks with two streams, then single blocks with one; every block modulated.

    Names of dimensions: `double_blocks.*`, `single_blocks.*`, `img_in`, `txt_in` of the checkpoint.
    """

    kind: Literal["flux1"]
    hidden: int
    double_blocks: int
    single_blocks: int
    in_channels: int
    """Width of `img_in`'s input."""
    out_channels: int
    context: int
    """Width of the text encoder's output."""
    text_tokens: int

    def work(self, image_tokens: int) -> Work:
        """One forward: q/k/v 3H², projection H², feed-forward 8H² per token of either stream."""
        h, text = self.hidden, self.text_tokens
        tokens = image_tokens + text
        blocks = self.double_blocks + self.single_blocks
        yield Linear(12 * h * h * blocks, tokens)
        yield Linear((self.in_channels + self.out_channels) * h, image_tokens)
        yield Linear(self.context * h, text)
        modulation = 12 * self.double_blocks + 3 * self.single_blocks + 2
        yield Linear(modulation * h * h, 1)
        yield Attention(blocks, h, tokens)


class Flux2(Strict):
    """FLUX.2: as FLUX.1, with gated feed-forwards of width 3H and modulation shared by blocks."""

    kind: Literal["flux2"]
    hidden: int
    double_blocks: int
    single_blocks: int
    in_channels: int
    context: int
    text_tokens: int

    def work(self, image_tokens: int) -> Work:
        """One forward: q/k/v 3H², projection H², gate and up 6H², down 3H² per token."""
        h, text = self.hidden, self.text_tokens
        tokens = image_tokens + text
        blocks = self.double_blocks + self.single_blocks
        yield Linear(13 * h * h * blocks, tokens)
        yield Linear(2 * self.in_channels * h, image_tokens)
        yield Linear(self.context * h, text)
        yield Linear((12 + 3 + 2) * h * h, 1)
        yield Attention(blocks, h, tokens)


class ZImage(Strict):
    """Z-Image: one stream; refiner layers see only the image's or only the text's tokens."""

    kind: Literal["z-image"]
    hidden: int
    layers: int
    refiners: int
    """Refiner layers of the image; the text has as many."""
    feed_forward: int
    in_channels: int
    context: int
    text_tokens: int

    def work(self, image_tokens: int) -> Work:
        """One forward: q/k/v 3H², output H², gate, up and down 3·H·F per token."""
        h, text = self.hidden, self.text_tokens
        tokens = image_tokens + text
        block = 4 * h * h + 3 * h * self.feed_forward
        yield Linear(block * self.layers, tokens)
        yield Linear(block * self.refiners, image_tokens)
        yield Linear(block * self.refiners, text)
        yield Linear(2 * self.in_channels * h, image_tokens)
        yield Linear(self.context * h, text)
        yield Attention(self.layers, h, tokens)
        yield Attention(self.refiners, h, image_tokens)
        yield Attention(self.refiners, h, text)


class QwenImage(Strict):
    """Qwen-Image: double blocks only, each stream with its own weights and modulation."""

    kind: Literal["qwen-image"]
    hidden: int
    blocks: int
    feed_forward: int
    in_channels: int
    context: int
    text_tokens: int

    def work(self, image_tokens: int) -> Work:
        """One forward: q/k/v 3H², output H², up and down 2·H·F per token of either stream."""
        h, text = self.hidden, self.text_tokens
        tokens = image_tokens + text
        yield Linear((4 * h * h + 2 * h * self.feed_forward) * self.blocks, tokens)
        yield Linear(2 * self.in_channels * h, image_tokens)
        yield Linear(self.context * h, text)
        yield Linear((12 * self.blocks + 2) * h * h, 1)
        yield Attention(self.blocks, h, tokens)


class TextEncoder(Strict):
    """A text encoder's stack of layers; `matrices` feed-forward matrices of hidden times width."""

    kind: Literal["encoder"]
    hidden: int
    layers: int
    heads_width: int
    """Heads times head size: the width of queries."""
    key_width: int
    """Key heads times head size, less than `heads_width` where heads share keys."""
    feed_forward: int
    matrices: int
    """3 for a gated feed-forward, 2 for a plain one."""
    text_tokens: int

    def work(self, image_tokens: int) -> Work:
        """One pass over the prompt; the image doesn't matter."""
        attention = 2 * self.hidden * (self.heads_width + self.key_width)
        block = attention + self.matrices * self.hidden * self.feed_forward
        yield Linear(block * self.layers, self.text_tokens)
        yield Attention(self.layers, self.heads_width, self.text_tokens)


class Stage(Strict):
    """Residual blocks of a VAE decoder at one resolution."""

    into: int
    """Channels that arrive."""
    out: int
    """Channels inside and after."""
    up: int = 0
    """Channels after the convolution that doubles the resolution; 0: the last stage."""


class VaeDecoder(Strict):
    """A convolutional decoder: latents an eighth of the image's side, doubled three times."""

    kind: Literal["vae"]
    latent: int
    """Channels of the latents."""
    stages: list[Stage] = Field(min_length=1)
    residuals: int
    """Residual blocks (of two convolutions) per stage."""
    taps: int
    """Weights per pair of channels: 9 for 3x3, 27 for 3x3x3."""

    def work(self, image_tokens: int) -> Work:
        """One image: the middle (two residual blocks around an attention), then every stage."""
        side = PIXELS_PER_TOKEN // 8
        pixels, middle = image_tokens * side**2, self.stages[0].into
        yield Linear(self.taps * middle * (self.latent + 4 * middle), pixels)
        yield Linear(4 * middle**2, pixels)
        yield Attention(1, middle, pixels)
        for stage in self.stages:
            yield Linear(self._residuals(stage), pixels)
            if stage.up:
                pixels *= 4
                yield Linear(9 * stage.out * stage.up, pixels)
        yield Linear(self.taps * 3 * self.stages[-1].out, pixels)

    def _residuals(self, stage: Stage) -> int:
        first = self.taps * stage.out * (stage.into + stage.out)
        shortcut = stage.into * stage.out if stage.into != stage.out else 0
        return first + shortcut + (self.residuals - 1) * 2 * self.taps * stage.out**2


Dimensions = Annotated[
    Flux1 | Flux2 | ZImage | QwenImage | TextEncoder | VaeDecoder, Field(discriminator="kind")
]


def operations(dimensions: Dimensions, size: Size) -> int:
    """Operations of one forward (one pass, one decoding) for an image of `size`."""
    return sum(part.operations for part in dimensions.work(size.tokens))
