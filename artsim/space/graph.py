"""Exact nearest rows of a matrix, for many queries at once, and the k-nearest-neighbour graph."""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from artsim.metrics.vectors import unit_length

_CELLS = 1 << 25  # distances held at a time
_SPARE = 8  # candidates beyond k, so that float32 rounding does not exclude one of the k nearest


def knn_graph(vectors: np.ndarray, k: int, metric: str = "cosine") -> tuple[np.ndarray, np.ndarray]:
    """Returns the k nearest other rows of each row of ``vectors``, float32 (n, d), nearest first.

    Row numbers, int64, and distances, float64, both of shape (n, k); k is at most n - 1. See ``nearest_rows``.
    """
    return nearest_rows(vectors, vectors, min(k, len(vectors) - 1), metric, others=True)


def nearest_rows(
    queries: np.ndarray, vectors: np.ndarray, k: int, metric: str = "cosine", *, others: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the k rows of ``vectors``, float32 (n, d), nearest to each query, float32 (q, d), nearest first.

    Row numbers, int64, and distances, float64, both of shape (q, k). With ``others``, row i is no answer to query i.
    Candidates come from float32 matrix products in blocks and are compared again in float64, so an answer does not
    depend on the other queries. Equal distances are ordered by row number. A zero vector has cosine distance 1 to
    everything, and an undefined distance is infinite. ``metric`` is one of ``artsim.metrics.distance.METRICS``.
    """
    by_product = metric in ("cosine", "euclidean", "sqeuclidean")
    if metric == "cosine":
        queries, vectors = (unit_length(rows.astype(np.float64)) for rows in (queries, vectors))
    directed = [np.asarray(rows.any(axis=1)) for rows in (queries, vectors)] if metric == "cosine" else None
    rough = _rough(queries, vectors, None if directed is None else ~directed[1]) if by_product else None
    indices, distances = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
    wanted = min(k + _SPARE, len(vectors) - others)
    step = max(_CELLS // max(len(vectors), 1), 1)
    for start in range(0, len(queries), step):
        stop = min(start + step, len(queries))
        if rough is None:
            block = cdist(queries[start:stop], vectors, metric)
            block[np.isnan(block)] = np.inf
        else:
            block = rough(start, stop)
        if others:
            block[np.arange(stop - start), np.arange(start, stop)] = np.inf
        found = _smallest(block, wanted)
        if by_product:
            exact = _squared(queries[start:stop], vectors, found)
            if metric == "euclidean":
                exact = np.sqrt(exact)
            elif directed is not None:
                exact = np.where(directed[0][start:stop, None] & directed[1][found], exact / 2, 1.0)
        else:
            exact = np.take_along_axis(block, found, axis=1)
        order = np.lexsort((found, exact), axis=1)[:, :k]
        indices[start:stop] = np.take_along_axis(found, order, axis=1)
        distances[start:stop] = np.take_along_axis(exact, order, axis=1)
    return indices, distances


def _rough(queries: np.ndarray, vectors: np.ndarray, zeros: np.ndarray | None) -> Callable[[int, int], np.ndarray]:
    """Returns a function of a range of queries: their squared distances up to a constant of each, float32 (q, n).

    ``zeros``, bool (n,), are vectors without a direction among others of length 1.
    """
    import torch

    center = vectors.mean(axis=0)  # less cancellation
    left, right = (torch.from_numpy((rows - center).astype(np.float32)) for rows in (queries, vectors))
    squares = (right * right).sum(dim=1)
    if zeros is not None:
        squares += torch.from_numpy(zeros)
    return lambda start, stop: torch.addmm(squares, left[start:stop], right.T, alpha=-2.0).numpy()


def _smallest(block: np.ndarray, count: int) -> np.ndarray:
    """The columns of the ``count`` smallest values of each row, int64 (q, count), in no order."""
    import torch

    return torch.topk(torch.from_numpy(block), count, largest=False, sorted=False).indices.numpy()


def _squared(queries: np.ndarray, vectors: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The squared euclidean distance of each query to its candidates, float64 of the shape of ``found``."""
    out = np.empty(found.shape)
    step = max((_CELLS >> 2) // max(found.shape[1] * vectors.shape[1], 1), 1)
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        gaps = vectors[found[rows]].astype(np.float64) - queries[rows, None].astype(np.float64)
        out[rows] = np.square(gaps).sum(axis=2)
    return out
