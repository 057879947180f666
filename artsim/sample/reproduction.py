"""Simulates photographs of artworks: resized, slightly cropped, toned and recompressed, as near duplicates."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from .outlines import Rng


def reproduced(original: Image.Image, path: Path, rng: Rng) -> None:
    """Save a simulated photograph of a picture, as a JPEG."""
    width, height = original.size
    trim = rng.uniform(0.0, 0.025, 4) * (width, height, width, height)
    box = (trim[0], trim[1], width - trim[2], height - trim[3])
    scale = float(rng.uniform(0.62, 0.95))
    size = round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale)
    taken = original.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=box)
    if rng.random() < 0.4:
        taken = taken.filter(ImageFilter.GaussianBlur(0.7))
    # a warm or cool lamp that lights one side more than the other
    cast = 1 + rng.normal(0, 0.03, 3).astype(np.float32)
    side = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :, None] * np.float32(rng.normal(0, 0.04))
    lit = np.asarray(taken, dtype=np.float32) * (cast + side) * float(rng.uniform(0.93, 1.06))
    grain = rng.standard_normal((size[1], size[0], 1), dtype=np.float32) * float(rng.uniform(0, 2.5))
    Image.fromarray(np.clip(lit + grain, 0, 255).astype(np.uint8)).save(path, quality=int(rng.integers(62, 84)))
