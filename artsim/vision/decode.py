"""Image bytes to the square of pixels that a network wants, scaled in the decoder where that is safe."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from artsim.vision.backbones import Input
from artsim.vision.check import BadImage, open_image
from artsim.vision.upright import to_rgb

_MAX_PIXELS = 500_000_000  # the archive may be older than the limits of today's scrape


def decode(data: bytes, inputs: Sequence[Input], exact: bool = False) -> list[np.ndarray]:
    """One decoding for several networks: for each input a uint8 array of shape (size, size, 3).

    A JPEG is scaled down by the decoder to the largest input's need, unless ``exact``. The crop equals timm's
    evaluation transform (short side to size / crop, centre crop). BadImage if the bytes can't be read.
    """
    image = open_image(data, _MAX_PIXELS)
    try:
        if image.format == "JPEG" and not exact:
            image.draft("RGB", _least_size(image.size, inputs))
        image = to_rgb(image)
        return [_crop(image, wanted) for wanted in inputs]
    except Exception as error:
        raise BadImage("corrupt", f"damaged {image.format}: {error}") from error


def _least_size(size: tuple[int, int], inputs: Sequence[Input]) -> tuple[int, int]:
    """Width and height below which the decoder must not go."""
    short = max(round(wanted.size / wanted.crop) for wanted in inputs)
    scale = max(short / min(size), 0.0)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _crop(image: Image.Image, wanted: Input) -> np.ndarray:
    """Scale and centre crop in one resampling: the box is the crop in the source's own coordinates."""
    width, height = image.size
    short = int(wanted.size / wanted.crop)
    if wanted.squash:
        scaled = (short, short)
    else:
        scaled = (short, int(short * height / width)) if width < height else (int(short * width / height), short)
    left, top = (round((side - wanted.size) / 2.0) for side in scaled)
    x, y = width / scaled[0], height / scaled[1]
    box = (left * x, top * y, (left + wanted.size) * x, (top + wanted.size) * y)
    method = Image.Resampling.BICUBIC if wanted.bicubic else Image.Resampling.BILINEAR
    return np.asarray(image.resize((wanted.size, wanted.size), method, box=_within(box, image.size)))


def _within(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The box without what rounding put outside the image."""
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1]))
