"""The runtimes fitplan knows, by name and version. A new one is a module here and a line below."""

from collections.abc import Iterable

from fitplan.accounting.runtime import Runtime
from fitplan.errors import unknown_name
from fitplan.runtimes import comfyui, diffusers, invokeai, sdcpp
from fitplan.runtimes.program import Program

__all__ = ["DEFAULT", "PROGRAMS", "find", "newest"]

PROGRAMS: tuple[Program, ...] = (
    invokeai.PROGRAM,
    comfyui.PROGRAM,
    sdcpp.PROGRAM,
    diffusers.PROGRAM,
)
DEFAULT = PROGRAMS[0].name


def find(
    spec: str = DEFAULT, modes: Iterable[str] = (), *, partial_loading: bool = True
) -> Runtime:
    """The runtime that `spec` ("invokeai" or "invokeai@6.12") names; without a version, the newest.

    A version without rules of its own gets those of the newest older one, and the title says so.

    `modes` are what its users can set ("legacy", "size=512"); `partial_loading` False is short for
    "partial-loading=off". Raises FitplanError (unknown-name, usage) for a runtime or version
    without rules, or modes that the program does not have.
    """
    name, _, wanted = spec.strip().lower().partition("@")
    program = next((program for program in PROGRAMS if program.name == name), None)
    if program is None:
        known = [f"{p.name}@{version}" for p in PROGRAMS for version in p.versions]
        raise unknown_name("runtime", spec, known)
    off = () if partial_loading else ("partial-loading=off",)
    version = program.version(wanted)
    found = program.runtime(version, (*modes, *off))
    return found.standing_for(wanted) if program.stands_for(version, wanted) else found


def newest() -> tuple[Runtime, ...]:
    """Every program at its newest known version, in its default modes."""
    return tuple(program.runtime(program.versions[-1]) for program in PROGRAMS)
