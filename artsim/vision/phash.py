"""The perceptual hash of an image: near duplicates differ in few of its 64 bits."""

import numpy as np
from PIL import Image

_SIDE = 32
_COSINES = np.cos(np.pi / _SIDE * np.outer(np.arange(8), np.arange(_SIDE) + 0.5)).astype(np.float32)


def perceptual_hash(gray: Image.Image) -> str:
    """Returns 64 bits as 16 hex digits: which of the lowest 8 x 8 cosine terms of the image exceed their median.

    Equals ImageHash's ``phash`` (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010)
    except for the filter of the 32 x 32 copy. It is implemented here because it runs for every fetched image, and the
    library's version takes a fifth of the scraper's time per image.
    """
    small = gray.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    low = _COSINES @ np.asarray(small, np.float32) @ _COSINES.T
    middle = np.sort(low, axis=None)[31:33]  # np.median takes much longer
    return np.packbits(low > (middle[0] + middle[1]) / 2).tobytes().hex()
