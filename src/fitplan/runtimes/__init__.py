"""The runtimes fitplan knows, by name and version."""

from fitplan.errors import unknown_name, usage_error
from fitplan.residency import Runtime
from fitplan.runtimes import invokeai

DEFAULT = invokeai.NAME


def find(spec: str = DEFAULT, *, partial_loading: bool = True) -> Runtime:
    """The runtime that `spec` ("invokeai" or "invokeai@6.12") names; without a version, the newest.

    Raises FitplanError (unknown-name, usage) for a runtime or version without rules.
    """
    name, _, wanted = spec.strip().lower().partition("@")
    if name != invokeai.NAME:
        raise unknown_name("runtime", spec, [f"{invokeai.NAME}@{v}" for v in invokeai.VERSIONS])
    newest = invokeai.VERSIONS[-1]
    version = next((v for v in invokeai.VERSIONS if _covers(v, wanted or newest)), None)
    if version is None:
        known = " and ".join(invokeai.VERSIONS)
        raise usage_error(f"no rules for {spec!r}", f"rules are known for InvokeAI {known}")
    return invokeai.runtime(version, partial_loading)


def _covers(version: str, wanted: str) -> bool:
    return wanted == version or wanted.startswith(f"{version}.")
