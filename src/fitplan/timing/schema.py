"""The strict models of data/timing.yaml: cards, constants with their range and source, limits."""

from typing import Literal

from pydantic import Field

from fitplan.timing.operations import Dimensions
from fitplan.timing.strict import Strict

TFLOPS_PER_SM_GHZ = 0.512
"""Dense bf16 operations with fp32 accumulation, 1e12 per second, of one SM at one GHz: 512 per
clock on GeForce cards since Ampere."""


Slot = Literal["denoiser", "encoders", "vae"]


class Constant(Strict):
    """One number of the model, with what is known of it."""

    value: float = Field(gt=0)
    """The value used."""
    low: float | None = None
    """5 % quantile when the benchmarks' rounding is varied; left out when it was not varied."""
    high: float | None = None
    """95 % quantile."""
    source: str
    """Where it comes from, and how sure it is."""


class Constants(Strict):
    """The constants of the time model; see `fitplan.timing.model`."""

    rate_tflops: Constant
    """E: 1e12 operations per second on the reference card."""
    dequantize_gparam_s: Constant
    """D: 1e9 quantized elements per second on the reference card."""
    fixed_s: Constant
    """F0: seconds per image that scale with nothing, with the reference card and engine."""
    other_fixed_s: Constant
    """F0 on another host."""
    stream_gb_s: Constant
    """Rate at which weights that overflow VRAM reach the card, GB/s."""
    copy_gb_s: Constant
    """Rate at which a loader copies what the page cache holds, GB/s."""
    loading_mb_s: Constant
    """End-to-end loading rate seen on the reference machine, MB/s."""
    mapped_gb_s: Constant
    """Loading rate seen where a disk much faster than `loading_mb_s` was read, GB/s."""


class ErrorRule(Strict):
    """Stated error of an estimate: the larger of a share and a floor, plus that of F0."""

    share: float = Field(gt=0, lt=1)
    """Share of the estimate."""
    at_least_s: float = Field(ge=0)
    """Never stated smaller than this."""
    fixed_s: float = Field(ge=0)
    """Uncertainty of F0, on top."""
    source: str
    """What it was found on."""


class Errors(Strict):
    """Stated errors, by how far the card is from the fitted one."""

    reference: ErrorRule
    """The reference card and engine."""
    scaled: ErrorRule
    """Another card or engine."""


class Engine(Strict):
    """A runtime that the model is held to cover."""

    working_memory_gib: float = Field(ge=0)
    """VRAM that its denoiser can't have."""
    loads: list[Slot] = Field(default_factory=list)
    """The order in which an image needs its parts; left out when its cache isn't modelled."""
    loads_of: dict[str, list[Slot]] = Field(default_factory=dict)
    """Denoiser families with another order."""
    source: str
    """Where it was read or measured."""


class TimingLimits(Strict):
    """Beyond these nothing is estimated."""

    min_pixels: int
    """Smallest image, pixels."""
    max_pixels: int
    """Largest image, pixels."""
    overflow_bytes: int
    """Beyond this overflow of VRAM an estimate is a lower bound only."""
    peak_share: float
    """A benchmark that implies more than this share of its card's peak is wrong."""


class Guidance(Strict):
    """How a denoiser family is guided."""

    second_forward: bool
    """Whether a guidance scale above 1 costs a second forward per step."""
    scale: float = 1.0
    """The scale an undistilled model is used with by default."""
    source: str
    """Where the scale was read."""


class GpuSpec(Strict):
    """A card that the model covers."""

    name: str
    """Name as people write it, with its memory where the name alone is shared by several."""
    architecture: Literal["Ampere", "Ada", "Blackwell"]
    """Its generation."""
    sm: int = Field(gt=0)
    """Streaming multiprocessors."""
    boost_ghz: float = Field(gt=0)
    """Boost clock."""
    vram_gib: int = Field(gt=0)
    """Memory."""
    clock_source: str
    """Where SMs and clock were read: a key of `gpu_sources`."""
    vram_source: str
    """Where the memory was read: a key of `gpu_sources`."""

    @property
    def peak_tflops(self) -> float:
        """Dense bf16 peak with fp32 accumulation, 1e12 operations per second."""
        return self.sm * self.boost_ghz * TFLOPS_PER_SM_GHZ


class OutsideGpus(Strict):
    """Cards that are known by name only."""

    architecture: str
    """Their generation."""
    reason: str
    """Why nothing is estimated for them."""
    names: list[str]
    """Names as people write them."""


class TimingData(Strict):
    """data/timing.yaml."""

    version: Literal[1]
    """Version of this format."""
    reference_gpu: str
    """The card that the constants were fitted on."""
    reference_engine: str
    """The runtime that they were fitted on."""
    constants: Constants
    """Numbers of the model."""
    errors: Errors
    """Stated errors."""
    limits: TimingLimits
    """What is estimated at all."""
    engines: dict[str, Engine]
    """Runtimes, by the name fitplan calls them."""
    guidance: dict[str, Guidance]
    """Denoiser family → guidance."""
    unvalidated: dict[str, str]
    """Denoiser's architecture id or card generation → why its estimates are unvalidated."""
    not_counted: dict[str, str]
    """Beginning of a model's id → why its forward isn't what its architecture says."""
    dimensions: dict[str, Dimensions]
    """Architecture id → dimensions."""
    gpu_sources: dict[str, str]
    """Where figures of cards were read."""
    gpus: list[GpuSpec]
    """Cards that are covered."""
    outside: list[OutsideGpus]
    """Cards that are known, but not covered."""

    @property
    def reference(self) -> GpuSpec:
        """The card that the constants were fitted on."""
        return next(gpu for gpu in self.gpus if gpu.name == self.reference_gpu)
