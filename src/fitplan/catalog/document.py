"""One catalog file as data in which every value knows its line and column. Read once, kept."""

from typing import Any

import yaml

from fitplan.catalog.problems import WHOLE_FILE, Loc, Place, Problem
from fitplan.catalog.tree import Tree
from fitplan.machine import safe_yaml


class Document:
    """The text of one catalog file as data; `origin` names it in errors.

    `problems` are those of the YAML itself: syntax (then there is no data), repeated keys, traps.
    """

    def __init__(self, text: str, origin: str) -> None:
        self.text = text
        self.origin = origin
        self.data: Any = None
        self._tree: Tree | None = None
        try:
            self._tree = Tree(text)
        except yaml.YAMLError as error:
            self.problems: tuple[Problem, ...] = (_unreadable(error),)
        else:
            self.data, self.problems = self._tree.data, tuple(self._tree.problems)

    @property
    def readable(self) -> bool:
        """Whether the text is YAML that a catalog can be made of."""
        return self._tree is not None

    def place(self, problem: Problem) -> Place:
        """Line and column of a problem: of the deepest value on the way to its `loc`."""
        if problem.at is not None:
            return problem.at
        return self._tree.place(problem.loc) if self._tree else (1, 1)

    def scalar(self, loc: Loc) -> yaml.ScalarNode | None:
        """The scalar at `loc`, if there is one."""
        return self._tree.scalar(loc) if self._tree else None


def _unreadable(error: yaml.YAMLError) -> Problem:
    place, message = safe_yaml.explain(error)
    if place:
        return Problem("yaml-syntax", (), message, "fix the YAML there", place)
    what = f"not YAML that a catalog can be made of: {message}"
    return Problem("yaml-syntax", (), what, "fix the YAML", WHOLE_FILE)
