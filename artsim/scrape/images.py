"""Bytes to the columns of an images row: proof that they are an image, hashes, a smaller copy if that was asked for."""

import hashlib
import io
from typing import Any

from PIL import Image

from artsim.vision.check import check_image, open_image, unread
from artsim.vision.phash import perceptual_hash
from artsim.vision.upright import to_rgb

_QUALITY = 92  # of the JPEGs that --resize makes


def image_columns(data: bytes, max_pixels: int, resize: int | None) -> dict[str, Any]:
    """``bytes``, untouched, and what describes them; with ``resize`` those of a copy whose long side is that long.

    Decodes and hashes, a few milliseconds; for threads. BadImage: see check_image.
    """
    if resize and max(open_image(data, max_pixels).size) > resize:
        return _shrunk(data, max_pixels, resize)
    image = check_image(data, max_pixels)
    return _columns(data, image.content_type, (image.width, image.height), image.phash)


def _shrunk(data: bytes, max_pixels: int, long_side: int) -> dict[str, Any]:
    """A smaller copy, upright; made from one decode, which is as small as the decoder can make it without loss."""
    image = open_image(data, max_pixels)
    scale = long_side / max(image.size)
    try:
        image.draft("RGB", (max(round(image.width * scale), 1), max(round(image.height * scale), 1)))
        copy = to_rgb(image)
        copy.thumbnail((long_side, long_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        sink = io.BytesIO()
        copy.save(sink, "JPEG", quality=_QUALITY)
    except MemoryError:
        raise  # of this machine, not of the image
    except Exception as error:  # decoders raise what they like
        raise unread(error, image) from error
    return _columns(sink.getvalue(), "image/jpeg", copy.size, perceptual_hash(copy.convert("L")))


def _columns(data: bytes, content_type: str, size: tuple[int, int], phash: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    about = {"content_type": content_type, "width": size[0], "height": size[1], "phash": phash}
    return {**about, "sha256": digest, "bytes": data}
