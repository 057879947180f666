"""Exact nearest rows of a matrix, for many queries at once, and the k-nearest-neighbor graph."""

import numpy as np

from artsim.space.exact import KBest

_CHUNK = 8192  # vectors compared at a time


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
    Candidates come from float32 matrix products and are compared again in float64, so an answer does not depend on the
    other queries. Equal distances are ordered by row number. A zero vector has cosine distance 1 to
    everything, and an undefined distance is infinite. ``metric`` is one of ``artsim.metrics.distance.METRICS``.
    """
    best = KBest(queries, k + others, metric, sign=1.0, zero_distance=1.0)
    for start in range(0, len(vectors), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(vectors)))
        best.add(rows, vectors[rows[0] : rows[-1] + 1])
    indices, distances = best.results(k + others, np.int64)
    if others:
        own = indices == np.arange(len(queries))[:, None]
        own[~own.any(axis=1), -1] = True  # as many copies come first
        indices, distances = (values[~own].reshape(len(own), k) for values in (indices, distances))
    return indices, distances
