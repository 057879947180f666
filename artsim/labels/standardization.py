"""The standardization of vectors: each dimension has mean 0 and standard deviation 1; constant ones become 0."""

import numpy as np


def standardization(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the scale, float64 (d,), that standardize vectors (n, d): (x - mean) * scale."""
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    scale = 1 / np.where(deviation > 1e-6 * max(deviation.max(initial=0), 1e-30), deviation, np.inf)
    return mean, scale


def standardized(x: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Returns standardized vectors, float32 (n, d)."""
    return ((x - mean.astype(np.float32)) * scale.astype(np.float32)).astype(np.float32)
