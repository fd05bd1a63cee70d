"""Plan which text-to-image models stay resident in a RAM budget."""

__version__ = "0.1.0"
