"""Names from catalogs and files, made safe to show."""


def printable(text: str) -> str:
    """`text` with control characters (terminal escapes, line breaks) replaced."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
