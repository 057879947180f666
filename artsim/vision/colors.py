"""Converts pictures to sRGB, by their embedded color profiles."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}  # a profile's color space: Pillow's mode
_TOLERANCE = 3  # levels of 255 by which a profile may differ from sRGB and still count as sRGB
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Converts a picture of mode RGB, L, CMYK or LAB to sRGB. Ignores a profile that is damaged or does not fit."""
    if profile and (transform := _transform(bytes(profile), image.mode)):
        if image.mode == "L" and transform.input_mode == "RGB":
            image = image.convert("RGB")
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None
        return converted
    if image.mode == "LAB":
        converted = ImageCms.applyTransform(image, _lab())
        assert converted is not None
        return converted
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> Any:
    """Returns the transform from a profile to sRGB; None if it changes nothing, is damaged or is for another mode."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        profile_mode = _MODES.get(source.profile.xcolor_space.strip().upper(), "")
        if profile_mode != mode and (mode, profile_mode) != ("L", "RGB"):
            return None
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC if profile_mode in ("RGB", "L") else ImageCms.Intent.PERCEPTUAL
        transform = ImageCms.buildTransform(
            source, _SRGB, profile_mode, "RGB", intent, ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
        return None if _changes_nothing(transform, profile_mode) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: Any, mode: str) -> bool:
    if mode not in ("RGB", "L"):
        return False
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    if mode == "RGB":
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(27, 27, 3)
    else:
        grid = np.arange(256, dtype=np.uint8)[None]
    before = Image.fromarray(grid)
    after = ImageCms.applyTransform(before, transform)
    assert after is not None
    return bool(np.abs(np.asarray(after, int) - np.asarray(before.convert("RGB"), int)).max() <= _TOLERANCE)


@lru_cache(maxsize=1)
def _lab() -> Any:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _SRGB, "LAB", "RGB")
