"""The budget of a command: from its options, else from this machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from fitplan.errors import usage_error
from fitplan.units import format_gib, parse_size

if TYPE_CHECKING:
    from fitplan.accounting.runtime import BudgetSetting, Runtime
    from fitplan.questions.pack.problem import Limits

RamOption = Annotated[
    str | None,
    typer.Option(
        "--ram",
        metavar="SIZE",
        help="Cache limit: 14 (GiB), 14GiB, 15GB, 14336MiB. [the machine's RAM minus 2 GiB]",
    ),
]
RamTotalOption = Annotated[
    str | None,
    typer.Option(
        "--ram-total",
        metavar="SIZE",
        help="RAM of the machine that runs the models: what they really hold is judged against it.",
    ),
]


def limits(ram: str | None, ram_total: str | None) -> "tuple[Limits, str]":
    """Limits on cache and real bytes, and who set the first: `option` or `machine`.

    Without `--ram` the limit is the machine's RAM minus the reserve. Real bytes have a limit where
    the machine's RAM is known. Raises FitplanError (usage) for junk and for a machine too small.
    """
    from fitplan.questions.pack.problem import Limits

    if ram is not None and ram_total is None:
        return Limits(parse_size(ram)), "option"
    free = _free(ram_total)
    if ram is not None:
        return Limits(parse_size(ram), free), "option"
    return Limits(free, free), "machine" if ram_total is None else "option"


def _free(ram_total: str | None) -> int:
    from fitplan.machine import memory

    total = memory.ram().total_bytes if ram_total is None else parse_size(ram_total)
    if total <= memory.SYSTEM_RESERVE:
        kept = format_gib(memory.SYSTEM_RESERVE)
        message = f"{format_gib(total)} of RAM leave no room: {kept} are kept for the system"
        raise usage_error(message, "say --ram SIZE for the limit itself")
    return total - memory.SYSTEM_RESERVE


def budget_setting(runtime: "Runtime", command: str) -> "BudgetSetting":
    """The setting that limits a runtime's model cache; usage error when it has none."""
    if runtime.budget_setting is None:
        message = f"{command} is about a model cache with a limit; {runtime.title} has none"
        raise usage_error(message, "choose another --runtime")
    return runtime.budget_setting
