"""Rules on pipelines: their denoiser, text encoders and VAE are those of their family."""

from collections import Counter
from collections.abc import Iterator

from fitplan.accounting.weights import Container
from fitplan.catalog import Pipeline
from fitplan.catalog.problems import Loc
from fitplan.catalog.schema import Architecture
from fitplan.questions.check.families import PARTS, families_of, text_widths
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Subject
from fitplan.questions.check.words import Words, vocabulary, words_of


def strange_parts(subject: Subject) -> Iterator[Hit]:
    """Text encoders and VAEs of another family, in another number or order, or twice."""
    for id, pipeline in subject.file.pipelines.items():
        parts = PARTS.get(_architecture(subject, pipeline.denoiser).family)
        if parts and _kinds_fit(subject, pipeline):
            yield from _strange_encoders(subject, id, pipeline)
            vae = _architecture(subject, pipeline.vae).family
            if vae not in parts.vae:
                message = f"the VAE {pipeline.vae} is of the family {vae}"
                wanted = _listed(parts.vae)
                yield ("pipelines", id, "vae"), message, f"name a VAE of the family {wanted}"


def _strange_encoders(subject: Subject, id: str, pipeline: Pipeline) -> Iterator[Hit]:
    denoiser = _architecture(subject, pipeline.denoiser)
    wanted = PARTS[denoiser.family].encoders
    families = [_architecture(subject, name).family for name in pipeline.encoders]
    loc: Loc = ("pipelines", id, "encoders")
    fits = len(families) == len(wanted) and all(
        family in allowed for family, allowed in zip(families, wanted, strict=True)
    )
    if not fits:
        message = f"text encoders of the families {_listed(families)} with {denoiser.family}"
        cure = f"name encoders of the families {_listed([' or '.join(w) for w in wanted])}"
        yield loc, message, f"{cure}, in this order"
        return
    yield from _from_folders(subject, id, pipeline)
    id_of = subject.known.components[pipeline.denoiser].architecture
    widths = text_widths(id_of, denoiser.family)
    first = pipeline.encoders[0]
    width = _architecture(subject, first).hidden_size
    if widths and width and width not in widths:
        message = f"{first} is {width} wide, but {pipeline.denoiser} does not read text of it"
        read = " or ".join(f"{n}" for n in sorted(widths))
        yield (*loc, 0), message, f"name an encoder with the width {read}"


def _from_folders(subject: Subject, id: str, pipeline: Pipeline) -> Iterator[Hit]:
    """Encoders of another model's folder, where a family loads its encoders alone."""
    if PARTS[_architecture(subject, pipeline.denoiser).family].from_folder:
        return
    for i, name in enumerate(pipeline.encoders):
        releases = subject.known.components[name].releases
        if all(release.part_of and release.format is Container.FOLDER for release in releases):
            message = f"{name} is part of the folder of {releases[0].part_of}"
            yield ("pipelines", id, "encoders", i), message, "name a standalone encoder"


def _architecture(subject: Subject, component_id: str) -> Architecture:
    return subject.known.architectures[subject.known.components[component_id].architecture]


def _kinds_fit(subject: Subject, pipeline: Pipeline) -> bool:
    components = subject.known.components
    kinds = [components[name].kind for name in (pipeline.denoiser, *pipeline.encoders)]
    wanted = ["denoiser", *("encoder" for _ in pipeline.encoders)]
    return kinds == wanted and components[pipeline.vae].kind == "vae"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)


def other_models(subject: Subject) -> Iterator[Hit]:
    """Pipelines with the denoiser of another model, or with a part that another model has."""
    denoisers = vocabulary(subject.known.components, "denoiser")
    for id, pipeline in subject.file.pipelines.items():
        if not _kinds_fit(subject, pipeline):
            continue
        closer = denoisers.closer(pipeline.denoiser, words_of(id))
        if closer and denoisers.closer(pipeline.denoiser, words_of(pipeline.name)):
            message = f"{pipeline.name!r} has the denoiser {pipeline.denoiser}"
            yield ("pipelines", id, "denoiser"), message, f"did you mean {closer}?"
        for loc, name in _replaceable(pipeline):
            yield from _namesake(subject, ("pipelines", id, *loc), pipeline, name)


def _replaceable(pipeline: Pipeline) -> Iterator[tuple[Loc, str]]:
    for i, name in enumerate(pipeline.encoders):
        yield ("encoders", i), name
    yield ("vae",), pipeline.vae


def _namesake(subject: Subject, loc: Loc, pipeline: Pipeline, name: str) -> Iterator[Hit]:
    """A part of the same family that is called after this model, or that its sisters have."""
    model, ours = words_of(f"{loc[1]} {pipeline.name}"), words_of(name)
    family = _architecture(subject, name).family
    parts = PARTS.get(_architecture(subject, pipeline.denoiser).family)
    allowed = parts.vae if parts and family in parts.vae else (family,)
    for other, component in subject.known.components.items():
        same_family = _architecture(subject, other).family in allowed
        if other == name or component.kind == "denoiser" or not same_family:
            continue
        theirs = words_of(other)
        called_after = (
            bool(theirs - ours) and theirs - ours <= model and not (ours - theirs) & model
        )
        other_family = _architecture(subject, other).family != family
        called_after = called_after and not (other_family and _is_shared(subject, loc, name))
        if called_after or _is_of_sisters(subject, loc, pipeline, name, other):
            message = f"{pipeline.name!r} has {name}, which is another model's"
            yield loc, message, f"did you mean {other}?"
            return


def _is_shared(subject: Subject, loc: Loc, name: str) -> bool:
    """Whether another pipeline has this part too."""
    others = (pipeline for id, pipeline in subject.known.pipelines.items() if id != loc[1])
    return any(name == part for pipeline in others for _, part in _replaceable(pipeline))


def _is_of_sisters(subject: Subject, loc: Loc, pipeline: Pipeline, name: str, other: str) -> bool:
    """Whether other models of the family have `other` and none has `name`, called after others."""
    family = _architecture(subject, pipeline.denoiser).family
    used = Counter(
        part
        for id, sister in subject.known.pipelines.items()
        if id != loc[1] and _architecture(subject, sister.denoiser).family == family
        for _, part in _replaceable(sister)
    )
    foreign = words_of(name) & _other_models(subject, family)
    return bool(used[other]) and not used[name] and bool(foreign)


def _other_models(subject: Subject, family: str) -> Words:
    """Words that only models of other families are called by."""
    own: set[str] = set()
    others: set[str] = set()
    for id, pipeline in subject.known.pipelines.items():
        same = _architecture(subject, pipeline.denoiser).family == family
        (own if same else others).update(words_of(id))
    return frozenset(others - own)


def strange_homes(subject: Subject) -> Iterator[Hit]:
    """`part_of` that isn't the family of a pipeline that uses the files, or where it is missing."""
    users = _users(subject)
    for id, component in subject.file.components.items():
        families = users.get(id, set())
        for r, release in enumerate(component.releases):
            loc, home = ("components", id, "releases", r), release.part_of
            if home is None:
                continue
            if home not in families_of("denoiser"):
                message = f"part_of {home}, which is not a family of denoisers"
                yield (*loc, "part_of"), message, f"write {_listed(sorted(families)) or 'sdxl'}"
            elif release.format is not Container.FOLDER:
                message = f"part_of {home} in the format {release.format}"
                yield (*loc, "part_of"), message, "only folders are part of a pipeline's folder"
            elif families and home not in families:
                message = f"part_of {home}, but only {_listed(sorted(families))} uses {id}"
                yield (*loc, "part_of"), message, "name a family that uses it"
        yield from _homeless(subject, id, families)


def _homeless(subject: Subject, id: str, families: set[str]) -> Iterator[Hit]:
    component = subject.file.components[id]
    clip = _architecture(subject, id).family.startswith("clip-")
    homes = {f for f in families if f in PARTS and PARTS[f].from_folder} if families else {""}
    for r, release in enumerate(component.releases):
        folder = release.format is Container.FOLDER
        if clip and homes == families and folder and not release.part_of:
            message = f"{id} is loaded with the folder of {_listed(sorted(homes))}"
            yield ("components", id, "releases", r), message, f"add part_of: {sorted(homes)[0]}"


def _users(subject: Subject) -> dict[str, set[str]]:
    """Component → the families of the denoisers it is paired with."""
    users: dict[str, set[str]] = {}
    for pipeline in subject.known.pipelines.values():
        family = _architecture(subject, pipeline.denoiser).family
        for _, name in _replaceable(pipeline):
            users.setdefault(name, set()).add(family)
    return users


RULES = (
    error("family-parts", "Encoders and VAE of a pipeline are of its family.", strange_parts),
    warning("other-model", "A pipeline has its own denoiser, encoders and VAE.", other_models),
    error("part-of", "part_of is the family of a pipeline that uses the files.", strange_homes),
)
