"""What an archive holds after a fault: every row once."""

from collections import Counter
from pathlib import Path

from artsim.archive import Archive


def parts_of(archive: Archive, table: str) -> int:
    """How many parts a table has so far."""
    return len(list(Path(archive.uri, table).glob("*/[!_]*.parquet")))


def every_row_once(archive: Archive, table: str, ids: set[str]) -> None:
    """The table has these rows, each once; nothing half written lies about."""
    found: Counter[str] = Counter()
    for rows in archive.table(table).scan(["id"]):
        found.update(rows["id"].to_pylist())
    assert {one for one, times in found.items() if times > 1} == set(), "doubled"
    assert set(found) == ids, "lost, or made up"
