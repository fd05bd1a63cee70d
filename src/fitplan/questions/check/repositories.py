"""Rules on repositories and file names: they are the component's, and the quantization's."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from fitplan.accounting.quantization import QUANT_NAMES
from fitplan.accounting.weights import Container
from fitplan.catalog.problems import Loc
from fitplan.catalog.schema import Component, Release
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Site, Subject
from fitplan.questions.check.words import Vocabulary, pipelines_named, vocabulary, words_of

HUB = "huggingface.co"
_ENDINGS = {Container.GGUF: (".gguf",), Container.SAFETENSORS: (".safetensors", ".sft")}
_IN_FOLDERS = ("diffusion_pytorch_model", "model.safetensors", "model.fp16", "model-00001")
"""How files in diffusers folders are called."""
_FP8 = frozenset({"FP8_E4M3", "FP8_E5M2", "FP8_SCALED"})
_INT8 = frozenset({"INT8_BNB", "INT8_TENSORWISE", "INT8_CONVROT"})
_SPOKEN: tuple[tuple[str, frozenset[str]], ...] = (
    (r"(?:fp8|float8)(?=.*scaled)|scaled[-_]fp8", frozenset({"FP8_SCALED"})),
    (r"fp8|float8", _FP8),
    (r"bf16|bfloat16", frozenset({"BF16"})),
    (r"fp16|float16|f16", frozenset({"F16"})),
    (r"fp32|float32|f32", frozenset({"F32"})),
    (r"nf4", frozenset({"NF4_BNB"})),
    (r"int8[-_]convrot", frozenset({"INT8_CONVROT"})),
    (r"int8", _INT8),
    (r"svdq|int4", frozenset({"INT4_SVDQ"})),
    *((name.casefold(), frozenset({name})) for name in QUANT_NAMES if "Q" in name or "FP4" in name),
)
_QUANTS = tuple(
    (re.compile(rf"(?<![a-z0-9])(?:{spelling})(?![a-z0-9])"), quants)
    for spelling, quants in sorted(_SPOKEN, key=lambda item: -len(item[0]))
)


def foreign_files(subject: Subject) -> Iterator[Hit]:
    """Releases whose repository or file name is another component's."""
    words = {
        kind: vocabulary(subject.known.components, kind) for kind in ("denoiser", "encoder", "vae")
    }
    for id, component in subject.file.components.items():
        known = words.get(component.kind, Vocabulary({}))
        for r, release in enumerate(component.releases) if id in known.names else ():
            yield from _foreign(subject, known, ("components", id, "releases", r), release)


def _foreign(subject: Subject, known: Vocabulary, loc: Loc, release: Release) -> Iterator[Hit]:
    id = str(loc[1])
    repository = _repository(release.url or "")
    bundle = pipelines_named(subject.known, words_of(repository))
    kind = subject.known.components[id].kind
    names = [((*loc, "file"), release.file)]
    names += [((*loc, "variants", v, "file"), x.file) for v, x in enumerate(release.variants)]
    for place, name in names:
        closer = known.closer(id, words_of(name)) if name else ""
        if closer:
            yield place, f"a file of {id}, but {name} names {closer}", "check component and file"
    if kind == "denoiser" or not bundle:
        closer = known.closer(id, words_of(repository))
        if release.format is not Container.GGUF:  # a repository of GGUFs is one model's
            files = (release.file, *(variant.file for variant in release.variants))
            text = words_of(" ".join([repository, *filter(None, files)]))
            closer = closer and known.closer(id, text)
        if closer:
            message = f"a release of {id}, but {repository} names {closer}"
            yield (*loc, "url"), message, "check component and url"
    elif not any(_has_part(subject, pipeline, id) for pipeline in bundle):
        message = f"{repository} is {bundle[0]}'s, which has no {id}"
        yield (*loc, "url"), message, "check component and url"


def _repository(url: str) -> str:
    """`owner/name` of an address on the hub; "" elsewhere."""
    parts = urlsplit(url)
    names = [name for name in parts.path.split("/") if name]
    return "/".join(names[:2]) if parts.hostname == HUB else ""


def _has_part(subject: Subject, pipeline_id: str, component_id: str) -> bool:
    """Whether a pipeline, or another with its denoiser, has a component of these shapes."""
    components, pipelines = subject.known.components, subject.known.pipelines
    denoiser = pipelines[pipeline_id].denoiser
    names = {
        name
        for pipeline in pipelines.values()
        if pipeline.denoiser == denoiser
        for name in (denoiser, *pipeline.encoders, pipeline.vae)
    }
    wanted = components[component_id].architecture
    return any(components[name].architecture == wanted for name in names)


def misquantized_files(subject: Subject) -> Iterator[Hit]:
    """File names that speak of another quantization, in whatever spelling."""
    for site in subject.sites:
        pattern = site.variant.file or site.release.file or ""
        if "{quant}" in pattern:
            continue
        said = _spoken(pattern)
        if said and site.variant.quant not in said:
            message = f"{site.variant.quant}, but {pattern} says {' or '.join(sorted(said))}"
            yield _file_loc(site), message, "check quant and file"


def _spoken(name: str) -> frozenset[str]:
    """Quantizations that a file name speaks of; empty when of none."""
    text, said = name.casefold(), frozenset[str]()
    for pattern, quants in _QUANTS:
        if pattern.search(text):
            said |= quants
            text = pattern.sub(" ", text)
    return said


def _file_loc(site: Site) -> Loc:
    return (*(site.loc if site.variant.file else site.release_loc), "file")


def wrong_endings(subject: Subject) -> Iterator[Hit]:
    """File names without the ending of their format, and formats that a repository isn't of."""
    for id, component in subject.file.components.items():
        for loc, release, name in _file_names(id, component):
            endings = _ENDINGS.get(release.format, ())
            gguf = release.format is Container.GGUF
            if endings and not name.endswith(endings):
                message = f"{name} is not the name of a {release.format} file"
                yield loc, message, f"write its name, which ends in {endings[0]}"
            elif not endings and (name.endswith(".gguf") or _is_single(name)):
                yield loc, f"{name} is not in a {release.format}", "check file and format"
            elif endings and PurePosixPath(name).name.startswith(_IN_FOLDERS):
                message = f"{name} is in a folder, not a {release.format} file on its own"
                yield loc, message, "write format: folder"
            elif not gguf and "gguf" in words_of(_repository(release.url or "")):
                message = f"{release.format}, but {_repository(release.url or '')} holds GGUF files"
                yield loc, message, "check url and format"


def _is_single(name: str) -> bool:
    """Whether a file lies beside others of its repository, in no folder of its component."""
    alone = "/" not in name and not name.startswith(_IN_FOLDERS)
    return alone and name.endswith(_ENDINGS[Container.SAFETENSORS])


def _file_names(id: str, component: Component) -> Iterator[tuple[Loc, Release, str]]:
    for r, release in enumerate(component.releases):
        loc: Loc = ("components", id, "releases", r)
        if release.file:
            yield (*loc, "file"), release, release.file
        for v, variant in enumerate(release.variants):
            if variant.file:
                yield (*loc, "variants", v, "file"), release, variant.file


def repeated_files(subject: Subject) -> Iterator[Hit]:
    """The same file of the same repository twice."""
    seen: dict[tuple[str, str], Site] = {}
    for site in subject.sites:
        if site.release.url and site.file.file:
            name = PurePosixPath(site.file.file.casefold()).as_posix()
            first = seen.setdefault((site.release.url.casefold().rstrip("/"), name), site)
            of_one_release = first.release_loc == site.release_loc and not site.variant.file
            if first is not site and not of_one_release:
                message = f"{site.file.file} of {site.release.url} is {first.file.id} too"
                yield _file_loc(site), message, "check url and file of both"


def strange_repositories(subject: Subject) -> Iterator[Hit]:
    """Addresses on the hub that are no repository of models."""
    for id, component in subject.file.components.items():
        for r, release in enumerate(component.releases):
            parts = urlsplit(release.url or "")
            names = [name for name in parts.path.split("/") if name]
            strange = len(names) < 2 or names[0] in ("datasets", "spaces", "models")
            if parts.hostname == "github.com" and "releases" not in names:
                message = f"{release.url} is a repository of code"
                yield ("components", id, "releases", r, "url"), message, "where are the files?"
            if parts.hostname == HUB and strange:
                message = f"{release.url} is not a repository of models"
                cure = f"write https://{HUB}/owner/name"
                yield ("components", id, "releases", r, "url"), message, cure


def lost_files(subject: Subject) -> Iterator[Hit]:
    """Releases without the address that their publisher's others have, or without a file name."""
    with_address = {
        release.publisher
        for component in subject.known.components.values()
        for release in component.releases
        if release.url
    }
    for id, component in subject.file.components.items():
        for r, release in enumerate(component.releases):
            loc = ("components", id, "releases", r)
            if not release.url and release.publisher in with_address:
                message = f"no address of a release by {release.publisher}"
                yield loc, message, f"add url: https://{HUB}/{release.publisher}/…"
            named = release.file or all(variant.file for variant in release.variants)
            if release.url and not named:
                yield loc, f"no name of the files of {release.url}", "add file, with {quant} in it"


def foreign_recipes(subject: Subject) -> Iterator[Hit]:
    """Recipes that are called after another publisher, where this one has its own."""
    publishers = {
        release.publisher.casefold()
        for component in subject.known.components.values()
        for release in component.releases
    }
    for site in subject.sites:
        recipe = site.variant.recipe or site.release.recipe or ""
        own, recipes = site.release.publisher.casefold(), site.architecture.recipes
        has_own = own in recipes and site.variant.quant in recipes[own].quants
        if recipe != own and recipe in publishers and has_own:
            place = site.loc if site.variant.recipe else site.release_loc
            message = f"{site.release.publisher}'s file follows the recipe of {recipe}"
            yield (*place, "recipe"), message, f"did you mean {own}?"


RULES = (
    warning("file-component", "Repository and file are the component's.", foreign_files),
    warning("file-quant", "A file name speaks of its quantization.", misquantized_files),
    warning("file-ending", "A file's ending is its format's.", wrong_endings),
    error(
        "repeated-file", "No file of a repository is listed in the catalog twice.", repeated_files
    ),
    error("repository", "An address on the hub is a repository of models.", strange_repositories),
    warning("lost-file", "A release says where its files are.", lost_files),
    warning("foreign-recipe", "Files follow their publisher's recipe.", foreign_recipes),
)
