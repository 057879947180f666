"""Converts any image to upright 8-bit sRGB: profiles, deep gray, Lab, palette, transparency, CMYK, EXIF orientation."""

import numpy as np
from PIL import Image, ImageOps

from artsim.vision.bit_depth import to_bytes
from artsim.vision.colors import to_srgb

_LAYERED = ("RGBA", "LA", "PA", "La", "RGBa")


def to_rgb(image: Image.Image, *, gray: bool = False) -> Image.Image:
    """Returns the image as 8-bit sRGB, rotated as its EXIF says, on white if transparent. Decodes it if needed.

    ``gray`` asks for one channel, of mode L.
    """
    image.load()
    plain = image.mode == "L" and not image.info.keys() & {"icc_profile", "transparency"}
    if gray and plain:
        return _turned(image)
    image = _colored(image)
    return image.convert("L") if gray else image


def _colored(image: Image.Image) -> Image.Image:
    image = _turned(image)
    profile = image.info.get("icc_profile")
    if image.mode == "RGB" and "transparency" not in image.info:
        image = to_srgb(image, profile)
    elif image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = to_srgb(Image.fromarray(to_bytes(np.asarray(image))), profile)
    elif image.mode in _LAYERED or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(to_srgb(layer.convert("RGB"), profile), mask=layer.getchannel("A"))
        image = paper
    else:
        image = to_srgb(image if image.mode in ("L", "CMYK", "LAB") else image.convert("RGB"), profile)
    image.info.pop("icc_profile", None)  # it is sRGB from here on
    return image


def _turned(image: Image.Image) -> Image.Image:
    """Rotates the image as its EXIF says; ignores EXIF that can't be read."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:  # the EXIF parser raises exceptions of any type
        return image
    return image
