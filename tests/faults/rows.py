"""Checks that an archive has every row once after a fault."""

from collections import Counter
from pathlib import Path

from artsim.archive import Archive


def parts_of(archive: Archive, table: str) -> int:
    """Returns how many partitions a table has so far."""
    return len(list(Path(archive.uri, table).glob("*/[!_]*.parquet")))


def every_row_once(archive: Archive, table: str, ids: set[str]) -> None:
    """Asserts that the table has a row for each of ``ids`` and no other, each once."""
    counts: Counter[str] = Counter()
    for rows in archive.table(table).scan(["id"]):
        counts.update(rows["id"].to_pylist())
    assert {row_id for row_id, count in counts.items() if count > 1} == set(), "doubled"
    assert set(counts) == ids, "lost, or made up"
