"""Read the timing data that comes with fitplan."""

from functools import cache
from importlib import resources

from fitplan.timing.schema import TimingData


@cache
def timing_data() -> TimingData:
    """The shipped data/timing.yaml, validated; read once."""
    import yaml

    text = resources.files("fitplan").joinpath("data/timing.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return TimingData.model_validate(yaml.load(text, Loader=loader))  # noqa: S506
