"""Finds pending rows, shard by shard: rows of a source table whose key is missing in the table made from it.

A target partition is made from a fixed range of rows of one source partition and is named after it. Every run writes
the same file for the same rows, so no run can duplicate a row, even while a worker of a killed run is still writing.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.table import Table

PART_ROWS = 256  # rows of a catalog partition per images partition; file names depend on it, so never change it

Key = Callable[[pa.Table], pa.Array | pa.ChunkedArray]


@dataclass(frozen=True)
class Work:
    """One partition to write: the range of rows in its source partition, and the pending ids among them."""

    shard: int
    part: str
    source_part: str
    start: int
    stop: int
    ids: list[str]


def pending(
    source: Table,
    target: Table,
    shard: int,
    *,
    source_key: Key,
    source_columns: list[str],
    target_key: Key,
    target_columns: list[str],
    part_rows: int | None = None,
    only: str | None = None,
) -> Iterator[Work]:
    """Yields the pending partitions of one shard, or only those of the source partition ``only``.

    A source row is wanted if its key is not null, and pending if the target partition has no row with the same key.
    ``part_rows`` splits a source partition into several target partitions; None makes one from each.
    """
    target_parts = set(target.parts(shard))
    for source_part in [only] if only else source.parts(shard):
        rows = source.read(shard, source_part, ["id", *source_columns])
        step = part_rows or max(len(rows), 1)
        for index, start in enumerate(range(0, len(rows), step)):
            part = f"{source_part}-{index:05d}" if part_rows else source_part
            chunk = rows.slice(start, step)
            keys = source_key(chunk)
            mask = pc.is_valid(keys)
            if part in target_parts:
                done = target_key(target.read(shard, part, ["id", *target_columns]))
                mask = pc.and_(mask, pc.invert(pc.is_in(keys, value_set=_combined(done))))
            ids = chunk.column("id").filter(mask).to_pylist()
            if ids:
                yield Work(shard, part, source_part, start, start + len(chunk), ids)


def pending_parts(shards: int, find: Callable[[int], Iterator[Work]]) -> list[tuple[int, str, int]]:
    """Returns shard, name and number of pending rows of every pending partition. Leaves out the ids to save memory."""
    with ThreadPoolExecutor(16) as pool:
        lists = pool.map(lambda shard: [(work.shard, work.part, len(work.ids)) for work in find(shard)], range(shards))
        return [part for parts in lists for part in parts]


def _combined(keys: pa.Array | pa.ChunkedArray) -> pa.Array:
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
