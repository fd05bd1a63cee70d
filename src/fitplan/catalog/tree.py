"""The data of a catalog's text and where each of them stands, made of YAML's events in one pass.

Places and texts are kept as plain numbers and strings: a node object for each of 400,000 keys and
values would take several times as long.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from fitplan.catalog.problems import Loc, Place, Problem
from fitplan.catalog.yaml_pitfalls import DATE, Trap, silent_trap
from fitplan.machine import safe_yaml

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLUMNS = 32
"""Bits of a place that are its column; the bits above them are its line."""
_PLAIN_INT = re.compile("0|[1-9][0-9]{,17}")
"""A number without another look."""


@dataclass(slots=True, eq=False)
class Branch:
    """A mapping or list; its steps are the keys as they are written, or indexes."""

    start: int
    data: Any
    """A dict (of a repeated key it has the last value) or a list."""
    places: dict[int | str, int] = field(default_factory=dict)
    """Step → where the key or item starts; of a repeated key, the first."""
    texts: dict[int | str, str] = field(default_factory=dict)
    """Step → the text of a single value."""
    explicit: set[int | str] = field(default_factory=set)
    """Steps to values in quotes or with a tag."""
    branches: dict[int | str, "Branch"] = field(default_factory=dict)
    """Step → the mapping or list there."""
    key: tuple[str, Any, int] | None = None
    """The key that waits for its value: text, data, place."""

    def kept(self, step: int | str) -> int | str | None:
        """`step` as it is kept here, if it is: keys that aren't strings by their text."""
        return next((kept for kept in (step, str(step)) if kept in self.places), None)


@dataclass(slots=True)
class Tree:
    """One document. Making it raises yaml.YAMLError for what no catalog can be made of."""

    text: str
    data: Any = None
    """What the document says, as strings, numbers, dates, lists and dicts."""
    root: Branch | None = None
    """None: the document is a single value, or there is none."""
    problems: list[Problem] = field(default_factory=list)
    """Repeated keys and values that YAML misreads silently, in the order of the text."""
    _open: list[Branch] = field(default_factory=list)
    _documents: int = 0

    def __post_init__(self) -> None:
        acts: dict[type[yaml.Event], Any] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: _refuse_name,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for event in yaml.parse(self.text, Loader=_PARSER):
                act = acts.get(type(event))
                if act is not None:
                    act(event)
        except ValueError as error:
            raise yaml.YAMLError(str(error)) from None

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise safe_yaml.error("but found another document", event.start_mark)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        _refuse_name(event)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", safe_yaml.MAP if is_mapping else safe_yaml.SEQ):
            raise safe_yaml.unknown_tag(event.tag, event.start_mark)
        branch = Branch(_packed(event.start_mark), {} if is_mapping else [])
        if self._open:
            step = self._put(branch.data, event)
            self._open[-1].branches.setdefault(step, branch)
        else:
            self.data, self.root = branch.data, branch
        self._open.append(branch)
        if len(self._open) > safe_yaml.MAX_DEPTH:
            message = f"nested deeper than {safe_yaml.MAX_DEPTH} levels"
            raise safe_yaml.error(message, event.start_mark)

    def _end(self, _: yaml.CollectionEndEvent) -> None:
        self._open.pop()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        _refuse_name(event)
        data, trap = _read(event)
        around = self._open[-1] if self._open else None
        if around is None:
            self.data = data
        elif around.key is None and type(around.data) is dict:
            around.key = (event.value, data, _packed(event.start_mark))
        else:
            if trap and around.key:
                self.problems.append(_misread(around.key, data, trap))
            step = self._put(data, event)
            around.texts.setdefault(step, event.value)
            if not event.implicit[0]:
                around.explicit.add(step)

    def _put(self, data: Any, event: yaml.NodeEvent) -> int | str:
        """Put a value into the innermost branch; the step that leads to it."""
        around = self._open[-1]
        if type(around.data) is list:
            step = len(around.data)
            around.data.append(data)
            around.places[step] = _packed(event.start_mark)
            return step
        if around.key is None:
            raise safe_yaml.error("a list or mapping stands as a key", event.start_mark)
        text, key, place = around.key
        around.key = None
        around.data[key] = data
        if text in around.places:
            self.problems.append(_repeated(text, place))
        else:
            around.places[text] = place
        return text

    def branch(self, loc: Loc) -> Branch | None:
        """The mapping or list at `loc`, if there is one."""
        found = self.root
        for step in loc:
            kept = None if found is None else found.kept(step)
            found = None if found is None or kept is None else found.branches.get(kept)
        return found

    def place(self, loc: Loc) -> Place:
        """Line and column of the deepest key or item on the way to `loc`."""
        branch = self.root
        packed = branch.start if branch else 0
        for step in loc:
            kept = branch.kept(step) if branch else None
            if branch is None or kept is None:
                break
            packed, branch = branch.places[kept], branch.branches.get(kept)
        return _unpacked(packed)

    def scalar(self, loc: Loc) -> yaml.ScalarNode | None:
        """The single value at `loc`, if there is one, without its place."""
        branch = self.branch(loc[:-1]) if loc else None
        kept = branch.kept(loc[-1]) if branch else None
        if branch is None or kept not in branch.texts:
            return None
        text, style = branch.texts[kept], '"' if kept in branch.explicit else None
        return yaml.ScalarNode(
            safe_yaml.STR if style else safe_yaml.tag_of(text), text, style=style
        )


def _packed(mark: Any) -> int:
    return int(mark.line << _COLUMNS | mark.column)


def _unpacked(place: int) -> Place:
    return (place >> _COLUMNS) + 1, (place & (1 << _COLUMNS) - 1) + 1


def _refuse_name(event: yaml.NodeEvent) -> None:
    if event.anchor is not None:
        raise safe_yaml.error("anchors and aliases are not used in a catalog", event.start_mark)


def _read(event: Any) -> tuple[Any, Trap | None]:
    """What a scalar says, and the trap that YAML has made a number of it without a word."""
    text: str = event.value
    if event.implicit[0]:
        if _PLAIN_INT.fullmatch(text):
            return int(text), None
        tag = safe_yaml.tag_of(text)
    else:
        tag = safe_yaml.STR if event.tag in (None, "!") else event.tag
    if tag == safe_yaml.STR:
        return text, None
    node = yaml.ScalarNode(tag, text, event.start_mark, event.end_mark)
    return _data(node), silent_trap(node)


def _data(node: yaml.ScalarNode) -> Any:
    """What a scalar says; an impossible date stays text, which the schema refuses where it is."""
    try:
        return safe_yaml.scalar_data(node)
    except yaml.YAMLError:
        if node.tag == DATE:
            return node.value
        raise


def _repeated(key: str, place: int) -> Problem:
    message = f"duplicate key {key!r}"
    cure = "fix the YAML: remove one of the two keys"
    return Problem("duplicate-key", (), message, cure, _unpacked(place))


def _misread(key: tuple[str, Any, int], found: Any, trap: Trap) -> Problem:
    message, hint = f"{key[0]}: {trap[0]}", f"found {found!r}; {trap[1]}"
    return Problem("yaml-trap", (), message, hint, _unpacked(key[2]))
