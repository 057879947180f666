"""Arithmetic on vectors that metrics, spaces and extraction share."""

import numpy as np


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Returns the vectors (n, d), each scaled to length 1; a zero vector stays zero, and NaN stays NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths == 0, 1.0, lengths)
