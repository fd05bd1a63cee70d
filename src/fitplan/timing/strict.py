"""The base of every model of timing data: nothing unknown, nothing converted, nothing changed."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A frozen model that forbids unknown keys and converts no types."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )
