"""Single rows of a table by the numbers of artworks, found without reading the ids of a whole partition each time."""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from artsim.web.collection import Collection

_OPEN = 128  # partitions kept open


class LocatedRows:
    """Where each artwork's row of a table was when it was first asked for one.

    Partitions stay open, so that they can be read after a job has replaced them. A row that is elsewhere now, or came
    later, is looked up in the table.
    """

    def __init__(self, collection: Collection, name: str) -> None:
        self._collection, self._name = collection, name
        self._locating = Lock()
        self._opened = lru_cache(maxsize=_OPEN)(self._open)
        self._places: _Places | None = None

    def row(self, number: int, columns: list[str]) -> dict[str, Any] | None:
        """Returns these columns of an artwork's row; None if the table has none."""
        with self._locating:
            places = self._places = self._places or _Places(self._collection, self._name)
        identifier, part = self._collection.id(number), int(places.part_of[number])
        if part >= 0:
            try:
                row = self._opened(places.paths[part])(int(places.row_of[number]), ["id", *columns])
            except (OSError, pa.ArrowException, IndexError):
                row = {"id": None}
            if row.pop("id") == identifier:
                return row
        rows = self._collection.archive.table(self._name).find([identifier], ["id", *columns])
        return None if rows is None else rows.select(columns).to_pylist()[0]

    def _open(self, path: str) -> "_Partition":
        return _Partition(self._collection.archive.store.open_input(path))


class _Places:
    """Partition and row of each artwork, int32 (n,); -1 if the table has no row of it."""

    def __init__(self, collection: Collection, name: str) -> None:
        table = collection.archive.table(name).listed()
        self.paths = list[str]()
        self.part_of = np.full(len(collection), -1, np.int32)
        self.row_of = np.zeros(len(collection), np.int32)
        for shard in range(table.shards):
            for part in table.parts(shard):
                numbers = collection.numbers(table.read(shard, part, ["id"])["id"], shard)
                shown = np.flatnonzero(numbers >= 0)
                self.part_of[numbers[shown]], self.row_of[numbers[shown]] = len(self.paths), shown
                self.paths.append(table.path(shard, part))


class _Partition:
    def __init__(self, source: Any) -> None:
        self._file = pq.ParquetFile(source)
        sizes = (self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups))
        self._starts = [0, *accumulate(sizes)]
        self._lock = Lock()

    def __call__(self, row: int, columns: list[str]) -> dict[str, Any]:
        group = bisect_right(self._starts, row) - 1
        with self._lock:  # a ParquetFile must not be read by two threads
            rows = self._file.read_row_group(group, columns=columns)
        record: dict[str, Any] = rows.slice(row - self._starts[group], 1).to_pylist()[0]
        return record
