"""Decodes image files to small RGB pictures, and encodes pictures as JPEGs."""

import io
from collections.abc import Sequence

from PIL import Image

from artsim.vision.check import open_image, unread
from artsim.vision.upright import to_rgb

_MAX_PIXELS = 500_000_000  # the same limit as for feature extraction


def decoded(data: bytes, side: int) -> Image.Image:
    """Decodes image bytes to RGB, at most ``side`` pixels a side. Raises ``BadImage`` if they can't be read."""
    image = open_image(data, _MAX_PIXELS)
    try:
        image.draft("RGB", (side, side))
        image = to_rgb(image)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise any exception on damaged files
        raise unread(error, image) from error
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def renditions(data: bytes, sides: Sequence[int], quality: int) -> list[bytes]:
    """Returns JPEGs of an image with at most so many pixels a side, the largest first; decodes it once.

    Raises ``BadImage`` if it can't be read.
    """
    image, jpegs = decoded(data, sides[0]), list[bytes]()
    for side in sides:
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        jpegs.append(as_jpeg(image, quality))
    return jpegs


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """Encodes an RGB image as JPEG, without metadata. ``quality`` is Pillow's, 1 to 95."""
    plain = image.copy()
    plain.info.clear()
    sink = io.BytesIO()
    plain.save(sink, "JPEG", quality=quality, optimize=True)
    return sink.getvalue()
