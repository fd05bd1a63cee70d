"""What a program is to fitplan: its name, the versions with rules, and what its users can set."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fitplan.accounting.runtime import Runtime
from fitplan.errors import usage_error

Modes = Mapping[str, str]
"""Name of a setting → value."""

ON_OFF = ("off", "on")


_VERSION = re.compile(r"(?:v|master-)?(\d+(?:\.\d+)*)(?:[-+.]?[a-z0-9.+-]*)?$")
"""`6.13.2`, `v0.3.70`, `master-827-97d2990`, `6.14.0rc1`."""


def _listed(versions: tuple[str, ...]) -> str:
    """`6.12 and 6.14`, `695, 721 and 817`."""
    return " and ".join(filter(None, (", ".join(versions[:-1]), versions[-1])))


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version; () when it is none."""
    found = _VERSION.match(version)
    return tuple(map(int, found[1].split("."))) if found else ()


@dataclass(frozen=True, slots=True)
class Setting:
    """Something users of a program can set that changes what files become or what fits."""

    name: str
    values: tuple[str, ...]
    """The first is the default."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program that loads model files."""

    name: str
    title: str
    versions: tuple[str, ...]
    """Versions with rules, oldest first."""
    settings: tuple[Setting, ...]
    build: Callable[[str, Modes], Runtime]
    """Version and all settings → the runtime."""
    since: bool = False
    """Versions are build numbers, and rules hold for all builds from theirs on."""

    def version(self, wanted: str) -> str:
        """The newest of `versions` that is no newer than `wanted` ("": the newest of all).

        Usage error for what is no version, and for one that is older than all rules.
        """
        asked = _numbers(wanted)
        known = [v for v in self.versions if not wanted or self._is_reached(v, asked)]
        if not known:
            listed = f"{_listed(self.versions)}, and later"
            hint = f"rules are known for {self.title} {listed}"
            raise usage_error(f"no rules for '{self.name}@{wanted}'", hint)
        return known[-1]

    def runtime(self, version: str, chosen: Iterable[str] = ()) -> Runtime:
        """The program at one of its `versions`; `chosen`: "legacy", "vae-tiling", "size=512".

        Usage error for what it can't be set to.
        """
        return self.build(version, self.modes(chosen))

    def modes(self, chosen: Iterable[str]) -> Modes:
        """Every setting, `chosen` or at its default. Usage error, as above."""
        defaults = {setting.name: setting.values[0] for setting in self.settings}
        return defaults | dict(self._setting(word) for word in chosen)

    def stands_for(self, known: str, wanted: str) -> bool:
        """Whether the rules of `known` were not read in `wanted` itself, only in an older version.

        A patch release ("6.12.3") has the rules of its version ("6.12").
        """
        if self.since or not wanted:
            return False
        ours, theirs = _numbers(known), _numbers(wanted)
        shared = min(len(ours), len(theirs))
        return ours[:shared] != theirs[:shared]

    def _is_reached(self, known: str, asked: tuple[int, ...]) -> bool:
        """Whether `asked` is `known` or newer; "6" is the newest "6.…", () is no version."""
        return _numbers(known)[: len(asked)] <= asked != ()

    def _setting(self, word: str) -> tuple[str, str]:
        name, given, value = word.strip().lower().partition("=")
        for setting in self.settings:
            if given and name == setting.name and value in setting.values:
                return name, value
            if not given and name == setting.name and setting.values[:2] in (ON_OFF, ON_OFF[::-1]):
                return name, "on"
            if not given and name in setting.values and name not in ON_OFF:
                return setting.name, name
        raise usage_error(f"{self.title} has no mode {word!r}", f"it has {self._listed()}")

    def _listed(self) -> str:
        return "; ".join(f"{s.name}={'|'.join(s.values)}" for s in self.settings)
