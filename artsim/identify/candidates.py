"""Artworks of the reference that an artwork may reproduce: the nearest by features, and those with a near hash."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artsim.archive import Archive
from artsim.space.features import Block
from artsim.space.search import search

_CELLS = 1 << 24  # pairs of hashes compared at a time
_BY_HASH = 5  # the most candidates of an artwork by its hash


@dataclass(frozen=True)
class Hashes:
    """Perceptual hashes of artworks, uint64 (n,), and which of the artworks have one, bool (n,)."""

    values: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Candidates:
    """Candidates of n artworks: rows of the reference, int64 (n, c), and -1 for none.

    ``similarities``, float64 (n, c), are cosines of the features; NaN where only the hash is near.
    """

    rows: np.ndarray
    similarities: np.ndarray


class CandidateSearch:
    """Searches the reference, whose ids are ``ids``, object (m,), and whose vectors ``blocks`` yields each time."""

    def __init__(
        self, ids: np.ndarray, hashes: Hashes, blocks: Callable[[], Iterable[Block]], *, hash_distance: int
    ) -> None:
        self._row_of = pd.Index(ids)
        self._hashes, self._blocks = hashes, blocks
        self._hash_distance = hash_distance

    def __call__(self, vectors: np.ndarray, hashes: Hashes, k: int) -> Candidates:
        """Returns the k nearest of each artwork by features, then up to five by hash."""
        nearest = search(self._blocks(), vectors, k)
        by_features = self._row_of.get_indexer(nearest.ids.ravel()).reshape(nearest.ids.shape)
        by_features[~np.isfinite(nearest.distances)] = -1  # a vector of zeros
        by_hash = self._by_hash(hashes)
        known = (by_hash[:, :, None] == by_features[:, None, :]).any(axis=2)
        rows = np.concatenate([by_features, np.where(known, -1, by_hash)], axis=1)
        unknown = np.full(by_hash.shape, np.nan)
        return Candidates(rows, np.concatenate([1 - nearest.distances, unknown], axis=1))

    def _by_hash(self, queries: Hashes) -> np.ndarray:
        """Returns the rows with the nearest hashes, int64 (n, c), nearest first; -1 if they differ in too many bits."""
        count, reference = len(queries.values), self._hashes
        width = min(_BY_HASH, len(reference.values))
        out = np.full((count, width), -1)
        step = max(1, _CELLS // len(reference.values))
        for start in range(0, count, step):
            block = slice(start, start + step)
            bits = np.bitwise_count(queries.values[block, None] ^ reference.values)  # uint8
            bits[:, ~reference.known] = 65
            bits[~queries.known[block]] = 65
            best = np.argpartition(bits, width - 1, axis=1)[:, :width]
            best = np.take_along_axis(best, np.argsort(np.take_along_axis(bits, best, axis=1), axis=1), axis=1)
            near = np.take_along_axis(bits, best, axis=1) <= self._hash_distance
            out[block] = np.where(near, best, -1)
        return out


def read_hashes(archive: Archive, ids: np.ndarray) -> Hashes:
    """Reads the perceptual hashes of these artworks, object (n,)."""
    values, known = np.zeros(len(ids), np.uint64), np.zeros(len(ids), bool)
    images = archive.table("images").find(ids.tolist(), ["id", "phash"]) if len(ids) else None
    places = {identifier: place for place, identifier in enumerate(ids.tolist())}
    for row in images.to_pylist() if images is not None else ():
        if row["phash"]:
            place = places[row["id"]]
            values[place], known[place] = int(row["phash"], 16), True
    return Hashes(values, known)
