"""Places artworks on an existing map, without moving the others."""

import numpy as np

from artsim.space.graph import nearest_rows

NEAREST = 5  # fitted artworks that decide where another one goes


def place(vectors: np.ndarray, fitted: np.ndarray, positions: np.ndarray, metric: str) -> np.ndarray:
    """Returns positions of new vectors, float32 (q, d), on a map: float32 (q, 2).

    ``fitted``, float32 (n, d), and ``positions``, float32 (n, 2), are the vectors and positions that made the map. A
    new vector goes to the mean position of the ``NEAREST`` fitted vectors, weighted by inverse distance; a copy of
    fitted vectors to their mean. No vector depends on the others in ``vectors``.
    """
    indices, distances = nearest_rows(vectors, fitted, min(NEAREST, len(fitted)), metric)
    copies = distances == 0
    with np.errstate(divide="ignore"):
        weights = np.where(copies.any(axis=1, keepdims=True), copies, 1.0 / distances)
    weights[~np.isfinite(distances)] = 0.0
    weights[~weights.any(axis=1)] = 1.0  # the metric is undefined for this vector
    weights /= weights.sum(axis=1, keepdims=True)
    return (positions[indices].astype(np.float64) * weights[:, :, None]).sum(axis=1).astype(np.float32)
