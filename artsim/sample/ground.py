"""Textures that pictures are made on: canvas, laid paper, rice paper, watercolor paper; as factors of about 1."""

import numpy as np

from .field import grain, noise
from .outlines import Rng


def canvas(rng: Rng, size: tuple[int, int], depth: float = 0.05) -> np.ndarray:
    """A plain weave with slightly uneven threads: float32 (h, w)."""
    warp, weft = (np.sin(2 * np.pi / 3.2 * _uneven(rng, length)) for length in size)
    knots = 0.35 * grain(rng, size)
    return 1 + depth * (0.6 * weft[:, None] * warp + 0.25 * warp + (0.25 * weft)[:, None] + knots)


def _uneven(rng: Rng, length: int) -> np.ndarray:
    sway = np.interp(
        np.arange(length), np.arange(0, length + 40, 40), rng.normal(0, 0.8, length // 40 + 1 + (length % 40 > 0))
    )
    return np.asarray(np.arange(length) + sway, np.float32)


def laid(rng: Rng, size: tuple[int, int], depth: float = 0.03) -> np.ndarray:
    """Laid paper: close wire lines, wider chain lines, aged edges: float32 (h, w)."""
    width, height = size
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    wires = 0.5 * np.sin(y * (2 * np.pi / 4.1)) - 1.6 * np.exp(-26 * np.minimum(y, height - y) / height)
    chains = np.exp(-(((x % 86) - 43) ** 2) / 3) + 1.6 * np.exp(-26 * np.minimum(x, width - x) / width)
    return 1 + depth * (wires[:, None] - chains + noise(rng, size, 180, 3) + 0.4 * grain(rng, size))


def rough(rng: Rng, size: tuple[int, int], depth: float = 0.04) -> np.ndarray:
    """Rough watercolor paper lit from the side: float32 (h, w)."""
    pits = noise(rng, (size[0] + 1, size[1]), 5, 2)
    return 1 + depth * (1.6 * (pits[:, 1:] - pits[:, :-1]) + 0.3 * noise(rng, size, 240, 2))


def fibers(rng: Rng, size: tuple[int, int], depth: float = 0.03) -> np.ndarray:
    """Rice paper: cloudy, with long soft upright fibers: float32 (h, w)."""
    width, height = size
    long = noise(rng, (width, height // 8 + 1), 7, 2).repeat(8, axis=0)[:height]
    return 1 + depth * (0.5 * noise(rng, size, 150, 3) + 0.35 * long + 0.45 * grain(rng, size))
