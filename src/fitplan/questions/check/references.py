"""Rules of reference: what an entry names exists, fits, and is used."""

from collections.abc import Iterator
from functools import cache

from fitplan import runtimes
from fitplan.accounting.quantization import quant_name
from fitplan.accounting.residency import Residency, Unsupported
from fitplan.accounting.runtime import Runtime
from fitplan.catalog import CatalogFile, Pipeline, PublishedFile
from fitplan.catalog.problems import Loc
from fitplan.catalog.schema import Component
from fitplan.errors import FitplanError, unknown_name
from fitplan.questions.check.families import families_of
from fitplan.questions.check.quants import strange_types
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Subject


@cache
def _runtimes() -> tuple[Runtime, ...]:
    return runtimes.newest()


def _nearest(what: str, name: str, known: list[str]) -> str:
    return unknown_name(what, name, known).hint


def unknown_files(subject: Subject) -> Iterator[Hit]:
    """Observations and benchmarks of files that are not in the catalog."""
    for loc, pipeline, denoiser, encoder in _measured(subject.file):
        parts = subject.known.pipelines[pipeline]
        yield from _unknown_file(subject, (*loc, "denoiser"), parts.denoiser, denoiser)
        if encoder is not None:
            yield from _unknown_file(subject, (*loc, "encoder"), parts.encoders[0], encoder)


def _measured(file: CatalogFile) -> Iterator[tuple[Loc, str, str, str | None]]:
    for i, seen in enumerate(file.observations):
        yield ("observations", i), seen.pipeline, seen.denoiser, seen.encoder
    for i, timed in enumerate(file.benchmarks):
        variants = timed.variants
        yield ("benchmarks", i, "variants"), timed.model, variants.denoiser, variants.encoder


def _unknown_file(subject: Subject, loc: Loc, component_id: str, name: str) -> Iterator[Hit]:
    files = subject.catalog.files(component_id)
    if not any(file.is_called(name) for file in files):
        known = [file.quant for file in files]
        if "/" in name:
            known = [f"{file.publisher}/{file.quant}" for file in files]
        folded = name.rpartition("/")[0] + "/" * ("/" in name) + quant_name(name.split("/")[-1])
        hint = f"did you mean {folded}?" if folded in known else _nearest("file", name, known)
        yield loc, f"{component_id} has no file {name!r}", hint


def unknown_runtimes(subject: Subject) -> Iterator[Hit]:
    """Observations with a runtime, and benchmarks with a program, that fitplan doesn't know."""
    for i, seen in enumerate(subject.file.observations):
        yield from _unknown_runtime(("observations", i, "runtime"), seen.runtime)
    programs = [program.name for program in runtimes.PROGRAMS]
    for i, timed in enumerate(subject.file.benchmarks):
        name = timed.engine.partition("@")[0]
        if name not in programs:
            hint = _nearest("program", name, programs)
            yield ("benchmarks", i, "engine"), f"no program is called {name!r}", hint
        elif "@" in timed.engine:
            yield from _unknown_runtime(("benchmarks", i, "engine"), timed.engine)


def _unknown_runtime(loc: Loc, spec: str) -> Iterator[Hit]:
    try:
        runtimes.find(spec)
    except FitplanError as problem:
        yield loc, problem.message, problem.hint


def strange_kinds(subject: Subject) -> Iterator[Hit]:
    """Components of another kind than the family of their architecture."""
    for id, component in subject.file.components.items():
        kind = _kind_of_family(subject, component)
        if component.kind not in (kind, "checkpoint"):
            message = f"{id} is of the kind {component.kind}, but its architecture is of a {kind}"
            yield ("components", id, "kind"), message, f"write {kind}, or another architecture"


def _kind_of_family(subject: Subject, component: Component) -> str:
    """The kind of the family of a component's architecture; of an unknown family, its own."""
    family = subject.known.architectures[component.architecture].family
    kinds = [kind for kind in ("denoiser", "encoder", "vae") if family in families_of(kind)]
    return kinds[0] if kinds else component.kind


def wrong_kinds(subject: Subject) -> Iterator[Hit]:
    """Pipelines whose denoiser, encoder or VAE is another kind of component."""
    for id, pipeline in subject.file.pipelines.items():
        for key, wanted, name in _parts(pipeline):
            component = subject.known.components[name]
            kind = component.kind
            mistaken = name in subject.file.components and wanted == _kind_of_family(
                subject, component
            )
            if kind != wanted and not mistaken:
                message = f"{name} is no {wanted}: its kind is {kind}"
                yield ("pipelines", id, *key), message, f"name a component of kind {wanted}"


def _parts(pipeline: Pipeline) -> Iterator[tuple[Loc, str, str]]:
    yield ("denoiser",), "denoiser", pipeline.denoiser
    for i, name in enumerate(pipeline.encoders):
        yield ("encoders", i), "encoder", name
    yield ("vae",), "vae", pipeline.vae


def unknown_families(subject: Subject) -> Iterator[Hit]:
    """Architectures of a family that no runtime has a rule for."""
    known = _families()
    for id, architecture in subject.file.architectures.items():
        if architecture.family not in known:
            message = f"no runtime has a rule for the family {architecture.family!r}"
            hint = _nearest("family", architecture.family, sorted(known))
            yield ("architectures", id, "family"), message, hint


@cache
def _families() -> frozenset[str]:
    return frozenset(rule.family for runtime in _runtimes() for rule in runtime.rules)


def unloadable_files(subject: Subject) -> Iterator[Hit]:
    """Variants that no runtime is known to load, though one knows the family."""
    for site in subject.sites:
        family = site.file.weights.family
        if family in _families() and not strange_types(site) and not _is_loadable(site.file):
            what = f"{family} {site.variant.quant} from {site.release.format}"
            known = "loads" if _is_refused(site.file) else "has rules for"
            yield site.loc, f"no runtime {known} {what}", "check format, quant and weights"


def _is_loadable(file: PublishedFile) -> bool:
    found = (runtime.residency(file.weights) for runtime in _runtimes())
    return any(isinstance(residency, Residency) for residency in found)


def _is_refused(file: PublishedFile) -> bool:
    """Whether every runtime is known not to load it."""
    found = (runtime.residency(file.weights) for runtime in _runtimes())
    return all(isinstance(residency, Unsupported) for residency in found)


def unloadable_pipelines(subject: Subject) -> Iterator[Hit]:
    """Pipelines whose parts are loaded by different runtimes, but all by none."""
    for id, pipeline in subject.file.pipelines.items():
        names = [name for _, _, name in _parts(pipeline)]
        each = all(any(map(_is_loadable, subject.catalog.files(name))) for name in names)
        if each and not any(_loads_all(subject, names, runtime) for runtime in _runtimes()):
            message = f"no runtime loads all parts of {id}"
            yield ("pipelines", id), message, "add a file that one of them loads"


def _loads_all(subject: Subject, names: list[str], runtime: Runtime) -> bool:
    return all(
        any(
            isinstance(runtime.residency(file.weights), Residency)
            for file in subject.catalog.files(name)
        )
        for name in names
    )


def orphans(subject: Subject) -> Iterator[Hit]:
    """Sources, architectures, recipes and components that are unused."""
    if not subject.complete:
        return
    used = _Used(subject.known)
    file = subject.file
    for id in file.sources:
        if id not in used.sources:
            yield ("sources", id), f"source {id} is unused", "remove it or use it"
    for id, architecture in file.architectures.items():
        if id not in used.architectures:
            message = f"no component has the architecture {id}"
            yield ("architectures", id), message, "remove it or use it"
            continue
        for recipe in architecture.recipes:
            if (id, recipe) not in used.recipes:
                message = f"no file follows the recipe {recipe} of {id}"
                yield ("architectures", id, "recipes", recipe), message, "remove it or use it"
    for id, component in file.components.items():
        if id not in used.components and component.kind != "checkpoint":
            yield ("components", id), f"no pipeline uses {id}", "remove it, or add its pipeline"


class _Used:
    """Every name that some entry refers to."""

    def __init__(self, file: CatalogFile) -> None:
        pipelines = file.pipelines.values()
        self.components = {name for p in pipelines for _, _, name in _parts(p)}
        self.architectures = {c.architecture for c in file.components.values()}
        variants = [
            (c, r, v) for c in file.components.values() for r in c.releases for v in r.variants
        ]
        self.recipes = {(c.architecture, v.recipe or r.recipe) for c, r, v in variants}
        self.sources = (
            {v.source or r.source for _, r, v in variants}
            | {r.source for _, r, _ in variants}
            | {p.elo.source for p in pipelines if p.elo}
            | {seen.source for seen in file.observations}
            | {timed.source for timed in file.benchmarks}
        )


def repeated_names(subject: Subject) -> Iterator[Hit]:
    """Two pipelines, or two components, that people couldn't tell apart by name."""
    for section in ("pipelines", "components"):
        known: dict[str, str] = {}
        for id, entry in getattr(subject.known, section).items():
            first = known.setdefault(entry.name.casefold(), id)
            if first != id and id in getattr(subject.file, section):
                message = f"{first} is called {entry.name!r} too"
                yield (section, id, "name"), message, "give it a name of its own"


_MEASURED = {"cache_gib", "seconds", "seconds_per_forward", "note", "rounding"}


def repeated_observations(subject: Subject) -> Iterator[Hit]:
    """The same measurement twice."""
    for section in ("observations", "benchmarks"):
        seen: set[str] = set()
        for i, entry in enumerate(getattr(subject.file, section)):
            key = entry.model_dump_json(exclude=_MEASURED)
            if key in seen:
                yield (section, i), "duplicate measurement", "remove one"
            seen.add(key)


RULES = (
    error("unknown-source", "Every source that is named is there."),
    error("unknown-architecture", "Every architecture that is named is there."),
    error("unknown-component", "Every component that is named is there."),
    error("unknown-pipeline", "Every pipeline that is named is there."),
    error("unknown-model", "Every model that was timed is there."),
    error("unknown-recipe", "Every recipe that is named is its architecture's."),
    error("unknown-quantization", "A recipe has every quantization that its files have."),
    error("unknown-tensor-type", "Every tensor type exists."),
    error("duplicate-file", "A component lists a publisher's file of one quantization once."),
    error("unknown-file", "Every file that was measured or timed is there.", unknown_files),
    error("unknown-runtime", "Every runtime that was measured is known.", unknown_runtimes),
    error("kind", "A component is of the kind of its family.", strange_kinds),
    error("wrong-kind", "Pipelines have a denoiser, encoders and a VAE as such.", wrong_kinds),
    warning("unknown-family", "Some runtime has a rule for every family.", unknown_families),
    warning("unloadable-file", "Some runtime loads every file.", unloadable_files),
    warning("unloadable-pipeline", "Some runtime loads all parts.", unloadable_pipelines),
    warning("orphan", "Everything is used by something.", orphans),
    warning("duplicate-name", "No two models have the same name.", repeated_names),
    warning("duplicate-measurement", "Measurements are unique.", repeated_observations),
)
