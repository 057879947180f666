"""Pictures with detail, and their copies."""

import io

import numpy as np
from PIL import Image


def painting(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """Returns random strokes of several sizes, RGB."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 255, (n, n, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC))
        for n in (5, 15, 40)
    ]
    mean = np.mean(layers, axis=0)
    return Image.fromarray(((mean - 128) * 1.6 + 128).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, quality=92)
    return sink.getvalue()
