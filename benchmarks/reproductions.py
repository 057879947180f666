"""Reproductions of paintings as books show them: in gray, details, framed, with a color cast, compressed, halftone."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.copies import cast, compressed, framed, grayscale

_PERIOD = 4.0  # pixels between the dots of a halftone
_DETAIL = 0.6  # share of the width and of the height


def detail(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cuts out 60% of the width and of the height, at a random place: 36% of the area."""
    width, height = (round(_DETAIL * side) for side in image.size)
    left, top = (int(rng.integers(0, side - kept + 1)) for side, kept in zip(image.size, (width, height), strict=True))
    return image.crop((left, top, left + width, top + height))


def halftone(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Prints the image in gray with a screen of dots at 45 degrees, and scans the print a little out of focus."""
    gray = np.asarray(image.convert("L"), np.float32) / 255
    y, x = np.mgrid[: gray.shape[0], : gray.shape[1]] * (2 * np.pi / _PERIOD / np.sqrt(2))
    screen = 0.5 + 0.25 * (np.cos(x + y) + np.cos(x - y))
    paper = 0.94 - 0.82 * (gray < screen) + rng.normal(0, 0.02, gray.shape)
    printed = Image.fromarray((255 * paper.clip(0, 1)).astype(np.uint8))
    return printed.filter(ImageFilter.GaussianBlur(1.2)).convert("RGB")


KINDS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "grayscale": grayscale,
    "detail": detail,
    "framed": framed,
    "cast": cast,
    "compressed": compressed,
    "halftone": halftone,
}
