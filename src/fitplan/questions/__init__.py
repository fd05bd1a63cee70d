"""One module (or package) per command: what it answers, as values."""
