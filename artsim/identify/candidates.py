"""Artworks of the reference that an artwork may reproduce: the nearest by features, and those with a near hash."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artsim.archive import Archive
from artsim.space.features import Space
from artsim.space.search import search

_ROWS = 8192  # artworks whose candidates are searched at a time
_CELLS = 1 << 24  # pairs of hashes compared at a time
_BY_HASH = 5  # the most candidates of an artwork by its hash

Where = tuple[int, str]  # shard and partition


@dataclass(frozen=True)
class Candidates:
    """The artworks ``ids`` of a partition, object (n,), and rows of the reference, int64 (n, c); -1 for none.

    ``similarities``, float64 (n, c), are cosines of the features; NaN where only the hash is near.
    """

    where: Where
    ids: np.ndarray
    rows: np.ndarray
    similarities: np.ndarray


class CandidateSearch:
    """Searches the artworks of ``reference_space`` whose ids are ``reference_ids``, object (m,)."""

    def __init__(
        self, space: Space, reference_space: Space, reference_ids: np.ndarray, *, public_only: bool, hash_distance: int
    ) -> None:
        self._space, self._reference_space = space, reference_space
        self._row_of = pd.Index(reference_ids)
        self._public_only = public_only
        self._hash_distance = hash_distance
        self._hashes, self._hashed = _hashes(reference_space.archive, reference_ids)

    def __call__(self, parts: Sequence[Where], k: int) -> Iterator[Candidates]:
        """Yields the artworks of each partition with their k nearest by features, then up to five by hash."""
        waiting: list[tuple[Where, np.ndarray, np.ndarray]] = []
        for number, where in enumerate(parts):
            block = next(self._space.blocks(public_only=self._public_only, parts=[where]), None)
            waiting.append((where, *(block or (np.empty(0, object), np.empty((0, 0), np.float32)))))
            if sum(len(ids) for _, ids, _ in waiting) >= _ROWS or number + 1 == len(parts):
                yield from self._search(waiting, k)
                waiting = []

    def _search(self, parts: Sequence[tuple[Where, np.ndarray, np.ndarray]], k: int) -> Iterator[Candidates]:
        queries = [vectors for _, ids, vectors in parts if len(ids)]
        if not queries:
            yield from (Candidates(where, ids, np.empty((0, 0), np.int64), np.empty((0, 0))) for where, ids, _ in parts)
            return
        blocks = self._reference_space.blocks(public_only=self._public_only)
        nearest = search(blocks, np.concatenate(queries), k)
        by_features = self._row_of.get_indexer(nearest.ids.ravel()).reshape(nearest.ids.shape)
        by_features[~np.isfinite(nearest.distances)] = -1  # a vector of zeros
        start = 0
        for where, ids, _ in parts:
            own = slice(start, start + len(ids))
            start += len(ids)
            by_hash = self._by_hash(ids)
            known = (by_hash[:, :, None] == by_features[own][:, None, :]).any(axis=2)
            rows = np.concatenate([by_features[own], np.where(known, -1, by_hash)], axis=1)
            unknown = np.full(by_hash.shape, np.nan)
            yield Candidates(where, ids, rows, np.concatenate([1 - nearest.distances[own], unknown], axis=1))

    def _by_hash(self, ids: np.ndarray) -> np.ndarray:
        """Returns the rows with the nearest hashes, int64 (n, c), nearest first; -1 if they differ in too many bits."""
        hashes, hashed = _hashes(self._space.archive, ids)
        width = min(_BY_HASH, len(self._hashes))
        out = np.full((len(ids), width), -1)
        step = max(1, _CELLS // len(self._hashes))
        for start in range(0, len(ids), step):
            queries = slice(start, start + step)
            bits = np.bitwise_count(hashes[queries, None] ^ self._hashes)  # uint8
            bits[:, ~self._hashed] = 65
            bits[~hashed[queries]] = 65
            best = np.argpartition(bits, width - 1, axis=1)[:, :width]
            best = np.take_along_axis(best, np.argsort(np.take_along_axis(bits, best, axis=1), axis=1), axis=1)
            near = np.take_along_axis(bits, best, axis=1) <= self._hash_distance
            out[queries] = np.where(near, best, -1)
        return out


def _hashes(archive: Archive, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the perceptual hashes of artworks, uint64 (n,), and which of them have one, bool (n,)."""
    hashes, hashed = np.zeros(len(ids), np.uint64), np.zeros(len(ids), bool)
    images = archive.table("images").find(ids.tolist(), ["id", "phash"]) if len(ids) else None
    places = {identifier: place for place, identifier in enumerate(ids.tolist())}
    for row in images.to_pylist() if images is not None else ():
        if row["phash"]:
            place = places[row["id"]]
            hashes[place], hashed[place] = int(row["phash"], 16), True
    return hashes, hashed
