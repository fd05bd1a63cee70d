"""Plan which text-to-image models stay resident in a RAM budget.

For Python programs; every name is imported when it is first used.

>>> from fitplan import Candidates, find_runtime, load_catalog, parse_size, plan
>>> candidates = Candidates(load_catalog(), find_runtime("invokeai"))
>>> models = candidates.catalog.pipeline_ids("Klein 4B")
>>> best = plan(candidates, models, parse_size("14GiB"), top=1).plans[0]
>>> (best.pipeline.name, best.denoiser.file.quant, best.cache_bytes)
('FLUX.2 Klein 4B', 'BF16', 13356636238)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitplan.accounting.runtime import Runtime
    from fitplan.catalog import Catalog
    from fitplan.catalog.reading import load_catalog
    from fitplan.errors import FitplanError
    from fitplan.machine.computer import Machine
    from fitplan.planning.candidates import Candidates
    from fitplan.planning.pairs import Plan
    from fitplan.planning.planner import plan
    from fitplan.questions.explain import explain
    from fitplan.questions.need import needs
    from fitplan.readers import read
    from fitplan.runtimes import find as find_runtime
    from fitplan.units import parse_size

__version__ = "0.1.0"

__all__ = [
    "Candidates",
    "Catalog",
    "FitplanError",
    "Machine",
    "Plan",
    "Runtime",
    "__version__",
    "explain",
    "find_runtime",
    "load_catalog",
    "needs",
    "parse_size",
    "plan",
    "read",
]

_PLACES = {
    "Candidates": ("planning.candidates", "Candidates"),
    "Catalog": ("catalog", "Catalog"),
    "FitplanError": ("errors", "FitplanError"),
    "Machine": ("machine.computer", "Machine"),
    "Plan": ("planning.pairs", "Plan"),
    "Runtime": ("accounting.runtime", "Runtime"),
    "explain": ("questions.explain", "explain"),
    "find_runtime": ("runtimes", "find"),
    "load_catalog": ("catalog.reading", "load_catalog"),
    "needs": ("questions.need", "needs"),
    "parse_size": ("units", "parse_size"),
    "plan": ("planning.planner", "plan"),
    "read": ("readers", "read"),
}
"""Name → module and name there."""


def __getattr__(name: str) -> Any:
    """The public names, each imported from its module when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'fitplan' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(f"fitplan.{module}"), attribute)
