"""Reads TIFF files that Pillow does not support: floats, 16 bits with transparency, planes, Lab of 16 bits."""

import io

import numpy as np
from PIL import Image

from artsim.vision.bit_depth import to_bytes

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MODES = {1: ("L", "LA"), 2: ("RGB", "RGBA"), 5: ("CMYK", "CMYK"), 8: ("LAB", "LAB"), 9: ("LAB", "LAB")}
_PROFILE, _ORIENTATION, _EXTRA = 34675, 274, 338


class UnsupportedTiff(Exception):
    """An undamaged TIFF of a kind that is not read; the text says which."""


class Tiff:
    """The first page of a TIFF. Raises ``ValueError`` if damaged, ``UnsupportedTiff`` if not supported."""

    def __init__(self, data: bytes) -> None:
        import tifffile  # few archives need it

        try:
            self._page = tifffile.TiffFile(io.BytesIO(data)).pages[0].aspage()
            ends = zip(self._page.dataoffsets, self._page.databytecounts, strict=True)
            whole = max(sum(pair) for pair in ends) <= len(data)
        except MemoryError:
            raise
        except Exception as error:  # the library raises exceptions of any type on damaged files
            raise ValueError(str(error)) from error
        if not whole:
            raise ValueError("image file is truncated")
        self.size = (self._page.imagewidth, self._page.imagelength)
        self.bytes_per_pixel = self._page.samplesperpixel * max(self._page.bitspersample // 8, 1)
        photometric = tifffile.PHOTOMETRIC(self._page.photometric).name
        bits = f"{self._page.samplesperpixel} x {self._page.bitspersample} bits"
        self.kind = f"{photometric}, {bits}, {tifffile.COMPRESSION(self._page.compression).name}"

    def image(self) -> Image.Image:
        """Returns the picture, with at most 8 bits per color."""
        photometric = int(self._page.photometric)
        try:
            values = self._page.asarray()
        except MemoryError:
            raise
        except Exception as error:
            raise UnsupportedTiff(self.kind) from error
        values = values.reshape(values.shape[values.ndim - len(self._page.axes) :])
        if self._page.axes == "SYX":
            values = np.moveaxis(values, 0, -1)
        if values.ndim == 2:
            values = values[..., None]
        modes = _MODES.get(1 if photometric == 0 else photometric)
        if values.ndim != 3 or modes is None or values.dtype.kind not in "iufb":
            raise UnsupportedTiff(self.kind)
        image = _picture(values, modes, photometric)
        if (tag := self._page.tags.get(_PROFILE)) is not None and isinstance(tag.value, bytes):
            image.info["icc_profile"] = tag.value
        if (tag := self._page.tags.get(_ORIENTATION)) is not None:
            image.getexif()[_ORIENTATION] = int(tag.value)
        image.format = "TIFF"
        return image


def _picture(values: np.ndarray, modes: tuple[str, str], photometric: int) -> Image.Image:
    colors = Image.getmodebands(modes[0])
    if values.shape[2] < colors:
        raise UnsupportedTiff(f"{values.shape[2]} channels")
    layered = modes[1] != modes[0] and values.shape[2] == colors + 1
    levels = _lab(values[..., :3], photometric) if modes[0] == "LAB" else to_bytes(values[..., :colors])
    if photometric == 0:
        levels = 255 - levels
    if layered:
        levels = np.concatenate([levels, _alpha(values[..., colors:])], -1)
    shape = levels if levels.shape[2] > 1 else levels[..., 0]
    height, width = shape.shape[:2]
    return Image.frombytes(modes[layered], (width, height), np.ascontiguousarray(shape).tobytes())


def _alpha(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "iu":
        return (values >> (8 * (values.dtype.itemsize - 1))).astype(np.uint8)
    return to_bytes(values)


def _lab(values: np.ndarray, photometric: int) -> np.ndarray:
    """Converts to 8-bit CIELab, with signed a and b; ICCLab stores them with 128 for gray."""
    if values.dtype.kind not in "iu":
        raise UnsupportedTiff("Lab with floating-point values")
    levels = (values.view(f"u{values.dtype.itemsize}") >> (8 * (values.dtype.itemsize - 1))).astype(np.uint8)
    return levels ^ np.array([0, 128, 128], np.uint8) if photometric == 9 else levels
