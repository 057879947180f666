"""Converts numbers of any bit depth to the 256 levels of a picture."""

import numpy as np

_BITS = (1, 8, 10, 12, 14, 16)  # depths that cameras and scanners use, whatever type the file stores


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Converts any numbers to uint8: integers by their actual bit depth, fractions from the range 0 to 1.

    Other values (negative or larger numbers) are scaled from their own minimum and maximum. NaN becomes black.
    """
    if values.dtype == np.uint8:
        return values
    low, high = _range(values)
    out = np.empty(values.shape, np.uint8)
    for row in range(0, len(values), 256):  # a few rows at a time: float32 takes four times the memory
        block = np.nan_to_num(values[row : row + 256].astype(np.float32), nan=low, posinf=high, neginf=low)
        out[row : row + 256] = np.clip((block - low) * (255.0 / max(high - low, 1e-30)) + 0.5, 0, 255).astype(np.uint8)
    return out


def _range(values: np.ndarray) -> tuple[float, float]:
    whole = values.dtype.kind in "iub"
    finite = values if whole else values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low < 0 or high > 65535:
        return low, high
    if not whole and high <= 1:
        return 0.0, 1.0
    return 0.0, next((1 << bits) - 1.0 for bits in _BITS if high < 1 << bits)
