"""Collects the new rows of one partition of the images table, and commits them without losing stored rows."""

import asyncio
import struct
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import IMAGES, Table


class PartitionBuffer:
    """Collects the rows of a partition.

    ``uncommitted_bytes`` is the size of uncommitted images, ``oldest_row_at`` the time when the oldest row came.
    ``outcome`` returns the result counts of the partition so far, which are committed with the rows.
    """

    def __init__(self, images: Table, shard: int, name: str, outcome: Callable[[], dict[str, Any]]) -> None:
        self._images = images
        self._shard = shard
        self._name = name
        self._outcome = outcome
        self._rows: list[dict[str, Any]] = []
        self._kept: dict[str, dict[str, Any]] = {}
        self._lock = asyncio.Lock()
        self.uncommitted_bytes = 0
        self.oldest_row_at: float | None = None

    def add(self, columns: dict[str, Any], *, kept: bool) -> None:
        """Adds a finished row. If it is ``kept``, only these columns of the stored row change."""
        if kept:
            self._kept[columns["id"]] = columns
        else:
            self._rows.append(columns)
            self.uncommitted_bytes += len(columns.get("bytes") or b"")
        if self.oldest_row_at is None:
            self.oldest_row_at = time.monotonic()

    async def commit(self, threads: Executor) -> None:
        """Adds the collected rows to the stored ones; writes all of them or none."""
        async with self._lock:
            rows, self._rows = self._rows, []
            kept, self._kept = self._kept, {}
            uncommitted_bytes, self.oldest_row_at, outcome = self.uncommitted_bytes, None, self._outcome()
            try:
                if rows or kept:
                    await asyncio.get_running_loop().run_in_executor(threads, self._write, rows, kept, outcome)
            except OSError:  # keep the rows: the next commit retries, and the last one raises
                self._rows, self._kept, self.oldest_row_at = rows + self._rows, kept | self._kept, time.monotonic()
                raise
            self.uncommitted_bytes -= uncommitted_bytes

    def _write(self, rows: list[dict[str, Any]], kept: dict[str, dict[str, Any]], outcome: dict[str, Any]) -> None:
        new = _table(rows)
        try:
            stored = self._images.read(self._shard, self._name)
        except FileNotFoundError:
            stored = IMAGES.empty_table()
        stored = stored.filter(pc.invert(pc.is_in(stored["id"], value_set=new["id"].combine_chunks())))
        self._images.write(self._shard, self._name, pa.concat_tables([_updated(stored, kept), new]), outcome)


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    """Returns the rows as an images table, without copying their image bytes: a chunk for each."""
    described = pa.Table.from_pylist(rows, pa.schema([field for field in IMAGES if field.name != "bytes"]))
    images = pa.chunked_array([_without_copy(row.get("bytes")) for row in rows], IMAGES.field("bytes").type)
    return described.append_column(IMAGES.field("bytes"), images).select(IMAGES.names)


def _without_copy(data: bytes | None) -> pa.Array:
    """Returns a binary array of one value that shares the memory of ``data``."""
    if data is None:
        return pa.nulls(1, pa.binary())
    offsets = struct.pack("=ii", 0, len(data))
    return pa.BinaryArray.from_buffers(pa.binary(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _updated(rows: pa.Table, changes: dict[str, dict[str, Any]]) -> pa.Table:
    if not changes:
        return rows
    ids = rows["id"].to_pylist()
    for name in sorted({name for change in changes.values() for name in change} - {"id"}):
        old = zip(ids, rows[name].to_pylist(), strict=True)
        values = pa.array([changes.get(row_id, {}).get(name, value) for row_id, value in old], rows[name].type)
        rows = rows.set_column(rows.column_names.index(name), IMAGES.field(name), values)
    return rows
