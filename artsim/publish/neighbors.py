"""The nearest artworks of every artwork, computed once and cut into small files."""

from collections.abc import Iterator

import numpy as np

from artsim.publish.arrays import little_endian
from artsim.publish.draft import Draft
from artsim.space.exact import KBest
from artsim.web.vectors import Vectors

CHUNK = 500  # artworks of a file
NONE = 0xFFFFFFFF  # the neighbor of an artwork that has fewer
_QUERIES = 8 * CHUNK
_BLOCK_ROWS = 8192  # vectors compared at a time


def write_neighbors(vectors: Vectors, count: int, k: int, folder: str, draft: Draft) -> None:
    """Writes a file for each ``CHUNK`` of ``count`` artworks: k numbers each, uint32, then k distances each, float32.

    Distances are cosine; equal ones are ordered by number, as the server orders them.
    """
    for first, numbers, distances in _nearest(vectors, count, k):
        for start in range(0, len(numbers), CHUNK):
            rows = slice(start, start + CHUNK)
            content = little_endian(numbers[rows]) + little_endian(distances[rows])
            draft.write(f"{folder}/{(first + start) // CHUNK}.bin", content)


def read_neighbors(draft: Draft, folder: str, number: int, k: int) -> np.ndarray:
    """Returns the neighbors of each artwork in a file, uint32 (rows, k)."""
    content = draft.read(f"{folder}/{number}.bin")
    return np.frombuffer(content, "<u4", len(content) // 8).reshape(-1, k)


def _nearest(vectors: Vectors, count: int, k: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yields the first number of a block, and its neighbors and distances, both of shape (rows, k)."""
    for first in range(0, count, _QUERIES):
        size = min(_QUERIES, count - first)
        numbers = np.full((size, k), NONE, np.uint32)
        distances = np.full((size, k), np.nan, np.float32)
        low, high = np.searchsorted(vectors.numbers, [first, first + size])
        if high > low:
            own = vectors.numbers[low:high].astype(np.int64)
            neighbors, values = _others(vectors, own, vectors.matrix[low:high], k)
            width = neighbors.shape[1]
            numbers[own - first, :width] = neighbors
            distances[own - first, :width] = values
        yield first, numbers, distances


def _others(vectors: Vectors, own: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each query besides itself; fewer if there are fewer vectors."""
    width = min(k + 1, len(vectors.numbers))
    best = KBest(np.asarray(queries), width, "cosine", sign=1.0, zero_distance=1.0)
    for start in range(0, len(vectors.numbers), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        best.add(vectors.numbers[rows].astype(np.int64), np.asarray(vectors.matrix[rows]))
    neighbors, distances = best.results(width, np.int64)
    is_own = neighbors == own[:, None]
    is_own[~is_own.any(axis=1), -1] = True  # as many copies come first
    kept = ~is_own
    return neighbors[kept].reshape(len(own), width - 1), distances[kept].reshape(len(own), width - 1)
