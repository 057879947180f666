"""The resume cache: stores the chunks of a slow source, so that a run after a kill requests nothing twice."""

import hashlib
import json
import logging
from collections.abc import Generator

import pyarrow.parquet as pq

from artsim.archive import Store
from artsim.archive.rejects import Reject
from artsim.sources.records import ROWS, Chunk, Source

_FOLDER = "catalog/_harvest"

_log = logging.getLogger(__name__)


def cached_chunks(store: Store, collection: str, source: Source) -> Generator[Chunk]:
    """Yield the chunks of a source: first those that an earlier run cached, then the others, caching each."""
    folder = _folder(collection, source)
    cursors: list[str] = []
    names = store.names(folder)
    for name in names:
        chunk = _read(store, f"{folder}/{name}")
        cursors += chunk.cursors
        yield chunk
    if names:
        _log.info("catalog: resuming after %d chunks read by an earlier run", len(names))
    for number, chunk in enumerate(source.chunks(cursors), len(names)):
        _write(store, f"{folder}/{number:08d}.parquet", chunk)
        yield chunk


def forget(store: Store, collection: str, source: Source) -> None:
    """Delete the cached chunks of a source; call it once they are in the catalog."""
    folder = _folder(collection, source)
    if store.exists(folder):
        store.filesystem.delete_dir(f"{store.root}/{folder}")


def _folder(collection: str, source: Source) -> str:
    """Return the cache folder; each location has its own, since the cursors of one mean nothing to another."""
    return f"{_FOLDER}/{collection}-{hashlib.sha256(source.location.encode()).hexdigest()[:12]}"


def _write(store: Store, path: str, chunk: Chunk) -> None:
    about = {
        "cursors": json.dumps(chunk.cursors),
        "rejects": json.dumps([[reject.line, reject.reason, reject.text] for reject in chunk.rejects]),
    }
    with store.replace(path) as draft:
        pq.write_table(chunk.rows.replace_schema_metadata(about), draft, compression="zstd")


def _read(store: Store, path: str) -> Chunk:
    table = pq.read_table(store.open_input(path))
    about = table.schema.metadata
    rejects = [Reject(*fields) for fields in json.loads(about[b"rejects"])]
    return Chunk(table.cast(ROWS), rejects, tuple(json.loads(about[b"cursors"])))
