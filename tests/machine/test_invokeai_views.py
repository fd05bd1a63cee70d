"""A database in which a view stands in a table's place: cut off, whatever it computes."""

import sqlite3
import time
from pathlib import Path

import pytest

from fitplan.errors import FitplanError
from fitplan.machine.invokeai import find

_COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n{end}) "
VIEWS = {
    "without end": _COUNTING.format(end="") + "SELECT i AS id, '{}' AS config FROM n",
    "counted": _COUNTING.format(end=" LIMIT 100000000")
    + "SELECT sum(i) AS id, '' AS config FROM n",
    "a product of itself": _COUNTING.format(end=" LIMIT 5000")
    + "SELECT count(*) AS id, '' AS config FROM n a, n b, n c",
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_that_computes_forever(view: str, tmp_path: Path) -> None:
    """One clear error after a bounded number of steps."""
    database = tmp_path / "databases" / "invokeai.db"
    database.parent.mkdir()
    with sqlite3.connect(database) as connection:
        connection.execute(f"CREATE VIEW models AS {VIEWS[view]}")
    connection.close()
    begun = time.process_time()
    with pytest.raises(FitplanError, match="interrupted"):
        find(tmp_path)
    assert time.process_time() - begun < 10


def test_a_large_table_is_read_whole(tmp_path: Path) -> None:
    """Ten thousand models stay far from the limit."""
    database = tmp_path / "databases" / "invokeai.db"
    database.parent.mkdir()
    rows = [(f"{i}", f'{{"name": "m{i}", "path": "{i}.gguf"}}') for i in range(10_000)]
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE models (id TEXT, config TEXT)")
        connection.executemany("INSERT INTO models VALUES (?, ?)", rows)
    connection.close()
    assert len(find(tmp_path).problems) == 10_000
