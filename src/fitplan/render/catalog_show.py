"""All facts of a model, component, file or source: rich text and a JSON document."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.runtime import Runtime
from fitplan.catalog import Catalog, PublishedFile
from fitplan.planning.candidates import Candidates
from fitplan.questions.edit.show import Named
from fitplan.render.documents.catalog import (
    CatalogShowDocument,
    ComponentFacts,
    FileFacts,
    ModelFacts,
    NamedSourceFacts,
    SourceFacts,
)
from fitplan.render.rich_tables import bare_table
from fitplan.render.text import printable
from fitplan.units import GB

Facts = dict[str, Any]


def show_document(
    catalog: Catalog, found: Named, runtimes: Sequence[Runtime]
) -> CatalogShowDocument:
    """`fitplan.catalog-show/1`."""
    return {
        "schema": "fitplan.catalog-show/1",
        "models": [_model(catalog, id, runtimes) for id in found.pipelines],
        "components": [_component(catalog, id) for id in found.components],
        "files": [_file(file) for file in found.files],
        "sources": [_source(catalog, id) for id in found.sources],
    }


def _model(catalog: Catalog, id: str, runtimes: Sequence[Runtime]) -> ModelFacts:
    file = catalog.file
    pipeline = file.pipelines[id].model_dump()
    elo = pipeline["elo"]
    facts = {
        "id": id,
        **pipeline,
        "runs_in": [r.spec for r in runtimes if Candidates(catalog, r).loads(id)],
        "elo": elo and {**elo, "source": _source(catalog, elo["source"])},
        "observations": [
            {**seen.model_dump(mode="json"), "source": _source(catalog, seen.source)}
            for seen in file.observations
            if seen.pipeline == id
        ],
        "benchmarks": [
            {**seen.model_dump(mode="json"), "source": _source(catalog, seen.source)}
            for seen in file.benchmarks
            if seen.model == id
        ],
    }
    return cast("ModelFacts", facts)


def _component(catalog: Catalog, id: str) -> ComponentFacts:
    component = catalog.file.components[id]
    shapes = catalog.file.architectures[component.architecture]
    pipelines = catalog.file.pipelines.items()
    return {
        "id": id,
        "name": component.name,
        "kind": component.kind,
        "architecture": component.architecture,
        "family": shapes.family,
        "parameters": shapes.parameters,
        "hidden_size": shapes.hidden_size or None,
        "models": [key for key, p in pipelines if id in (p.denoiser, *p.encoders, p.vae)],
        "files": [_file(file) for file in catalog.files(id)],
    }


def _file(file: PublishedFile) -> FileFacts:
    weights, error = file.weights, file.rel_error
    groups: dict[str, dict[str, int]] = {}
    for group in weights.groups:
        groups.setdefault(group.role.value, {})[group.type] = group.elements
    return {
        "id": file.id,
        "quant": file.quant,
        "publisher": file.publisher,
        "format": weights.container.value,
        "file": file.file,
        "url": file.url,
        "file_bytes": weights.file_bytes,
        "tensor_bytes": weights.tensor_bytes,
        "basis": file.basis,
        "rel_error": None if error is None else round(error, 4),
        "cache_error_bytes": file.cache_error_bytes,
        "confidence": file.confidence,
        "weights": groups,
        "source": cast("SourceFacts", file.source.model_dump()),
        "note": file.note,
    }


def _source(catalog: Catalog, id: str) -> NamedSourceFacts:
    return {"id": id, **cast("SourceFacts", catalog.file.sources[id].model_dump())}


def show_table(catalog: Catalog, found: Named, runtimes: Sequence[Runtime]) -> RenderableType:
    """Everything that a name means, one block after another."""
    document = cast("Facts", show_document(catalog, found, runtimes))
    parts: list[RenderableType] = []
    for kind in ("models", "components", "files", "sources"):
        for facts in document[kind]:
            parts += [Text(""), *_block(kind, facts)]
    return Group(*parts[1:])


def _block(kind: str, facts: Facts) -> Iterator[RenderableType]:
    title = facts.get("name") or facts["id"]
    yield Text(printable(f"{kind[:-1]} {title}"), style="bold")
    files = facts.get("files", [])
    yield _grid({name: v for name, v in facts.items() if name not in ("files", "name")})
    if files:
        yield Text("")
        yield _files(files)
        yield from _sources_of(files)


def _grid(facts: Facts) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        say = _SAID.get(name)
        for item in value if say else [value]:
            if item not in (None, "", 0, [], {}):
                label = name.removesuffix("s") if say else name.replace("_", " ")
                table.add_row(label, Text(printable(say(item) if say else _said(item))))
    return table


def _observation(seen: Facts) -> str:
    pair = f"{seen['denoiser']} + {seen['encoder']}"
    usage = f"{seen['cache_gib']} GiB in {seen['runtime']}"
    return f"{pair}: {usage} ({seen['source']['id']}, {seen['date']})"


def _benchmark(seen: Facts) -> str:
    files = seen["variants"]
    pair = " + ".join(name for name in (files["denoiser"], files["encoder"]) if name)
    per_image, per_forward = seen["seconds"], seen["seconds_per_forward"]
    time = f"{per_image} s an image" if per_image else f"{per_forward} s a forward"
    steps = f", {seen['steps']} steps" if seen["steps"] else ""
    where = f"{seen['engine']}, {seen['gpu']}, {seen['size']}{steps}"
    return f"{pair}: {time} in {where} ({seen['source']['id']}, {seen['date']})"


_SAID: dict[str, Callable[[Facts], str]] = {
    "observations": _observation,
    "benchmarks": _benchmark,
}
"""Lists whose items get a line each."""


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, dict):
        if "title" in value:
            return " ".join(str(value[key]) for key in ("title", "url", "as_of") if value.get(key))
        told = (f"{key} {_said(inner)}" for key, inner in value.items() if inner is not None)
        return "; ".join(told)
    return f"{value:,}" if isinstance(value, int) and value > 9999 else str(value)


def _files(files: list[Facts]) -> Table:
    table = bare_table()
    for heading in ("Quant", "Publisher", "Format", "GB", "Bytes", "Basis", "Error", "Source"):
        right = heading in ("GB", "Bytes", "Error", "Source")
        table.add_column(
            heading, justify="right" if right else "left", no_wrap=heading != "Publisher"
        )
    numbers = _numbered(files)
    for file in files:
        error = "?" if file["rel_error"] is None else f"{file['rel_error']:.4f}"
        table.add_row(
            *(printable(file[key]) for key in ("quant", "publisher", "format")),
            f"{file['file_bytes'] / GB:.2f}",
            f"{file['file_bytes']:,}",
            file["basis"],
            error,
            f"[{numbers[file['source']['title']]}]",
        )
    return table


def _numbered(files: list[Facts]) -> dict[str, int]:
    titles = dict.fromkeys(file["source"]["title"] for file in files)
    return {title: number for number, title in enumerate(titles, 1)}


def _sources_of(files: list[Facts]) -> Iterator[Text]:
    sources = {file["source"]["title"]: file["source"] for file in files}
    for title, number in _numbered(files).items():
        yield Text(f"[{number}] {printable(_said(sources[title]))}", style="dim")
