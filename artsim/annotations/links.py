"""Links: pairs of images that people judged. Because they are human work, rows are added but never changed."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from artsim.annotations.annotations import LOCK_TIMEOUT
from artsim.archive import Archive
from artsim.archive.schemas import LINKS

POSITIVE = frozenset({"POSITIVE"})  # their connected components are the known clusters, as in EPFL's own code
RELATED = POSITIVE | {"CORRECT", "DUPLICATE", "SIMILAR"}  # related items: never negatives of each other
NEGATIVE = frozenset({"NEGATIVE", "WRONG"})

_SHARD = 0  # one file per import makes imports atomic


class Link(NamedTuple):
    """A row of the table: one judgment of a pair. Rows that are equal in all columns are the same judgment."""

    id_a: str
    id_b: str
    verdict: str
    annotator: str
    source: str | None
    created_at: datetime | None  # None if the file has no date


def read_links(archive: Archive, verdicts: Collection[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns all links, or those of some verdicts: ids, object (p, 2), and verdicts, object (p,).

    A pair that was judged several times occurs several times.
    """
    links = [link for link in _all(archive) if verdicts is None or link.verdict in verdicts]
    pairs = np.array([(link.id_a, link.id_b) for link in links], dtype=object).reshape(-1, 2)
    return pairs, np.array([link.verdict for link in links], dtype=object)


def components(pairs: np.ndarray) -> dict[str, int]:
    """Returns the connected component, from 0, of every id in ``pairs``, object (p, 2); ids are sorted."""
    ids = sorted(set(pairs.flat))
    index_of = {image_id: index for index, image_id in enumerate(ids)}
    node_pairs = np.array([index_of[image_id] for image_id in pairs.flat], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(node_pairs), np.int8), node_pairs.T), shape=(len(ids), len(ids)))
    return dict(zip(ids, connected_components(graph, directed=False)[1].tolist(), strict=True)) if ids else {}


def add_links(archive: Archive, links: Iterable[Link]) -> int:
    """Adds links that are not in the table yet, as one new file, flushed to disk; returns how many are new.

    Waits while another process adds links. Raises a user error if that takes longer than ``LOCK_TIMEOUT`` seconds.
    """
    with archive.lock("links", wait_seconds=LOCK_TIMEOUT):
        known = _all(archive)
        new = [link for link in dict.fromkeys(links) if link not in known]
        if new:
            partition = hashlib.sha256(repr(new).encode()).hexdigest()[:32]
            rows = pa.Table.from_pylist([link._asdict() for link in new], schema=LINKS)
            archive.store.sweep("links")
            archive.table("links").append(_SHARD, partition, rows)
        return len(new)


def _all(archive: Archive) -> dict[Link, None]:
    """Returns every link once: concurrent imports may both have written the same link."""
    tables = archive.table("links").scan()
    return dict.fromkeys(Link(**row) for rows in tables for row in rows.to_pylist())
