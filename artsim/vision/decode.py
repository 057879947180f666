"""Decodes image bytes to the square of pixels that a network reads, scaled in the decoder where that is safe."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from artsim.vision.backbones import Input
from artsim.vision.check import open_image, unread
from artsim.vision.upright import to_rgb

_MAX_PIXELS = 500_000_000  # an archive may be older than the limits of today's scraper


def decode(data: bytes, inputs: Sequence[Input], exact: bool = False) -> list[np.ndarray]:
    """Decodes once for several networks: returns, for each input, a uint8 array of shape (size, size, 3).

    The decoder scales a JPEG down to what the largest input needs, unless ``exact``. The crop equals timm's evaluation
    transform (short side to size / crop, center crop). Raises ``BadImage`` if the bytes can't be read.
    """
    image = open_image(data, _MAX_PIXELS)
    try:
        if image.format == "JPEG" and not exact:
            image.draft("RGB", _least_size(image.size, inputs))
        rgb = to_rgb(image)
    except MemoryError:
        raise  # a problem of this machine, not of the image
    except Exception as error:
        raise unread(error, image) from error
    pixels = torch.from_numpy(np.array(rgb))
    return [_crop(pixels, wanted) for wanted in inputs]


def _least_size(size: tuple[int, int], inputs: Sequence[Input]) -> tuple[int, int]:
    """Returns the width and height below which the decoder must not scale."""
    short = max(round(wanted.size / wanted.crop) for wanted in inputs)
    scale = max(short / min(size), 0.0)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _middle(pixels: torch.Tensor) -> torch.Tensor:
    """Returns the middle of a strip: pixels far outside the crop cost memory and are never used."""
    height, width = pixels.shape[:2]
    reach = 32 * min(height, width)
    top, left = max(height - reach, 0) // 2, max(width - reach, 0) // 2
    return pixels[top : height - top, left : width - left]


def _crop(pixels: torch.Tensor, wanted: Input) -> np.ndarray:
    """Scales pixels of shape (height, width, 3), and crops them around the center.

    Uses torch, which resamples bytes in half of Pillow's time. Only one value in hundreds differs.
    """
    if not wanted.squash:
        pixels = _middle(pixels)
    height, width = pixels.shape[:2]
    short = int(wanted.size / wanted.crop)
    if wanted.squash:
        scaled = (short, short)
    else:
        scaled = (int(short * height / width), short) if width < height else (short, int(short * width / height))
    image = functional.interpolate(
        pixels.permute(2, 0, 1)[None], scaled, mode="bicubic" if wanted.bicubic else "bilinear", antialias=True
    )
    top, left = (round((side - wanted.size) / 2.0) for side in scaled)
    return image[0].permute(1, 2, 0)[top : top + wanted.size, left : left + wanted.size].numpy()
