"""Rewrite the output of every example in the documentation: `python tests/readme.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

from pages import PAGES, rewrite
from workshop import workshop

if __name__ == "__main__":
    with workshop() as shop:
        for page in PAGES:
            rewrite(page, shop)
