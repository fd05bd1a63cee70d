"""Rules on models and measurements: figures as a model of its kind, or its neighbours, have."""

from collections.abc import Iterator, Sequence
from statistics import median

from fitplan.catalog import Benchmark, Pipeline
from fitplan.catalog.schema import CatalogFile
from fitplan.questions.check.rule import Hit, warning
from fitplan.questions.check.subject import Subject
from fitplan.questions.check.words import words_of
from fitplan.timing.model import implied_share_of_peak
from fitplan.timing.operations import Size, operations
from fitplan.timing.reading import timing_data

ELO_APART = 195
"""Points between a model and its neighbours: base and distilled FLUX.2 Klein 4B are 105 apart."""
GENERATIONS_APART = 260
"""The same between generations: SDXL and SD 3.5 are 202 apart."""
RELATED = frozenset({"sd15", "sd2", "sdxl", "sd3"})
"""Families that are sisters: the generations of Stable Diffusion."""
MOST_DISTILLED = 12
"""Steps of models whose steps were distilled away: 1 to 8 are recommended."""
LEAST_WHOLE = 15
"""Steps of other models: 20 to 50 are recommended."""
MOST_WHOLE = 100
SHARES_APART = 4
"""Times that one program's share of one card's peak differs between models."""
MOST_ALIKE = 4
"""Times of one source, all with one program, from which another program is a slip."""
PIXELS = 8
"""Every VAE here makes a multiple of so many pixels."""
SLOWEST = 600
"""Seconds per forward; a card from the table takes some at most."""

_FEW = frozenset({"turbo", "schnell", "lightning", "lcm", "hyper", "flash"})
_WHOLE = frozenset({"base", "raw"})


def strange_steps(subject: Subject) -> Iterator[Hit]:
    """More steps than a distilled model takes, or fewer than another."""
    for id, pipeline in subject.file.pipelines.items():
        steps = pipeline.steps
        few = pipeline.distilled == "steps"
        least, most = (1, MOST_DISTILLED) if few else (LEAST_WHOLE, MOST_WHOLE)
        if steps and not least <= steps <= most:
            kind = "a model with distilled steps" if few else "a model without distilled steps"
            message = f"{steps} steps for {kind}"
            yield ("pipelines", id, "steps"), message, f"{least} to {most} are plausible"
    for i, timed in enumerate(subject.file.benchmarks):
        model = subject.known.pipelines[timed.model]
        if model.distilled == "steps" and (timed.steps or 0) > 2 * MOST_DISTILLED:
            message = f"{timed.steps} steps of {model.name}, whose steps are distilled away"
            yield ("benchmarks", i, "steps"), message, "check model and steps"


def strange_distillation(subject: Subject) -> Iterator[Hit]:
    """`distilled` against what the model's name, or its guidance embedder, says."""
    for id, pipeline in subject.file.pipelines.items():
        said = _distilled(subject, id, pipeline)
        if said and pipeline.distilled not in said:
            message = f"distilled: {pipeline.distilled}, but {pipeline.name} says otherwise"
            yield ("pipelines", id, "distilled"), message, f"did you mean {' or '.join(said)}?"


def _distilled(subject: Subject, id: str, pipeline: Pipeline) -> tuple[str, ...]:
    """What may have been distilled away, by the words of the name; () when they don't say."""
    words = words_of(f"{id} {pipeline.name}")
    architecture = subject.known.components[pipeline.denoiser].architecture
    family = subject.known.architectures[architecture].family
    if words & _FEW:
        return ("steps",)
    if words & _WHOLE:
        return ("no",)
    if family == "flux2":
        return ("steps",) if "klein" in words else ("guidance", "steps")
    if family == "flux1" and "schnell" not in words_of(architecture):
        return ("guidance", "steps")
    return () if family in ("flux1", "chroma", "hidream") else ("no", "steps")


def strange_ratings(subject: Subject) -> Iterator[Hit]:
    """Ratings far from those of the family, or, of the only one rated, from all others."""
    rated = {
        id: (pipeline.elo.value, _family(subject.known, pipeline))
        for id, pipeline in subject.known.pipelines.items()
        if pipeline.elo
    }
    for id, pipeline in subject.file.pipelines.items():
        if pipeline.elo is None:
            continue
        value, family = rated[id]
        loc = ("pipelines", id, "elo", "value")
        others = [elo for other, (elo, _) in rated.items() if other != id]
        related = RELATED if family in RELATED else {family}
        sisters = [elo for other, (elo, f) in rated.items() if other != id and f in related]
        apart = _distance(value, sisters, others)
        own = [other for other, (_, f) in rated.items() if other != id and f == family]
        if apart > (ELO_APART if own or not sisters else GENERATIONS_APART):
            message = f"Elo {value} is {apart} points from its neighbours"
            yield loc, message, "check the rating at the source"
        elif value in sisters:
            yield loc, f"Elo {value} is a sister model's too", "check the rating at the source"


def _distance(value: int, sisters: Sequence[int], others: Sequence[int]) -> int:
    """Points to the sisters' median, or to that of all others where no sister is rated."""
    near = sisters or others
    return abs(value - round(median(near))) if near else 0


def _family(file: CatalogFile, pipeline: Pipeline) -> str:
    return file.architectures[file.components[pipeline.denoiser].architecture].family


def strange_times(subject: Subject) -> Iterator[Hit]:
    """Times in another unit, of odd sizes, or unlike the same program's on the same card."""
    timed = [(i, b, _share(subject, b)) for i, b in enumerate(subject.file.benchmarks)]
    for i, seen, share in timed:
        loc = ("benchmarks", i)
        others = [s for j, b, s in timed if j != i and s and _alike(b, seen)]
        if share and len(others) > 1 and not _near(share, median(others)):
            message = f"{seen.stated_seconds:g} s is {share:.0%} of the card's peak, others "
            yield loc, f"{message}{median(others):.0%}", "check model, steps, size and seconds"
        engines = [b.engine.partition("@")[0] for j, b, _ in timed if j != i and _by_one(b, seen)]
        if len(engines) >= MOST_ALIKE and {*engines} != {seen.engine.partition("@")[0], *engines}:
            message = f"timed with {seen.engine}; the source's others with {engines[0]}"
            yield (*loc, "engine"), message, "check the engine and the source"
        if seen.forwards and seen.steps and seen.forwards % seen.steps:
            message = f"{seen.forwards} forwards of {seen.steps} steps"
            yield (*loc, "forwards"), message, "guidance doubles them: check both"
        if any(int(n) % PIXELS for n in seen.size.split("x")):
            yield (
                (*loc, "size"),
                f"{seen.size} is not a multiple of {PIXELS} pixels",
                "check the size",
            )
        if (seen.seconds_per_forward or 0) > SLOWEST:
            message = f"{seen.seconds_per_forward:g} seconds per forward"
            yield (*loc, "seconds_per_forward"), message, "write seconds, not milliseconds"
        if seen.rounding and seen.rounding > seen.stated_seconds / 2:
            message = f"rounded by {seen.rounding:g} s, at {seen.stated_seconds:g} s"
            yield (*loc, "rounding"), message, "check rounding and seconds"


def _near(share: float, usual: float) -> bool:
    return usual / SHARES_APART <= share <= usual * SHARES_APART


def _by_one(one: Benchmark, other: Benchmark) -> bool:
    """Whether two times have one source."""
    return one.source == other.source


def _alike(one: Benchmark, other: Benchmark) -> bool:
    """Whether two were timed with the same program on the same card."""
    return (one.gpu, one.engine) == (other.gpu, other.engine)


def _share(subject: Subject, timed: Benchmark) -> float | None:
    """Share of the card's peak that the time implies; None where nothing tells."""
    data = timing_data()
    denoiser = subject.known.pipelines[timed.model].denoiser
    dimensions = data.dimensions.get(subject.known.components[denoiser].architecture)
    gpu = next((gpu for gpu in data.gpus if gpu.name == timed.gpu), None)
    if dimensions is None or gpu is None:
        return None
    width, _, height = timed.size.partition("x")
    count = timed.all_forwards * operations(dimensions, Size(int(width), int(height)))
    return implied_share_of_peak(gpu, count, timed.stated_seconds)


RULES = (
    warning("steps", "Steps are as many as a model of its kind takes.", strange_steps),
    warning("distilled", "What was distilled away is what the name says.", strange_distillation),
    warning("elo", "A rating is near those of its neighbours.", strange_ratings),
    warning("benchmark-odd", "Times are as the same card's others.", strange_times),
)
