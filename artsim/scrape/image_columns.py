"""Turns bytes into the columns of an images row: checks and hashes the image, and shrinks it if requested."""

import hashlib
import io
from typing import Any

from PIL import Image

from artsim.vision.check import check_image, open_image, unread
from artsim.vision.phash import perceptual_hash
from artsim.vision.upright import to_rgb

_QUALITY = 92  # of the JPEGs that --resize makes


def image_columns(data: bytes, max_pixels: int, resize: int | None) -> dict[str, Any]:
    """Returns ``bytes``, unchanged, and the columns that describe them.

    If an image has a side longer than ``resize`` pixels, a copy whose long side has that length replaces it.
    Takes a few milliseconds, so call it in a thread. Raises ``BadImage`` as ``check_image`` does.
    """
    if resize and max(open_image(data, max_pixels).size) > resize:
        return _resized_columns(data, max_pixels, resize)
    image = check_image(data, max_pixels)
    return _columns(data, image.content_type, (image.width, image.height), image.phash)


def _resized_columns(data: bytes, max_pixels: int, long_side: int) -> dict[str, Any]:
    """Returns the columns of a smaller, upright copy. Decodes once, as small as the decoder can without loss."""
    image = open_image(data, max_pixels)
    scale = long_side / max(image.size)
    try:
        image.draft("RGB", (max(round(image.width * scale), 1), max(round(image.height * scale), 1)))
        copy = to_rgb(image)
        copy.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        jpeg = io.BytesIO()
        copy.save(jpeg, "JPEG", quality=_QUALITY)
    except MemoryError:
        raise  # a problem of this machine, not of the image
    except Exception as error:  # decoders raise exceptions of any type
        raise unread(error, image) from error
    return _columns(jpeg.getvalue(), "image/jpeg", copy.size, perceptual_hash(copy.convert("L")))


def _columns(data: bytes, content_type: str, size: tuple[int, int], phash: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    description = {"content_type": content_type, "width": size[0], "height": size[1], "phash": phash}
    return {**description, "sha256": digest, "bytes": data}
