"""One catalog file as data in which every value knows its line and column. Read once, kept."""

import re
from typing import Any

import yaml

from fitplan.catalog.problems import WHOLE_FILE, Loc, Place, Problem
from fitplan.catalog.yaml_pitfalls import BOOL, FLOAT, INT, silent_trap

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
"""No catalog nests deeper."""

_BRACKET = re.compile(r"[\[\]{}]")
_DEEP = re.compile(rf"(?m)^ {{{MAX_DEPTH * 4}}}|(?:[-?:]\s+){{{MAX_DEPTH}}}")
_ALIAS = re.compile(r"""(?m)(?:^|[\s\[{,:-])[&*][^\s\[\]{},]+""")
_NUMBERS = frozenset({INT, BOOL, FLOAT})
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(_SafeLoader):  # type: ignore[misc]
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
        except ValueError:
            return node.value

    def _note_trap(self, key: yaml.ScalarNode, value: yaml.ScalarNode) -> None:
        trap = silent_trap(value)
        if trap:
            message, cure = f"{key.value}: {trap[0]}", trap[1]
            found = self.construct_object(value)
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
            _refuse_depth(self.text)
            _refuse_aliases(self.text)
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
    message = f"the key {key.value!r} stands here a second time"
    return Problem("duplicate-key", (), message, "mend the YAML there: remove one", _at(key))


def _unreadable(error: Exception) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Problem("yaml-syntax", (), str(error.problem), "mend the YAML there", place)
    line = str(error).splitlines()[0]
    message = f"not YAML that a catalog can be made of: {line}"
    return Problem("yaml-syntax", (), message, "mend the YAML", WHOLE_FILE)


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
