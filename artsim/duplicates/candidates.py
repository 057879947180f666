"""Pairs of images that may be duplicates: near by perceptual hash, or by features."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from artsim.duplicates.hashes import near_hashes
from artsim.space.features import Block
from artsim.space.graph import nearest_rows
from artsim.space.search import chunks

_CHUNK = 65_536  # vectors held twice
_MAX_EQUAL_HASHES = 4  # images that an image is compared with among those of the same hash: blank pages share one


def by_hash(hashes: np.ndarray, max_bits: int) -> np.ndarray:
    """Returns pairs of rows of ``hashes``, uint64 (n,), that differ in at most ``max_bits`` bits: int64 (p, 2), i < j.

    Of many equal hashes, only the first is compared with other hashes, and each with the next four.
    """
    values, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    pairs = [first[near_hashes(values, max_bits)].reshape(-1, 2)]
    for gap in range(1, min(_MAX_EQUAL_HASHES, len(order) - 1) + 1):
        same = inverse[order[:-gap]] == inverse[order[gap:]]
        pairs.append(np.column_stack([order[:-gap][same], order[gap:][same]]))
    return _unique(np.concatenate(pairs), len(hashes))


def by_vectors(
    blocks: Callable[[], Iterator[Block]],
    rows_of: Callable[[np.ndarray], np.ndarray],
    count: int,
    k: int,
    max_distance: float,
) -> np.ndarray:
    """Returns pairs of rows, i < j below ``count``: each row and its k nearest within cosine distance ``max_distance``.

    ``blocks`` starts to read the vectors from the beginning; ``rows_of`` maps their ids to rows, -1 for none.
    Int64 (p, 2). At most 131,072 vectors are in memory.
    """
    pairs = [np.empty((0, 2), np.int64)]
    for number, (rows, queries) in enumerate(chunks(_wanted(blocks(), rows_of), _CHUNK)):
        row_blocks, distance_blocks = [np.empty((len(rows), 0), np.int64)], [np.empty((len(rows), 0))]
        for other, (others, vectors) in enumerate(chunks(_wanted(blocks(), rows_of), _CHUNK)):
            own = number == other
            if len(others) > own:
                indices, distances = nearest_rows(queries, vectors, min(k, len(others) - own), others=own)
                row_blocks.append(others[indices])
                distance_blocks.append(distances)
        all_rows, all_distances = np.concatenate(row_blocks, axis=1), np.concatenate(distance_blocks, axis=1)
        best = np.argsort(all_distances, axis=1, kind="stable")[:, :k]
        near = np.take_along_axis(all_distances, best, axis=1) <= max_distance
        neighbor_rows = np.take_along_axis(all_rows, best, axis=1)
        pairs.append(np.column_stack([np.repeat(rows, near.sum(axis=1)), neighbor_rows[near]]))
    return _unique(np.concatenate(pairs), count)


def _wanted(blocks: Iterable[Block], rows_of: Callable[[np.ndarray], np.ndarray]) -> Iterator[Block]:
    """Yields the blocks with rows instead of ids, without those that are not wanted."""
    for ids, vectors in blocks:
        rows = rows_of(ids)
        yield rows[rows >= 0], vectors[rows >= 0]


def _unique(pairs: np.ndarray, count: int) -> np.ndarray:
    """Sorts each pair and removes repeated ones."""
    low, high = pairs.min(axis=1, initial=count), pairs.max(axis=1, initial=0)
    return np.column_stack(np.divmod(np.unique(low * count + high), max(count, 1)))
