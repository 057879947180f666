"""Distances in float64, and counts of vectors that are nearer than a bound.

Distances that differ by no more than the rounding error are ties.
"""

import numpy as np
from scipy.spatial.distance import cdist

from artsim.metrics.vectors import unit_length

METRICS = (
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "euclidean",
    "jensenshannon",
    "minkowski",
    "sqeuclidean",
)


def distances(a: np.ndarray, b: np.ndarray, metric: str = "cosine") -> np.ndarray:
    """Distances between the rows of a, (p, d), and b, (q, d): float64 (p, q), as scipy's cdist; NaN if undefined.

    For cosine, a zero vector is orthogonal to everything, so a model that maps all images to zero ranks them as equal.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if metric == "cosine":
        return 1.0 - unit_length(a) @ unit_length(b).T
    out = cdist(a, b, metric)
    out[~np.isfinite(a).all(1)] = np.nan  # chebyshev and jensenshannon ignore NaN
    out[:, ~np.isfinite(b).all(1)] = np.nan
    return out


def rounding(dimension: int, dtype: type[np.floating] = np.float64) -> float:
    """The largest rounding difference of two equal cosines: the error of two dot products of ``dimension`` terms.

    Twice n u (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), plus the error of the norms.
    """
    return (dimension + 16) * float(np.finfo(dtype).eps)


def ahead(candidate_distances: np.ndarray, bound: np.ndarray, slack: np.ndarray | float) -> np.ndarray:
    """Counts the values of each row of ``candidate_distances``, (n, k), below its ``bound``, (n,): float64 (n,).

    Values within ``slack`` of the bound, (n,) or one number, are ties and count half; NaN never counts.
    """
    gap = candidate_distances - bound[:, None]
    tolerance = np.broadcast_to(slack, bound.shape)[:, None]
    return (gap < -tolerance).sum(1) + (np.abs(gap) <= tolerance).sum(1) / 2
