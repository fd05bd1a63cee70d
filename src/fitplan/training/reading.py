"""Read the training data that is shipped with fitplan, checked like a catalog."""

from functools import cache
from importlib import resources

import yaml
from pydantic import ValidationError

from fitplan.errors import catalog_error, unknown_name
from fitplan.training.schema import TrainingFile

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def shipped() -> TrainingFile:
    """The data in the package."""
    file = resources.files("fitplan") / "data" / "training.yaml"
    return parse(file.read_text(encoding="utf-8"))


def parse(text: str) -> TrainingFile:
    """Validate the text of a training file.

    Raises FitplanError (catalog) for unknown keys, wrong types and names that lead nowhere.
    """
    try:
        file = TrainingFile.model_validate(yaml.load(text, Loader=_LOADER))  # noqa: S506
    except yaml.YAMLError as error:
        raise catalog_error(f"training.yaml: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise catalog_error(f"training.yaml: {place}: {first['msg']}") from None
    _check_references(file)
    return file


def _check_references(file: TrainingFile) -> None:
    parts = (file.vram, file.ram, file.seconds, file.claims, file.offload)
    names = [("source", part.source, list(file.sources)) for part in (*parts, *file.measured)]
    names += [
        ("architecture", entry.architecture, list(file.architectures))
        for entry in file.pipelines.values()
    ]
    names += [("pipeline", row.pipeline, list(file.pipelines)) for row in file.measured]
    for what, name, known in names:
        if name not in known:
            error = unknown_name(what, name, known)
            raise catalog_error(f"training.yaml: {error.message}", error.hint)
    for id, architecture in file.architectures.items():
        swap, groups = architecture.swap, list(architecture.blocks)
        if swap.kind == "even" and swap.group not in groups:
            raise catalog_error(f"training.yaml: {id} has no blocks {swap.group!r}")
        if swap.kind == "uneven" and any(len(s) != len(groups) for s in swap.steps.values()):
            raise catalog_error(f"training.yaml: {id}: a swap step says one number per group")
