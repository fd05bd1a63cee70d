"""The strict models of models.yaml; their docstrings become its JSON Schema."""

from datetime import date as Date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from fitplan.accounting.quality import QualityRule
from fitplan.accounting.weights import Container, Role
from fitplan.catalog import merging

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.\-]*$")]
Quant = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]+$")]
Address = Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Bytes = Annotated[int, Field(gt=0, lt=2**53)]
Elements = Annotated[int, Field(gt=0, lt=2**53)]
Confidence = Literal["high", "medium", "low"]
Basis = Literal["published", "derived"]
Groups = dict[Annotated[Role, Field(strict=False)], dict[Quant, Elements]]
"""Role → tensor type → elements."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(_Model):
    """Where figures were read."""

    title: str
    """What it is, so that a reader can find it again even when the address is gone."""
    url: Address | None = None
    """Its address; left out when none was recorded."""
    as_of: Day | None = None
    """The day (or month) the figures were true."""


class Recipe(_Model):
    """How one publisher mixes tensor types: what each quantization name contains."""

    note: str
    """How the recipe was found and how it was checked."""
    quants: dict[Quant, Groups]
    """Quantization name → weight groups."""


class Architecture(_Model):
    """One set of tensor shapes, shared by every model trained on it."""

    family: Id
    """The family whose loaders and residency rules apply."""
    parameters: Elements
    """Elements of all weights in full precision."""
    hidden_size: int = 0
    """Width of the model, where a residency rule needs it."""
    recipes: dict[Id, Recipe]
    """Recipe id → recipe."""


class Variant(_Model):
    """One published file (or folder) of a component at one quantization."""

    quant: Quant
    """Quantization name as published."""
    bytes: Bytes
    """Bytes on disk."""
    basis: Basis = "published"
    """`published`: these bytes were read from the file; `derived`: computed, see the recipe."""
    file: str | None = None
    """File name, when the release's pattern doesn't give it."""
    beside: str | None = None
    """The file loaded with it, when the release's pattern doesn't give it."""
    recipe: Id | None = None
    """Recipe, when it isn't the release's."""
    weights: Groups | None = None
    """Weight groups of this file alone, in place of a recipe."""
    rel_error: Annotated[float, Field(ge=0, le=1)] | Literal["unknown"] | None = None
    """Relative weight error, when it isn't what the types say (imatrix, hand-tuned); `unknown`
    where it is not known."""
    cache_error_bytes: int = Field(default=0, ge=0)
    """How far cache bytes may be off because it isn't known which tensors have which type."""
    source: Id | None = None
    """Source of the bytes, when it isn't the release's."""
    confidence: Confidence | None = None
    """Confidence in the entry, when it isn't the release's."""
    sha256: Sha256 | None = None
    """SHA-256 of the file, lower-case hex; left out when no source has it."""
    revision: Commit | None = None
    """Commit of the repository that has these bytes, when it isn't the release's."""
    note: str | None = None
    """What a reader should know about this file."""


class Release(_Model):
    """Files of one component by one publisher in one format."""

    publisher: str
    """Who published the files; "unknown" when not recorded."""
    url: Address | None = None
    """Address of the repository."""
    format: Annotated[Container, Field(strict=False)]
    """gguf, safetensors (one file) or folder."""
    part_of: Id | None = None
    """Family of the diffusers pipeline whose folder these files are loaded with, if they are."""
    file: str | None = None
    """File name with `{quant}` in place of the quantization name."""
    beside: str | None = None
    """A second file (a vision tower, the other of two denoisers) that is loaded with each of them
    and counted in its bytes and weight groups; `{quant}` as above."""
    recipe: Id | None = None
    """The recipe of the component's architecture that these files follow."""
    source: Id
    """Where the byte counts were read."""
    confidence: Confidence
    """How sure the entry is."""
    revision: Commit | None = None
    """Commit of the repository at which some of these files were seen with these bytes."""
    note: str | None = None
    """What a reader should know about these files."""
    variants: list[Variant] = Field(min_length=1)
    """The ladder of quantizations, largest first."""


class Component(_Model):
    """A denoiser, text encoder or VAE, with every known file of it."""

    kind: Literal["denoiser", "encoder", "vae", "checkpoint"]
    """What part of a pipeline it is; `checkpoint`: all parts in one file, in no pipeline."""
    name: str
    """Name as people write it."""
    architecture: Id
    """Its shapes."""
    releases: list[Release] = Field(min_length=1)
    """Its files, by publisher and format."""


class Elo(_Model):
    """Image quality of the full-precision model, as people voted."""

    value: int = Field(gt=0, lt=4000)
    """Elo rating."""
    as_of: Day
    """When it was read."""
    converted: bool = False
    """Whether `value` was computed from a rating on an older scale, and may be 15 points off."""
    source: Id
    """Who counted the votes."""


class Pipeline(_Model):
    """A model a user names: one denoiser, one or more text encoders, a VAE."""

    name: str
    """Name as people write it."""
    denoiser: Id
    """Component id."""
    encoders: list[Id] = Field(min_length=1)
    """Component ids; the first is the large one that makes the pair."""
    vae: Id
    """Component id."""
    license: str
    """Licence of the denoiser's weights."""
    distilled: Literal["no", "guidance", "steps"]
    """What was distilled away: nothing, guidance, or steps and guidance."""
    steps: int | None = Field(default=None, gt=0, le=1000)
    """Recommended steps; left out when no source says."""
    guidance: float | None = Field(default=None, ge=0, le=100)
    """Recommended guidance scale; 1 means none. Left out when no source says."""
    elo: Elo | None = None
    """Quality prior; left out when unrated."""
    note: str | None = None
    """What a reader should know about this model."""

    @property
    def pair(self) -> tuple[str, str]:
        """Ids of the denoiser and the text encoder that make the pair."""
        return self.denoiser, self.encoders[0]

    @property
    def others(self) -> tuple[str, ...]:
        """Ids of the parts beside the pair: smaller text encoders, the VAE."""
        return (*self.encoders[1:], self.vae)

    @property
    def parts(self) -> tuple[str, ...]:
        """Ids of all parts, the denoiser first and the VAE last."""
        return (*self.pair, *self.others)


class Observation(_Model):
    """Measured usage of one pair."""

    pipeline: Id
    """Pipeline id."""
    denoiser: str
    """`QUANT` or `publisher/QUANT`."""
    encoder: str
    """`QUANT` or `publisher/QUANT`."""
    runtime: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.\-]+@[0-9.]+$")]
    """The runtime and version that were observed."""
    cache_gib: float = Field(gt=0)
    """What the runtime reported, in GiB, with the decimals it showed."""
    source: Id
    """Who saw it."""
    date: Date
    """When it was published."""


class BenchmarkVariants(_Model):
    """The files that were timed."""

    denoiser: str
    """`QUANT` or `publisher/QUANT`."""
    encoder: str | None = None
    """`QUANT` or `publisher/QUANT`; left out when the source doesn't say."""


class Benchmark(_Model):
    """Measured time of one model on one card."""

    gpu: str
    """The card, as the table of cards calls it."""
    engine: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.\-]+(@[0-9.]+)?$")]
    """The program that ran, with its version where the source says."""
    model: Id
    """Pipeline id."""
    variants: BenchmarkVariants
    """Its files."""
    steps: int | None = Field(default=None, gt=0, le=1000)
    """Sampling steps; needed with `seconds`."""
    guidance: float | None = Field(default=None, ge=0, le=100)
    """Guidance scale; left out when the source doesn't say."""
    forwards: int | None = Field(default=None, gt=0, le=2000)
    """Forwards of the denoiser, where they aren't the steps (guidance doubles them)."""
    size: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")] = "1024x1024"
    """Width x height, pixels; 1024x1024 is taken for sources that don't say."""
    seconds: float | None = Field(default=None, gt=0)
    """Wall time of one image with a new prompt, models resident, text encoder and VAE included."""
    seconds_per_forward: float | None = Field(default=None, gt=0)
    """Seconds per forward of the denoiser, in place of `seconds`."""
    rounding: float | None = Field(default=None, gt=0)
    """How far the true time may be from the stated one, seconds; left out when unknown."""
    source: Id
    """Who measured it."""
    date: Date
    """When it was published."""
    note: str | None = None
    """What a reader should know about this figure."""

    @model_validator(mode="after")
    def _has_one_time(self) -> "Benchmark":
        if (self.seconds is None) == (self.seconds_per_forward is None):
            raise ValueError("needs either seconds or seconds_per_forward")
        if self.seconds is not None and self.steps is None:
            raise ValueError("seconds say nothing without steps")
        return self

    @property
    def all_forwards(self) -> int:
        """Forwards of the denoiser that the stated time covers."""
        return 1 if self.seconds is None else self.forwards or self.steps or 1

    @property
    def stated_seconds(self) -> float:
        """The stated time, whatever it covers."""
        return self.seconds or self.seconds_per_forward or 0.0


_RULE = QualityRule()


class Quality(_Model):
    """Constants of the ranking; see `fitplan.accounting.quality`."""

    encoder_weight: float = Field(default=_RULE.encoder_weight, ge=0, le=10)
    """Share of the text encoder's squared error in a pair's."""
    elo_per_error: float = Field(default=_RULE.elo_per_error, ge=0, le=10000)
    """Elo points that a relative error of 1 would cost."""
    tie_band: float = Field(default=_RULE.tie_band, ge=0, le=1000)
    """Elo gaps under this are ties."""


class CatalogFile(_Model):
    """One catalog file: models.yaml."""

    version: Literal[1]
    """Version of this format."""
    sources: dict[Id, Source] = {}
    """Where figures were read; entries name these by id."""
    architectures: dict[Id, Architecture] = {}
    """Shapes and recipes."""
    components: dict[Id, Component] = {}
    """Files to download."""
    pipelines: dict[Id, Pipeline] = {}
    """Models to run."""
    observations: list[Observation] = []
    """Measured usage."""
    benchmarks: list[Benchmark] = []
    """Measured times."""
    quality: Quality | None = None
    """Constants of the ranking, where they aren't fitplan's own."""

    def overlaid(self, other: "CatalogFile") -> "CatalogFile":
        """This catalog extended by `other`, whose entries replace those of the same id.

        Of a component, files do (publisher and quantization); of an architecture, recipes do.
        """
        return CatalogFile(
            version=self.version,
            sources=self.sources | other.sources,
            architectures=merging.architectures(self.architectures, other.architectures),
            components=merging.components(self.components, other.components),
            pipelines=self.pipelines | other.pipelines,
            observations=[*self.observations, *other.observations],
            benchmarks=[*self.benchmarks, *other.benchmarks],
            quality=other.quality or self.quality,
        )


def field_names() -> set[str]:
    """Every key that some entry of a catalog may have."""
    return {name for model in _Model.__subclasses__() for name in model.model_fields}
