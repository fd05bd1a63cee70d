"""Read catalog files: YAML with places, so that every mistake names its file, line and column."""

import re
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fitplan.catalog.lookup import Catalog
from fitplan.catalog.references import broken_references
from fitplan.catalog.schema import CatalogFile, field_names
from fitplan.errors import FitplanError, catalog_error, file_error

MAX_BYTES = 32 * 2**20
"""No catalog is larger; a larger file is something else."""

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
"""No catalog nests deeper."""

_BRACKET = re.compile(r"[\[\]{}]")
_DEEP = re.compile(rf"(?m)^ {{{MAX_DEPTH * 4}}}|(?:[-?:]\s+){{{MAX_DEPTH}}}")
_ALIAS = re.compile(r"""(?m)(?:^|[\s\[{,:-])[&*][^\s\[\]{},]+""")


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML in which a repeated key is an error, not a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands here a second time",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def shipped_path() -> Path:
    """The catalog that comes with fitplan: in the wheel, else in an editable checkout."""
    packaged = Path(str(resources.files("fitplan"))) / "models.yaml"
    checkout = Path(__file__).parents[3] / "models.yaml"
    return packaged if packaged.exists() else checkout


def load(*paths: Path) -> Catalog:
    """Read, validate and link catalog files; entries of later ones replace those of the same id.

    Raises FitplanError: kind `file` when one can't be read, kind `catalog` (with line and column)
    when one is wrong.
    """
    merged = CatalogFile(version=1)
    for path in paths:
        merged = _overlay(merged, _read(path), str(path))
    return Catalog(merged)


def parse(text: str, origin: str = "catalog") -> Catalog:
    """Validate and link the text of one catalog; `origin` names it in errors."""
    return Catalog(_overlay(CatalogFile(version=1), text, origin))


def _overlay(base: CatalogFile, text: str, origin: str) -> CatalogFile:
    data = _construct(text, origin)
    try:
        file = CatalogFile.model_validate(data)
    except ValidationError as error:
        raise _validation_error(text, origin, error) from None
    merged = base.overlaid(file)
    for place, message, hint in broken_references(file, merged):
        raise catalog_error(f"{origin}:{_place(text, place)} {message}", hint)
    return merged


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise file_error(
            f"{path}: {error.strerror or error}", "name a readable catalog file"
        ) from None
    if len(content) > MAX_BYTES:
        raise file_error(f"{path}: larger than {MAX_BYTES // 2**20} MiB", "this is no catalog")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise catalog_error(
            f"{path}: no UTF-8 text at byte {error.start}", "save it as UTF-8"
        ) from None


def _construct(text: str, origin: str) -> Any:
    try:
        _refuse_depth(text)
        _refuse_aliases(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        raise catalog_error(f"{origin}:{place} {error.problem}", "mend the YAML there") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = str(error).splitlines()[0]
        raise catalog_error(f"{origin}: not YAML that a catalog can be made of: {line}") from None


def _refuse_depth(text: str) -> None:
    """libyaml's composer recurses without a limit and would take the process down."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH or _DEEP.search(text):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def _refuse_aliases(text: str) -> None:
    """Anchors and aliases can blow a small file up without bound; a catalog needs none."""
    if not _ALIAS.search(text):
        return
    for token in yaml.scan(text, Loader=_SafeLoader):
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not used in a catalog",
                problem_mark=token.start_mark,
            )


def _validation_error(text: str, origin: str, error: ValidationError) -> FitplanError:
    details = error.errors(include_url=False)
    first = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    path = ".".join(str(part) for part in first["loc"])
    message = f"{origin}:{_place(text, first['loc'])} {path or 'catalog'}: {_explain(first)}{more}"
    return catalog_error(message, _cure(first))


def _explain(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown key"
    if detail["type"] == "missing":
        return "missing"
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _cure(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return _nearest_key(str(detail["loc"][-1]))
        case "missing":
            return "add it"
        case _:
            return f"found {_shorten(detail['input'])}"


def _nearest_key(key: str) -> str:
    near = get_close_matches(key, sorted(field_names()), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else "remove it"


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _place(text: str, loc: tuple[int | str, ...]) -> str:
    """Line and column of the node at `loc`; the deepest one that exists."""
    node = yaml.compose(text, Loader=_SafeLoader)
    mark = node.start_mark if node else None
    for step in loc:
        child = _child(node, step)
        if child is None:
            break
        mark, node = child
    return f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Mark, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark, value
    return None
