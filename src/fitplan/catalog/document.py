"""One catalog file as data in which every value knows its line and column. Read once, kept."""

from typing import Any

import yaml

from fitplan.catalog.problems import WHOLE_FILE, Loc, Place, Problem
from fitplan.catalog.yaml_pitfalls import BOOL, FLOAT, INT, silent_trap
from fitplan.machine import safe_yaml

_NUMBERS = frozenset({INT, BOOL, FLOAT})
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(safe_yaml.SafeLoader):
    """YAML that notes repeated keys and silent traps, and lets impossible dates stand as text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.problems: list[Problem] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self.problems.append(_repeated(key))
                seen.add(key.value)
                if value.tag in _NUMBERS:
                    self._note_trap(key, value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_day(self, node: yaml.ScalarNode) -> Any:
        """A date; an impossible one stays text, which the schema refuses where it stands."""
        try:
            return super().construct_yaml_timestamp(node)
        except (ValueError, AttributeError):
            return node.value

    def _note_trap(self, key: yaml.ScalarNode, value: yaml.ScalarNode) -> None:
        found = self.construct_object(value)
        trap = silent_trap(value)
        if trap:
            message, cure = f"{key.value}: {trap[0]}", trap[1]
            hint = f"found {found!r}; {cure}"
            self.problems.append(Problem("yaml-trap", (), message, hint, _at(key)))


_Loader.add_constructor(_TIMESTAMP, _Loader.construct_day)


class Document:
    """The text of one catalog file as data and nodes; `origin` names it in errors.

    `problems` are those of the YAML itself: syntax (then there is no data), repeated keys, traps.
    """

    def __init__(self, text: str, origin: str) -> None:
        self.text = text
        self.origin = origin
        self.problems: tuple[Problem, ...] = ()
        self.readable = True
        self.data: Any = None
        self._node: yaml.Node | None = None
        self._children: dict[int, dict[int | str, tuple[yaml.Node, yaml.Node]]] = {}
        self._read()

    def _read(self) -> None:
        try:
            safe_yaml.refuse_hostile(self.text, aliases=False)
            loader = _Loader(self.text)
            try:
                self._node = loader.get_single_node()
                self.data = None if self._node is None else loader.construct_document(self._node)
                self.problems = tuple(loader.problems)
            finally:
                loader.dispose()
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            self.readable = False
            self.problems = (_unreadable(error),)

    def place(self, problem: Problem) -> Place:
        """Line and column of a problem: of the deepest node on the way to its `loc`."""
        if problem.at is not None:
            return problem.at
        node = mark = self._node
        for step in problem.loc:
            child = self._child(node, step)
            if child is None:
                break
            mark, node = child
        return _at(mark) if mark else (1, 1)

    def scalar(self, loc: Loc) -> yaml.ScalarNode | None:
        """The scalar at `loc`, if there is one."""
        node = self._node
        for step in loc:
            child = self._child(node, step)
            if child is None:
                return None
            node = child[1]
        return node if isinstance(node, yaml.ScalarNode) else None

    def _child(self, node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
        children = self._children_of(node)
        return children.get(step) or children.get(str(step))

    def _children_of(self, node: yaml.Node | None) -> dict[int | str, tuple[yaml.Node, yaml.Node]]:
        """Key or index → the node to point at and the node to go on from."""
        known = self._children.get(id(node))
        if known is None:
            known = self._children[id(node)] = _children(node)
        return known


def _children(node: yaml.Node | None) -> dict[int | str, tuple[yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        return {i: (item, item) for i, item in enumerate(node.value)}
    if isinstance(node, yaml.MappingNode):
        scalars = ((k, v) for k, v in node.value if isinstance(k, yaml.ScalarNode))
        children: dict[int | str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in scalars:
            children.setdefault(key.value, (key, value))
        return children
    return {}


def _at(node: yaml.Node) -> Place:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _repeated(key: yaml.ScalarNode) -> Problem:
    message = f"duplicate key {key.value!r}"
    return Problem(
        "duplicate-key", (), message, "fix the YAML: remove one of the two keys", _at(key)
    )


def _unreadable(error: Exception) -> Problem:
    if isinstance(error, yaml.YAMLError):
        place, message = safe_yaml.explain(error)
        if place:
            return Problem("yaml-syntax", (), message, "fix the YAML there", place)
    else:
        message = str(error)
    what = f"not YAML that a catalog can be made of: {message}"
    return Problem("yaml-syntax", (), what, "fix the YAML", WHOLE_FILE)
