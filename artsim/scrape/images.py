"""Verified bytes to the columns of an images row: what they are, their hashes, a smaller copy if that was asked for."""

import hashlib
from typing import Any

from artsim.scrape.verdict import Failure, Verdict
from artsim.vision.check import BadImage, check_image, open_image, resize_image


def image_columns(data: bytes, max_pixels: int, resize: int | None) -> dict[str, Any]:
    """``bytes`` and what describes them. With ``resize`` the long side is at most so many pixels.

    Decodes and hashes, a few milliseconds; for threads. Failure: ``not_image``, ``corrupt`` or ``bomb``.
    """
    try:
        checked = check_image(data, max_pixels)
        columns = {"content_type": checked.content_type, "width": checked.width, "height": checked.height}
        if resize and max(checked.width, checked.height) > resize:
            data = resize_image(data, resize)
            columns["content_type"] = "image/jpeg"
            columns["width"], columns["height"] = open_image(data).size
    except BadImage as bad:
        raise Failure(Verdict(bad.status, bad.detail)) from bad
    return {**columns, "phash": checked.phash, "sha256": hashlib.sha256(data).hexdigest(), "bytes": data}
