"""Adds the rows of a source to the ``catalog`` table, each once, even if runs are killed or repeated."""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import Archive, UserError
from artsim.archive.rejects import Reject, Rejects
from artsim.sources.ingestion.commit import commit_rows
from artsim.sources.ingestion.duplicates import check_not_twice
from artsim.sources.ingestion.file_roots import check_source, is_name, note_source
from artsim.sources.ingestion.resume_cache import cached_chunks, forget
from artsim.sources.ingestion.spool import Spool
from artsim.sources.ingestion.validate import validated
from artsim.sources.records import Chunk, Source, nothing_in

_COMMIT_ROWS = 1_000_000  # rows per commit; fixed, so that every run splits a source in the same way
_REPORT_EVERY = 5.0  # seconds

_log = logging.getLogger(__name__)


def ingest(
    archive: Archive,
    source: Source,
    collection: str | None = None,
    limit: int | None = None,
    twice: bool = False,
) -> dict[str, Any]:
    """Add the rows of a source that the catalog lacks; ``collection`` defaults to the source's name.

    Rows in the catalog that changed are updated (``rows_updated``, of ``rows_there``). If the image's address changed
    (``images_moved``), the scraper fetches the image again. A column that the source leaves empty in all rows changes
    nothing. At most ``limit`` rows are read.

    Rows are spooled by shard; each shard then gets its new rows as one partition, in the order of the source. A
    partition is named by a hash of its ids, so a concurrent run, or one after a kill, writes the same file or nothing.
    Returns the counts for the report. Raises ``UserError`` if the collection's name is invalid, if the source is empty,
    or, unless ``twice``, if many of its images are in the catalog under other ids.
    """
    named, collection = collection is not None, source.name if collection is None else collection
    if not is_name(collection):
        raise UserError(f"`as_` {collection}: invalid collection name; use only letters, digits, '-', '_' and '.'")
    check_source(archive, collection, source, named)
    counts: Counter[str] = Counter()
    chunks = cached_chunks(archive.store, collection, source) if source.slow else source.chunks([])

    def commit(spool: Spool) -> None:
        if not (twice or counts["commits"]):
            check_not_twice(archive, spool)
        note_source(archive, collection, source)
        _commit(archive, spool, rejects, counts)
        counts["commits"] += 1

    with Rejects(archive.store, "catalog") as rejects, contextlib.closing(_counted(chunks, counts, limit)) as stream:
        spool = Spool(archive)
        for chunk in stream:
            chunk = validated(chunk, collection, source.root)
            rejects.write(chunk.rejects)
            spool.add(chunk.rows)
            if spool.rows >= _COMMIT_ROWS:
                commit(spool)
                spool = Spool(archive)
        if not counts["read"]:
            raise nothing_in(source)
        commit(spool)
    if source.slow:
        forget(archive.store, collection, source)
    return {
        "rows_in": counts["read"],
        "rows_out": counts["new"],
        "rows_failed": rejects.count,
        "rows_there": counts["there"],
        "rows_updated": counts["updated"],
        "images_moved": counts["moved"],
        "collection": collection,
        "failures": dict(rejects.reasons.most_common()),
        "rejected": dict(rejects.reasons.most_common()),
        "rejects": rejects.path and archive.store.address(rejects.path),
    }


def _counted(chunks: Iterator[Chunk], counts: Counter[str], limit: int | None) -> Generator[Chunk]:
    """Yield chunks until ``limit`` rows were read, and log the progress."""
    last_log = time.monotonic()
    for chunk in chunks:
        if limit is not None and counts["rows"] + len(chunk.rows) >= limit:
            chunk = Chunk(chunk.rows.slice(0, limit - counts["rows"]), chunk.rejects, chunk.cursors)
        counts["rows"] += len(chunk.rows)
        counts["read"] += len(chunk.rows) + len(chunk.rejects)
        yield chunk
        if counts["rows"] == limit:
            return
        if time.monotonic() - last_log > _REPORT_EVERY:
            last_log = time.monotonic()
            _log.info("catalog: %s rows read", f"{counts['read']:,}")


def _commit(archive: Archive, spool: Spool, rejects: Rejects, counts: Counter[str]) -> None:
    for shard in spool.shards():
        commit_rows(archive, shard, _first_rows_by_id(spool.read(shard), rejects), counts, spool.empty)


def _first_rows_by_id(rows: pa.Table, rejects: Rejects) -> pa.Table:
    """Return the first row of each id; later ones are rejected with the place of the first."""
    codes = rows["id"].combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    if len(first) == len(rows):
        return rows
    again = np.setdiff1d(np.arange(len(rows)), first, assume_unique=True)
    where, ids = rows["where"], rows["id"]
    rejects.write(
        [
            Reject.of(where[at], "an earlier row has the same id", f"{ids[at]}, first at {where[first[codes[at]]]}")
            for at in again.tolist()
        ]
    )
    return rows.take(pa.array(np.sort(first)))
