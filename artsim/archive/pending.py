"""What is still to be done, shard by shard: rows of a table whose key the table made from it lacks.

A part is made from a fixed range of rows of one part of the source and bears its name, so whoever writes it, however
often, writes the same file: no run can double a row, not even a killed one whose last worker still breathes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.table import Table

PART_ROWS = 256  # rows of a catalog part that make one images part; names depend on it, so it is for ever

Key = Callable[[pa.Table], pa.Array | pa.ChunkedArray]


@dataclass(frozen=True)
class Work:
    """One part to write: which rows of which source part it comes from, and the ids among them that are pending."""

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
    """The work of one shard, or of ``only`` one part of the source.

    A row of the source is wanted if its key is not null, and pending if the target's part has no row of the same key.
    ``part_rows`` cuts a source part into several parts of the target; None makes one of one.
    """
    there = set(target.parts(shard))
    for source_part in [only] if only else source.parts(shard):
        rows = source.read(shard, source_part, ["id", *source_columns])
        step = part_rows or max(len(rows), 1)
        for index, start in enumerate(range(0, len(rows), step)):
            part = f"{source_part}-{index:05d}" if part_rows else source_part
            some = rows.slice(start, step)
            keys = source_key(some)
            mask = pc.is_valid(keys)
            if part in there:
                done = target_key(target.read(shard, part, ["id", *target_columns]))
                mask = pc.and_(mask, pc.invert(pc.is_in(keys, value_set=_combined(done))))
            ids = some.column("id").filter(mask).to_pylist()
            if ids:
                yield Work(shard, part, source_part, start, start + len(some), ids)


def pending_parts(shards: int, find: Callable[[int], Iterator[Work]]) -> list[tuple[int, str, int]]:
    """Shard, part and number of pending rows of all work, found by threads; without the ids, so that it stays small."""
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda shard: [(work.shard, work.part, len(work.ids)) for work in find(shard)], range(shards))
        return [work for works in found for work in works]


def _combined(keys: pa.Array | pa.ChunkedArray) -> pa.Array:
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
