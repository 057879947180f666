"""Meanrank: the mean rank of each annotation's positive among its candidates, by distance to the anchor.

With seven negatives, 1 is perfect and 4.5 is chance.
"""

import numpy as np

from artsim.metrics.distance import ahead, distances, rounding

_BLOCK = 8  # annotations gathered at a time: their vectors fit the CPU cache
_SHORTEST = 1e-15  # the shortest vector whose squared length float32 represents well


def ranks(vectors: np.ndarray, judged: np.ndarray, metric: str = "cosine") -> np.ndarray:
    """The rank of each positive, float64 (n,); 1 is the nearest.

    ``vectors`` is (m, d); ``judged``, int (n, 1 + k), holds row numbers of it: anchor, positive, the other candidates;
    -1 is a missing negative, which is never nearer. ``metric`` is one of ``distance.METRICS``. Ties take the average
    rank. A candidate without a distance (a NaN vector) ranks last; so does the positive if it or the anchor is NaN,
    whatever the others are. A model that maps all images to one point scores (1 + k) / 2, one that returns NaN scores
    k.
    """
    dimension, last = vectors.shape[1], (judged[:, 1:] >= 0).sum(1)
    if metric != "cosine":
        candidate_distances = np.array([distances(vectors[row[:1]], vectors[row[1:]], metric)[0] for row in judged])
        candidate_distances = candidate_distances.reshape(len(judged), judged.shape[1] - 1)
        candidate_distances[judged[:, 1:] < 0] = np.nan
        farthest = np.max(np.abs(candidate_distances), axis=1, where=np.isfinite(candidate_distances), initial=0.0)
        return _positions(candidate_distances, rounding(dimension) * farthest, last)
    # float32 is twice as fast, and enough for most annotations
    candidate_distances = _cosine_distances(vectors, judged, np.float32)
    out = _positions(candidate_distances, 0.0, last)
    is_clear = (np.abs(candidate_distances[:, 1:] - candidate_distances[:, :1]) > rounding(dimension, np.float32)) | (
        judged[:, 2:] < 0
    )
    unclear_rows = np.flatnonzero(~is_clear.all(1))  # includes NaN
    missing = judged[unclear_rows] < 0
    used_rows, places = np.unique(np.where(missing, 0, judged[unclear_rows]), return_inverse=True)
    candidate_distances = _cosine_distances(
        vectors[used_rows], np.where(missing, -1, places.reshape(-1, judged.shape[1])), np.float64
    )
    out[unclear_rows] = _positions(candidate_distances, rounding(dimension), last[unclear_rows])
    return out


def _positions(candidate_distances: np.ndarray, slack: np.ndarray | float, last: np.ndarray) -> np.ndarray:
    """The rank of the first column of each row, float64 (n,); distances within ``slack`` tie; ``last`` if it is NaN."""
    return np.where(
        np.isnan(candidate_distances[:, 0]),
        last,
        1 + ahead(candidate_distances[:, 1:], candidate_distances[:, 0], slack),
    )


def _cosine_distances(vectors: np.ndarray, judged: np.ndarray, dtype: type[np.floating]) -> np.ndarray:
    """Distances from each anchor to its candidates, (n, k); NaN if missing, or if float32 is not precise enough."""
    out = np.empty((len(judged), judged.shape[1] - 1), dtype)
    buffer = np.empty((_BLOCK, judged.shape[1], vectors.shape[1]), vectors.dtype)
    with np.errstate(all="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=dtype, casting="same_kind"))
        if dtype == np.float32:
            norms[norms < _SHORTEST] = np.nan
        else:
            norms[norms == 0] = 1.0  # orthogonal to everything, as in ``distances``
        for start in range(0, len(judged), _BLOCK):
            rows = judged[start : start + _BLOCK]
            lengths, gathered = norms[rows], buffer[: len(rows)]
            # Mode "raise" would copy again, and norms[rows] has already checked the row numbers.
            vectors.take(rows, axis=0, out=gathered, mode="wrap")
            gathered = gathered.astype(dtype, copy=False)
            dots = np.matmul(gathered[:, 1:], gathered[:, 0, :, None])[..., 0]
            out[start : start + _BLOCK] = 1 - dots / (lengths[:, 1:] * lengths[:, :1])
    out[judged[:, 1:] < 0] = np.nan
    return out
