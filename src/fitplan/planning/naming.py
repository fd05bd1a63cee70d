"""Find the files that a user's words mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitplan.accounting.quantization import quant_name
from fitplan.accounting.residency import Outcome, Residency, Unsupported
from fitplan.catalog import Catalog
from fitplan.errors import ErrorKind, FitplanError, unknown_name
from fitplan.planning.planner import Choice, ResidencyOf


class NotLoadableError(FitplanError):
    """The runtime loads no file of that name, as far as is known."""

    refused = False
    """Whether that is known; else no rule tells what the runtime makes of some file."""


@dataclass(frozen=True, slots=True)
class Called:
    """The file that a name means: of several publishers' the cheapest."""

    choice: Choice
    others: tuple[Choice, ...] = ()
    """Those of the other publishers, cheapest first."""

    @property
    def full_name(self) -> str:
        """`publisher/QUANT`: means this file alone."""
        return f"{self.choice.file.publisher}/{self.choice.file.quant}"


def called(catalog: Catalog, component_id: str, name: str, residency_of: ResidencyOf) -> Called:
    """The file of a component that `name` (`QUANT` or `publisher/QUANT`) means.

    Raises FitplanError as `choices_called` does.
    """
    cheapest, *others = choices_called(catalog, component_id, name, residency_of)
    return Called(cheapest, tuple(others))


def choices_called(
    catalog: Catalog, component_id: str, name: str, residency_of: ResidencyOf
) -> tuple[Choice, ...]:
    """The loadable files of a component that `name` means, cheapest first.

    `name` is `QUANT` or `publisher/QUANT`. Raises FitplanError: unknown-name when there is no such
    file, NotLoadableError (usage) when the runtime loads none of them.
    """
    files = catalog.files(component_id)
    publisher, slash, quant = name.strip().rpartition("/")
    wanted = f"{publisher}{slash}{quant_name(quant)}"
    found = [(file, residency_of(file)) for file in files if file.is_called(wanted)]
    if not found:
        what = f"file of {catalog.file.components[component_id].name}"
        raise unknown_name(what, name, sorted({file.quant for file in files}))
    choices = [Choice(file, r) for file, r in found if isinstance(r, Residency)]
    if not choices:
        raise not_loadable(name, [outcome for _, outcome in found])
    return tuple(sorted(choices, key=lambda choice: choice.sort_key))


def not_loadable(name: str, outcomes: Sequence[Outcome]) -> NotLoadableError:
    """Why none of several files can be loaded; known where each is refused."""
    reasons = sorted({o.reason for o in outcomes if not isinstance(o, Residency)})
    said = "; ".join(reasons) or "the catalog has no file of it"
    hint = "choose another file, or another --runtime"
    error = NotLoadableError(ErrorKind.USAGE, f"{name}: {said}", hint)
    error.refused = all(isinstance(outcome, Unsupported) for outcome in outcomes)
    return error
