"""Links: pairs of images that people judged. Human work: rows are added, never changed."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from artsim.archive import Archive
from artsim.archive.schemas import LINKS
from artsim.learn.annotations import PATIENCE

POSITIVE = frozenset({"POSITIVE"})  # the connected components of these are the known clusters, as in EPFL's own code
KINDRED = POSITIVE | {"CORRECT", "DUPLICATE", "SIMILAR"}  # whatever they are, no negatives of each other
NEGATIVE = frozenset({"NEGATIVE", "WRONG"})

_SHARD = 0  # one file an import, so that an import is there whole or not at all


class Link(NamedTuple):
    """A row of the table: one judgement of a pair. The same in every column is the same judgement."""

    id_a: str
    id_b: str
    verdict: str
    annotator: str
    source: str | None
    created_at: datetime | None  # None where the file did not say


def read_links(archive: Archive, verdicts: Collection[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """All links, or those of some verdicts: ids, object of shape (p, 2), and verdicts, object of shape (p,).

    A pair that was judged several times is there several times.
    """
    links = [link for link in _all(archive) if verdicts is None or link.verdict in verdicts]
    pairs = np.array([(link.id_a, link.id_b) for link in links], dtype=object).reshape(-1, 2)
    return pairs, np.array([link.verdict for link in links], dtype=object)


def components(pairs: np.ndarray) -> dict[str, int]:
    """The connected component, from 0, of every id in the pairs (object of shape (p, 2)), ids sorted."""
    ids = sorted(set(pairs.flat))
    place = {one: index for index, one in enumerate(ids)}
    ends = np.array([place[one] for one in pairs.flat], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), ends.T), shape=(len(ids), len(ids)))
    return dict(zip(ids, connected_components(graph, directed=False)[1].tolist(), strict=True)) if ids else {}


def add_links(archive: Archive, links: Iterable[Link]) -> int:
    """Adds links that are not there yet, as one new file, on the disk at return; says how many are new.

    Waits for another who adds some; Mistake if that takes longer than a moment.
    """
    with archive.alone("links", patience=PATIENCE):
        known = _all(archive)
        new = [link for link in dict.fromkeys(links) if link not in known]
        if new:
            part = hashlib.sha256(repr(new).encode()).hexdigest()[:32]
            rows = pa.Table.from_pylist([link._asdict() for link in new], schema=LINKS)
            archive.store.sweep("links")
            archive.table("links").append(_SHARD, part, rows)
        return len(new)


def _all(archive: Archive) -> dict[Link, None]:
    """Every link once: two imports at the same moment may both have written one."""
    tables = archive.table("links").scan()
    return dict.fromkeys(Link(**row) for rows in tables for row in rows.to_pylist())
