"""All families fitplan knows, special cases before general ones."""

from fitplan.architectures.denoisers import CONTROLNETS, TRANSFORMERS, UNETS
from fitplan.architectures.encoders import ADDITIONS, AUTOENCODERS, CLIPS, LANGUAGE_MODELS
from fitplan.architectures.patterns import Pattern

PATTERNS: tuple[Pattern, ...] = (
    *CONTROLNETS,
    *TRANSFORMERS,
    *UNETS,
    *LANGUAGE_MODELS,
    *CLIPS,
    *AUTOENCODERS,
    *ADDITIONS,
)
