"""What near means wherever something is measured: distances in float64, and how many vectors are nearer than another.

Two distances that differ by no more than rounding does are as near as one another.
"""

import numpy as np
from scipy.spatial.distance import cdist

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
    """Between the rows of a, (p, d), and b, (q, d): float64 (p, q), as scipy's cdist; NaN where there is none.

    In cosine a vector of zeros is at a right angle to everything, so that a model that maps all images to it puts them
    in no order.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if metric == "cosine":
        return 1.0 - _unit(a) @ _unit(b).T
    out = cdist(a, b, metric)
    out[~np.isfinite(a).all(1)] = np.nan  # chebyshev and jensenshannon overlook NaN
    out[:, ~np.isfinite(b).all(1)] = np.nan
    return out


def rounding(dimension: int, dtype: type[np.floating] = np.float64) -> float:
    """By how much two cosines may differ that are the same: the error of two dot products of ``dimension`` terms.

    Twice n u (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), and the norms'.
    """
    return (dimension + 16) * float(np.finfo(dtype).eps)


def ahead(away: np.ndarray, bound: np.ndarray, slack: np.ndarray | float) -> np.ndarray:
    """How many of each row of ``away``, (n, k), are nearer than its ``bound``, (n,): float64 (n,).

    What is within ``slack``, (n,) or one number, counts half: a tie; NaN is never nearer.
    """
    gap = away - bound[:, None]
    tolerance = np.broadcast_to(slack, bound.shape)[:, None]
    return (gap < -tolerance).sum(1) + (np.abs(gap) <= tolerance).sum(1) / 2


def _unit(matrix: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return matrix / np.where(norms == 0, 1.0, norms)
