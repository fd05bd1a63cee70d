"""What a name means in a catalog: a model, a component, files, a source."""

from dataclasses import dataclass

from fitplan.catalog import Catalog, PublishedFile
from fitplan.errors import FitplanError, unknown_name


@dataclass(frozen=True, slots=True)
class Named:
    """Everything that goes by one name; a model and its denoiser often share theirs."""

    pipelines: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    files: tuple[PublishedFile, ...] = ()
    sources: tuple[str, ...] = ()


def found_as(catalog: Catalog, name: str) -> Named:
    """What `name` means: ids first, then models by name. Raises FitplanError (unknown-name)."""
    wanted = name.strip()
    if "/" in wanted:
        return Named(files=_files(catalog, wanted))
    file, id = catalog.file, wanted.casefold()
    exact = Named(
        pipelines=(id,) if id in file.pipelines else (),
        components=(id,) if id in file.components else (),
        sources=(id,) if id in file.sources else (),
    )
    if exact != Named():
        return exact
    called = [key for key, value in file.components.items() if value.name.casefold() == id]
    try:
        return Named(pipelines=tuple(catalog.pipeline_ids(name)), components=tuple(called))
    except FitplanError:
        if called:
            return Named(components=tuple(called))
        known = list({**file.pipelines, **file.components, **file.sources})
        raise unknown_name("model, component or source", name, known) from None


def _files(catalog: Catalog, name: str) -> tuple[PublishedFile, ...]:
    """The files called COMPONENT/PUBLISHER/QUANT, COMPONENT/QUANT or COMPONENT/PUBLISHER."""
    component, _, rest = name.partition("/")
    known = catalog.file.components
    if component not in known:
        raise unknown_name("component", component, list(known))
    files = catalog.files(component)
    words = [word.casefold() for word in rest.split("/")]
    found = tuple(
        file
        for file in files
        if words == [file.publisher.casefold(), file.quant.casefold()]
        or (len(words) == 1 and words[0] in (file.publisher.casefold(), file.quant.casefold()))
    )
    if not found:
        names = [f"{file.publisher}/{file.quant}" for file in files]
        raise unknown_name(f"file of {component}", rest, names)
    return found
