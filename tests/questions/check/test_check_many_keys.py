"""A catalog of very many keys is read and checked in a bounded time."""

import time
from collections.abc import Callable

import pytest
import yaml

from fitplan.catalog import CatalogFile
from fitplan.catalog.document import Document
from fitplan.questions import check as checks

pytestmark = pytest.mark.slow

KEYS = 50_000
TEXTS = {
    "unknown": "version: 1\n" + "".join(f"k{i}: {i}\n" for i in range(KEYS)),
    "repeated": "version: 1\n" + "name: x\n" * KEYS,
    "repeated ids": "version: 1\nsources:\n"
    + "".join(f"  s{i % 2}: {{title: a}}\n" for i in range(KEYS)),
}


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


@pytest.mark.parametrize("name", TEXTS)
def test_many_keys_take_no_longer_than_composing_their_text_a_few_times(name: str) -> None:
    """Measured 0.4 to 1.4 times what libyaml's nodes take; findings are capped and counted."""
    text = TEXTS[name]
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    base = _seconds(lambda: yaml.compose(text, Loader=loader))
    found: list[checks.Report] = []
    empty = CatalogFile(version=1)
    taken = _seconds(lambda: found.append(checks.check([Document(text, "x.yaml")], lambda: empty)))
    assert taken < 5 * base
    assert found[0].count(checks.Severity.ERROR) >= KEYS - 2
    assert len(found[0].findings) < 500


def test_a_mapping_of_many_own_keys_is_no_merge() -> None:
    """The limit on merge keys counts what they add, not what is written out."""
    text = "version: 1\nsources:\n" + "".join(f"  s{i}: {{title: a}}\n" for i in range(10_001))
    document = Document(text, "x.yaml")
    assert document.problems == ()
    assert len(document.data["sources"]) == 10_001
