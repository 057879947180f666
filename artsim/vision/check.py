"""Whether bytes are an image, whatever the header said: decoded once, scaled in the decoder, and hashed."""

import io
from dataclasses import dataclass

from PIL import Image

from artsim.vision.phash import perceptual_hash

# Pillow's readers that are plain decoders of plain formats; the others run programs or are rare enough to be attacks.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF")
_HASH_SIDE = 64  # pixels that are enough for a perceptual hash

Image.MAX_IMAGE_PIXELS = None  # our own limit is asked before anything is decoded


class BadImage(Exception):
    """Bytes that are no usable image; ``status`` is ``not_image``, ``corrupt`` or ``bomb``."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail

    def __reduce__(self) -> tuple[type["BadImage"], tuple[str, str]]:
        return BadImage, (self.status, self.detail)  # as it comes from another process


@dataclass(frozen=True, slots=True)
class Checked:
    """What an image is: its type by its bytes, its size in pixels as stored, its perceptual hash (16 hex digits)."""

    content_type: str
    width: int
    height: int
    phash: str


def open_image(data: bytes, max_pixels: int | None = None) -> Image.Image:
    """The image, nothing decoded yet. BadImage if it is none, or has more than ``max_pixels``."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        head = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in bytes(data[:24]))
        raise BadImage(
            "not_image", f"not an image: it begins with {head}" if data else "empty: no bytes at all"
        ) from error
    except Exception as error:  # decoders raise what they like on hostile headers
        raise BadImage("corrupt", f"damaged header: {error}") from error
    if max_pixels and image.width * image.height > max_pixels:
        raise BadImage("bomb", f"{image.width} x {image.height} pixels, the limit is {max_pixels:,} (--max-pixels)")
    return image


def check_image(data: bytes, max_pixels: int) -> Checked:
    """Decodes an image far enough to know that it is whole.

    BadImage: ``not_image`` (another kind of file), ``bomb`` (more than ``max_pixels``, found before decoding),
    ``corrupt`` (truncated or damaged).
    """
    image = open_image(data, max_pixels)
    width, height = image.size  # as stored; draft() changes it
    try:
        image.draft("L", (_HASH_SIDE, _HASH_SIDE))
        gray = image.convert("L")
    except Exception as error:
        raise BadImage("corrupt", f"damaged {image.format}: {error}") from error
    content_type = Image.MIME.get(image.format or "", "application/octet-stream")
    return Checked(content_type, width, height, perceptual_hash(gray))
