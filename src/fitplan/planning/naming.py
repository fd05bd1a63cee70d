"""Find the files that a user's words mean."""

from fitplan.accounting.quantization import quant_name
from fitplan.accounting.residency import Residency
from fitplan.catalog import Catalog
from fitplan.errors import unknown_name, usage_error
from fitplan.planning.planner import Choice, ResidencyOf


def choices_called(
    catalog: Catalog, component_id: str, name: str, residency_of: ResidencyOf
) -> tuple[Choice, ...]:
    """The loadable files of a component that `name` means, cheapest first.

    `name` is `QUANT` or `publisher/QUANT`. Raises FitplanError: unknown-name when there is no such
    file, usage when the runtime loads none of them.
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
        reasons = sorted({r.reason for _, r in found if not isinstance(r, Residency)})
        raise usage_error(f"{name}: {'; '.join(reasons)}", "choose another file or --runtime")
    return tuple(sorted(choices, key=lambda choice: choice.sort_key))
