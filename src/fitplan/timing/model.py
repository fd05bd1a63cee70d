"""The time of one image whose models are resident, as a sum of named terms. Pure.

    t = F0 + (n·W_denoiser + W_encoder + W_vae)/E + (n·P_denoiser + P_encoder)/D + n·overflow/S

n: forwards; W: operations; P: elements that stay quantized and are dequantized on every forward;
overflow: bytes of the denoiser that VRAM doesn't hold, streamed on every forward. E, D, F0 are
fitted to nine measured rows of one card; E and D are scaled to others by their bf16 peak; S is
assumed. Fifteen forms were tried; memory bandwidth does not predict it (errors to 115 %).
"""

from dataclasses import dataclass

from fitplan.timing.schema import ErrorRule, GpuSpec, TimingData
from fitplan.units import GB

TERA = 10**12


@dataclass(frozen=True, slots=True)
class Work:
    """What one image asks of the card."""

    forwards: int
    denoiser_operations: int
    """Per forward."""
    encoder_operations: int
    vae_operations: int
    denoiser_quantized: int
    """Elements dequantized per forward."""
    encoder_quantized: int
    """Elements dequantized once."""
    overflow_bytes: int
    """Bytes of the denoiser that VRAM doesn't hold."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What a card and engine do, and how far off a figure from it may be."""

    rate: float
    """Operations per second."""
    dequantize: float
    """Elements per second."""
    stream: float
    """Bytes per second."""
    fixed: float
    """Seconds."""
    error: ErrorRule

    def error_seconds(self, seconds: float) -> float:
        """Stated error of an estimate of `seconds`."""
        share = self.error.share * (seconds - (self.fixed if self.error.fixed_s else 0))
        return max(share + self.error.fixed_s, self.error.at_least_s)


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of a time."""

    what: str
    seconds: float
    why: str


def speed(data: TimingData, gpu: GpuSpec, engine: str) -> Speed:
    """The fitted constants, scaled to `gpu` by its bf16 peak."""
    constants = data.constants
    scale = gpu.peak_tflops / data.reference.peak_tflops
    fitted = gpu.name == data.reference_gpu and engine == data.reference_engine
    return Speed(
        rate=constants.rate_tflops.value * TERA * scale,
        dequantize=constants.dequantize_gparam_s.value * GB * scale,
        stream=constants.stream_gb_s.value * GB,
        fixed=(constants.fixed_s if fitted else constants.other_fixed_s).value,
        error=data.errors.reference if fitted else data.errors.scaled,
    )


def terms(work: Work, speed: Speed) -> tuple[Term, ...]:
    """The addends of the time, seconds; those that are zero by nature are left out."""
    n, rate = work.forwards, f"{speed.rate / TERA:.1f}e12 per second"
    times = "forward" if n == 1 else "forwards"
    listed = (
        Term("fixed", speed.fixed, "start, transfers and host: the same for every image"),
        Term(
            "denoiser",
            n * work.denoiser_operations / speed.rate,
            f"{n} {times} of {work.denoiser_operations / TERA:.1f}e12 operations at {rate}",
        ),
        Term(
            "text encoder",
            work.encoder_operations / speed.rate,
            f"{work.encoder_operations / TERA:.1f}e12 operations, once",
        ),
        Term(
            "VAE",
            work.vae_operations / speed.rate,
            f"{work.vae_operations / TERA:.1f}e12 operations, once",
        ),
        Term(
            "dequantizing the denoiser",
            n * work.denoiser_quantized / speed.dequantize,
            f"{n} {times} of {work.denoiser_quantized / GB:.2f}e9 packed weights "
            f"at {speed.dequantize / GB:.1f}e9 per second",
        ),
        Term(
            "dequantizing the encoder",
            work.encoder_quantized / speed.dequantize,
            f"{work.encoder_quantized / GB:.2f}e9 packed weights, once",
        ),
        Term(
            "streaming weights",
            n * work.overflow_bytes / speed.stream,
            f"{work.overflow_bytes / GB:.2f} GB that VRAM doesn't hold, on each of {n} {times}, "
            f"at {speed.stream / GB:g} GB/s (assumed)",
        ),
    )
    return tuple(term for term in listed if term.seconds)


def total(parts: tuple[Term, ...]) -> float:
    """Seconds of all terms."""
    return sum(part.seconds for part in parts)


def implied_share_of_peak(gpu: GpuSpec, operations: int, seconds: float) -> float:
    """What share of the card's peak a measured time of so many operations implies."""
    return operations / seconds / (gpu.peak_tflops * TERA)
