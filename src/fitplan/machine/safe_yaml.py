"""YAML that anybody may have written: every text is data, or a YAMLError that says where and why.

PyYAML's safe loader runs no code, but it raises whatever a constructor raises (`!!int ""` is an
IndexError), recurses as deep as the text is nested, and multiplies merge keys without a bound.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

MAX_DEPTH = 100
"""No catalog and no settings file nests deeper."""
MAX_NUMBER = 100
"""Characters a number may have."""
MAX_MERGED = 10_000
"""Entries a mapping may get through merge keys."""
MAX_ALIASES = 1_000

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
MAP, SEQ, STR = f"{_TAG}map", f"{_TAG}seq", f"{_TAG}str"
_NUMBERS = frozenset({f"{_TAG}int", f"{_TAG}float"})

Place = tuple[int, int]
"""Line and column, both from 1."""


class SafeLoader(_SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, which raises no error but YAMLError while it constructs."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put what merge keys name into the mapping, up to a limit."""
        own = len(node.value)
        super().flatten_mapping(node)
        if len(node.value) > own + MAX_MERGED:
            raise error(f"merge keys make over {MAX_MERGED} entries", node.start_mark)


def _guarded(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`construct` for one scalar, any failure of which is an error at the scalar's place."""

    def guarded(loader: Any, node: yaml.Node) -> Any:
        if node.tag in _NUMBERS and len(node.value) > MAX_NUMBER:
            message = f"a number of {len(node.value)} characters; {MAX_NUMBER} are allowed"
            raise error(message, node.start_mark)
        try:
            return construct(loader, node)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            raise error(f"invalid {tag_name(node)} {shown(node)}", node.start_mark) from None

    return guarded


_CONSTRUCTOR = SafeConstructor()
_READERS = {
    f"{_TAG}{name}": _guarded(SafeConstructor.yaml_constructors[f"{_TAG}{name}"])
    for name in ("null", "bool", "int", "float", "binary", "timestamp", "str")
}
for _tag, _read in _READERS.items():
    SafeLoader.add_constructor(_tag, _read)
_LOOKS: dict[str, list[tuple[str, re.Pattern[str]]]] = Resolver.yaml_implicit_resolvers
"""First character of a plain scalar → what it may be, and the pattern of that."""


def tag_of(text: str) -> str:
    """What a plain scalar is by its looks."""
    for tag, pattern in _LOOKS.get(text[:1], ()):
        if pattern.match(text):
            return tag
    return STR


def scalar_data(node: yaml.ScalarNode) -> Any:
    """What a scalar says. Raises yaml.YAMLError when it is nothing that its tag allows."""
    if node.tag not in _READERS:
        raise unknown_tag(node.tag, node.start_mark)
    return _READERS[node.tag](_CONSTRUCTOR, node)


def tag_name(node: yaml.Node) -> str:
    """The node's tag as people write it: `!!int`."""
    return str(node.tag).replace(_TAG, "!!")


def shown(node: yaml.Node) -> str:
    """The start of a scalar's text, quoted."""
    text = str(node.value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def load(text: str) -> Any:
    """The one document in `text` as data. Raises yaml.YAMLError and nothing else."""
    refuse_hostile(text)
    loader = SafeLoader(text)
    try:
        return loader.get_single_data()
    except (ValueError, RecursionError) as error:
        raise yaml.YAMLError(str(error)) from None
    finally:
        loader.dispose()


def compose(text: str) -> yaml.Node | None:
    """The nodes of the one document in `text`. Raises yaml.YAMLError and nothing else."""
    refuse_hostile(text)
    try:
        return yaml.compose(text, Loader=_SafeLoader)
    except (ValueError, RecursionError) as error:
        raise yaml.YAMLError(str(error)) from None


def has_aliases(text: str) -> bool:
    """Whether a text of YAML has anchors or aliases. Raises yaml.YAMLError and nothing else."""
    refuse_hostile(text)
    return any(getattr(event, "anchor", None) for event in yaml.parse(text, Loader=_SafeLoader))


def refuse_hostile(text: str) -> None:
    """Go through the events of `text`: composing it recurses and would take the process down.

    Raises yaml.YAMLError for text that is not YAML, nests too deep or has too many aliases.
    """
    depth = named = 0
    try:
        for event in yaml.parse(text, Loader=_SafeLoader):
            depth += _STEPS.get(type(event), 0)
            named += getattr(event, "anchor", None) is not None
            if depth > MAX_DEPTH:
                raise error(f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
            if named > MAX_ALIASES:
                raise error(f"over {MAX_ALIASES} anchors and aliases", event.start_mark)
    except ValueError as cause:
        raise yaml.YAMLError(str(cause)) from None


_STEPS = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}
"""What an event does to the depth."""


def unknown_tag(tag: str, mark: Any) -> yaml.MarkedYAMLError:
    """The error for a tag that means nothing where it stands."""
    return error(f"could not determine a constructor for the tag {tag!r}", mark)


def error(message: str, mark: Any) -> yaml.MarkedYAMLError:
    """An error that stands at `mark`."""
    return yaml.MarkedYAMLError(problem=message, problem_mark=mark)


def explain(error: yaml.YAMLError) -> tuple[Place | None, str]:
    """Where an error is (None: no single place) and what it says, in one line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or "invalid YAML"
        return (mark.line + 1, mark.column + 1) if mark else None, message.splitlines()[0]
    lines = str(error).splitlines()
    return None, lines[0] if lines else "invalid YAML"
