"""Writes spooled rows into the catalog: new rows as a new partition, changed rows in place."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import CATALOG, Archive, Table
from artsim.sources.ingestion.moved_images import fetch_again


def commit_rows(
    archive: Archive, shard: int, rows: pa.Table, counts: Counter[str], empty: Collection[str] = ()
) -> None:
    """Update a shard of the catalog with ``rows``, which have unique ids. Columns in ``empty`` change nothing.

    Counts ``new`` rows, rows that were ``there``, and how many of these were ``updated`` or ``moved`` to another image.
    A partition keeps its name and row order, because the images table depends on both.
    """
    table, rows = archive.table("catalog"), rows.select(CATALOG.names).combine_chunks()
    is_stored = np.zeros(len(rows), dtype=bool)
    for partition in table.parts(shard):
        is_stored |= _update(archive, table, shard, partition, rows, counts, empty)
    new = rows.filter(pa.array(~is_stored))
    counts["there"] += int(is_stored.sum())
    counts["new"] += len(new)
    if len(new):
        table.write(shard, _partition_name(new["id"]), new)


def _update(
    archive: Archive,
    table: Table,
    shard: int,
    partition: str,
    rows: pa.Table,
    counts: Counter[str],
    empty: Collection[str],
) -> np.ndarray:
    """Write the changed rows of one partition; return a mask of the ``rows`` that it contains."""
    position = pc.index_in(rows["id"], value_set=table.read(shard, partition, ["id"])["id"].combine_chunks())
    is_stored = np.asarray(pc.is_valid(position))
    if not is_stored.any():
        return is_stored
    old, positions, changed_rows = table.read(shard, partition), position.drop_null(), rows.filter(pa.array(is_stored))
    stored = old.take(positions)
    for name in empty:
        if name in CATALOG.names:
            changed_rows = changed_rows.set_column(CATALOG.get_field_index(name), CATALOG.field(name), stored[name])
    changed_rows = changed_rows.set_column(
        CATALOG.get_field_index("metadata"), CATALOG.field("metadata"), _metadata(stored, changed_rows)
    )
    changed = np.logical_or.reduce([_differs(stored[name], changed_rows[name]) for name in CATALOG.names])
    if changed.any():
        moved = np.flatnonzero(_differs(stored["image_url"], changed_rows["image_url"]))
        fetch_again(archive, shard, partition, [int(row) for row in np.asarray(positions)[moved]])
        order = np.arange(len(old))
        order[np.asarray(positions)[changed]] = len(old) + np.flatnonzero(changed)
        table.write(shard, partition, pa.concat_tables([old, changed_rows.cast(old.schema)]).take(pa.array(order)))
        counts["updated"] += int(changed.sum())
        counts["moved"] += len(moved)
    return is_stored


def _metadata(stored: pa.Table, changed_rows: pa.Table) -> pa.Array:
    """Return the metadata of ``changed_rows``, plus the stored values whose names no changed row has."""
    old, new = stored["metadata"].to_pylist(), changed_rows["metadata"].to_pylist()
    new_names: set[str] = set()
    changed = np.flatnonzero(_differs(stored["metadata"], changed_rows["metadata"])).tolist()
    for at in changed:
        new_names.update(json.loads(new[at] or "{}"))
    for at in changed:
        kept = {name: value for name, value in json.loads(old[at] or "{}").items() if name not in new_names}
        if kept:
            new[at] = json.dumps({**json.loads(new[at] or "{}"), **kept}, ensure_ascii=False)
    return pa.array(new, pa.string())


def _differs(old: pa.ChunkedArray, new: pa.ChunkedArray) -> np.ndarray:
    """Return a mask of where two columns differ; null equals null."""
    both_null = pc.and_(pc.is_null(old), pc.is_null(new))
    return np.asarray(pc.invert(pc.or_(pc.fill_null(pc.equal(old, new), False), both_null)))


def _partition_name(ids: pa.ChunkedArray) -> str:
    return hashlib.sha256("\n".join(sorted(ids.to_pylist())).encode()).hexdigest()[:16]
