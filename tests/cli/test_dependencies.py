"""What is imported is declared, and the tested versions are those of the declared libraries."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(*names: str) -> dict[NormalizedName, Requirement]:
    """Declared requirements, of the program and of the extras `names`."""
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *(line for name in names for line in extras[name])]
    found = map(Requirement, lines)
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def imported(folder: Path) -> Iterator[str]:
    """The top-level names that modules below import, in functions too."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0]


@pytest.mark.parametrize(
    ("folder", "extras"), [("src", ()), ("tests", ("test",))], ids=["src", "tests"]
)
def test_every_library_that_is_imported_is_declared(folder: str, extras: tuple[str, ...]) -> None:
    """A library that another one brings along may be gone with its next release."""
    own = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {"fitplan"}
    distributions = packages_distributions()
    declared = requirements(*extras)
    for name in sorted(set(imported(ROOT / folder)) - set(sys.stdlib_module_names) - own):
        providers = {canonicalize_name(found) for found in distributions[name]}
        assert providers & set(declared), f"{name} is imported, but not declared"


def test_tested_versions_are_within_the_bounds() -> None:
    """constraints.txt pins every declared library, to a version that its bounds allow."""
    pins = dict(
        re.findall(
            r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M
        )
    )
    tested = {canonicalize_name(name): Version(version) for name, version in pins.items()}
    for name, requirement in requirements("test").items():
        assert requirement.specifier.contains(tested[name])
        assert ">=" in str(requirement.specifier)
