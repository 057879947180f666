"""Pictures made for the tests of vision: smooth shapes with detail, in any format and mode."""

import io

import numpy as np
from PIL import Image


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """An RGB picture with large shapes and some texture, as photographs of paintings have."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = Image.fromarray(rng.integers(0, 255, (height // 6 + 1, width // 6 + 1), np.uint8))
    texture = grain.resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
    return Image.blend(coarse, texture, 0.25)


def encoded(image: Image.Image, form: str = "JPEG", **settings: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, form, **settings)
    return sink.getvalue()
