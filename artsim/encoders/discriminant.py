"""A linear embedding in closed form that separates images and ignores how matching images differ."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh


class Covariance(NamedTuple):
    """The distribution of vectors, judged or not: ``mean``, float64 (d,), and ``covariance``, float64 (d, d)."""

    mean: np.ndarray
    covariance: np.ndarray


def mean_and_covariance(vectors: np.ndarray) -> Covariance:
    """Returns the mean and covariance of ``vectors``, (m, d)."""
    return Covariance(vectors.mean(0, dtype=np.float64), np.atleast_2d(np.cov(vectors.T, bias=True, dtype=np.float64)))


def discriminant(
    vectors: np.ndarray, judged: np.ndarray, total: np.ndarray, dimensions: int, shrinkage: float
) -> np.ndarray:
    """A matrix W, float64 of shape (d, dimensions): embeddings are ``(vectors - mean) @ W``.

    ``vectors``, (m, d); ``judged``, int (n, 2 or more): rows of anchors and positives; ``total``, (d, d): covariance of
    all images. The columns are the directions v with the largest w in ``total v = w within v``. ``within``, the
    within-pair covariance, is half the second moment of anchor minus positive (relevant component analysis: Bar-Hillel
    et al., JMLR 2005; of Fisher's discriminant, 1936), shrunk by ``shrinkage`` toward a multiple of the identity
    (Ledoit and Wolf, 2004). Each direction is scaled by the square root of w, which weakens
    directions gradually instead of removing them.
    """
    differences = (vectors[judged[:, 0]] - vectors[judged[:, 1]]).astype(np.float64)
    within = differences.T @ differences / (2 * len(differences))
    size = len(within)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / size * np.eye(size)
    weights, directions = eigh(total, within, subset_by_index=[max(size - dimensions, 0), size - 1])
    return (directions * np.sqrt(np.maximum(weights, 0.0)))[:, ::-1]
