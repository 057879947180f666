"""Checks whether bytes are an image, regardless of HTTP headers: decodes them once, scaled down, and hashes them."""

import io
import re
from dataclasses import dataclass

from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from artsim.vision.jpeg_scans import scans
from artsim.vision.phash import perceptual_hash
from artsim.vision.png_text import without_long_texts
from artsim.vision.tiff import MAGIC, Tiff, UnsupportedTiff
from artsim.vision.upright import to_rgb

# The formats that Pillow only decodes. Its other readers run programs, or are so rare that a file may be an attack.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF")
_HASH_SIDE = 64  # pixels; enough for a perceptual hash
_MAX_SCANS = 100  # per JPEG; programs write about ten, and each is a pass over the whole picture
_MAX_SIDE = 1_000_000  # pixels
_COPIES = 3  # of the pixels: as decoded, as sRGB, and the result made from it
_ROW = 48  # bytes per row, for the row lists of three copies
_MEMORY_MARGIN = 64 << 20  # bytes allowed beyond the limit

# Image formats that are not read, by their first bytes; in ``_BRANDS``, by the four bytes after ``ftyp``.
_OTHERS = {
    b"8BPS": "Photoshop",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"v/1\x01": "OpenEXR",
    b"II\xbc": "JPEG XR",
    b"AT&TFORM": "DjVu",
    b"IIRO": "camera raw",
    b"FUJIFILMCCD-RAW": "camera raw",
    b"gimp xcf": "GIMP",
    b"#?RADIANCE": "Radiance HDR",
    b"DDS ": "DDS",
    b"\0\0\1\0": "icon",
    b"SIMPLE  =": "FITS",
    b"qoif": "QOI",
    b"\x0a\x05\x01\x08": "PCX",
    b"\xd7\xcd\xc6\x9a": "WMF",
    b"BPG\xfb": "BPG",
    b"icns": "icon",
}
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"hevc": "HEIC", b"mif1": "HEIF", b"msf1": "HEIF"}
_BRANDS |= {b"crx ": "camera raw"}
_NETPBM = re.compile(rb"P[1-7Ff]\s")
_UNABLE = re.compile(
    r"(un|not )supported|cannot handle|not available|not implemented|unknown (pixel|raw|image) mode", re.I
)

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
PngImagePlugin.MAX_TEXT_CHUNK = 64 << 20  # also limits color profiles; long texts are removed before


class BadImage(Exception):
    """Bytes that are not a usable image; ``status`` is ``not_image``, ``unsupported``, ``corrupt`` or ``bomb``."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail

    def __reduce__(self) -> tuple[type["BadImage"], tuple[str, str]]:
        return BadImage, (self.status, self.detail)  # it is pickled when it comes from a subprocess


@dataclass(frozen=True, slots=True)
class Checked:
    """The properties of an image: type by its bytes, size in pixels as stored, perceptual hash (16 hex digits)."""

    content_type: str
    width: int
    height: int
    phash: str


def open_image(data: bytes, max_pixels: int | None = None) -> Image.Image:
    """Opens an image, usually without decoding it. Raises ``BadImage`` if it is no image or too much to decode.

    The limits are ``max_pixels``, the memory that as many pixels take, and ``_MAX_SCANS`` passes over the picture.
    """
    data = data if isinstance(data, bytes) else bytes(data)
    if data.startswith(b"\xff\xd8") and (count := scans(data, _MAX_SCANS).count) > _MAX_SCANS:
        raise BadImage("bomb", f"JPEG with {count} or more scans (limit {_MAX_SCANS})")
    if data.startswith(b"\x89PNG"):
        data = without_long_texts(data)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except MemoryError:
        raise
    except Image.UnidentifiedImageError as error:
        if data.startswith(MAGIC):
            return _tiff(data, max_pixels)
        raise _other_kind(data) from error
    except Exception as error:  # decoders raise exceptions of any type on malformed headers
        raise _unread(f"{error}", "header") from error
    if isinstance(image, TiffImagePlugin.TiffImageFile) and _planes(image):
        return _tiff(data, max_pixels)
    sample = 1 if image.mode in ("1", "L", "P") else 2 if image.mode.startswith("I;16") else 4
    _check_size(image.size, sample, max_pixels)
    return image


def check_image(data: bytes, max_pixels: int) -> Checked:
    """Decodes an image far enough to know that it is whole.

    Raises ``BadImage``: ``not_image`` (another kind of file), ``unsupported`` (an image format that is not read),
    ``bomb`` (too much to decode, detected before decoding), ``corrupt`` (truncated or damaged).
    """
    image = open_image(data, max_pixels)
    width, height = _stored_size(image)  # draft() changes it
    kind = image.format or ""
    plain = image.mode in ("L", "RGB") and "icc_profile" not in image.info
    try:
        image.draft("L" if plain else "RGB", (_HASH_SIDE, _HASH_SIDE))
        gray = to_rgb(image, gray=True)
    except MemoryError:
        raise
    except Exception as error:
        raise _unread(f"{error}", kind) from error
    content_type = Image.MIME.get(kind, "application/octet-stream")
    return Checked(content_type, width, height, perceptual_hash(gray))


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Returns width and height before any rotation; for a TIFF, Pillow gives them after it."""
    width, height = image.size
    turned = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(ExifTags.Base.Orientation)
    return (height, width) if turned in (5, 6, 7, 8) else (width, height)


def unread(error: Exception, image: Image.Image) -> BadImage:
    """Converts a decoder's error: the image is damaged, or of a kind that the decoder does not support."""
    return _unread(f"{error}", image.format or "image")


def _unread(reason: str, what: str) -> BadImage:
    if _UNABLE.search(reason):
        return BadImage("unsupported", f"unsupported format ({what}: {reason})")
    return BadImage("corrupt", f"damaged {what}: {reason}")


def _check_size(size: tuple[int, int], bytes_per_pixel: int, max_pixels: int | None) -> None:
    width, height = size
    if not max_pixels:
        return
    if width * height > max_pixels:
        raise BadImage("bomb", f"{width} x {height} pixels, the limit is {max_pixels:,} (`max_pixels`)")
    if max(size) > _MAX_SIDE:
        raise BadImage("bomb", f"{width} x {height} pixels, the limit per side is {_MAX_SIDE:,}")
    memory = height * (_COPIES * (width * bytes_per_pixel + 3) + _ROW)
    if memory > _COPIES * 4 * max_pixels + _MEMORY_MARGIN:
        raise BadImage(
            "bomb",
            f"{width} x {height} pixels need {memory >> 20:,} MiB, more than `max_pixels` {max_pixels:,} allows",
        )


def _planes(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether a TIFF stores its colors in separate planes that are not 8 bits deep; Pillow reads them as 8 bits."""
    planar = image.tag_v2.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    return planar and set(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (8,))) != {8}


def _tiff(data: bytes, max_pixels: int | None) -> Image.Image:
    """Decodes a TIFF that Pillow does not support."""
    try:
        tiff = Tiff(data)
        _check_size(tiff.size, tiff.bytes_per_pixel, max_pixels)
        return tiff.image()
    except UnsupportedTiff as error:
        raise BadImage("unsupported", f"unsupported kind of TIFF ({error})") from error
    except ValueError as error:
        raise BadImage("corrupt", f"damaged TIFF: {error}") from error


def _other_kind(data: bytes) -> BadImage:
    """Returns the error for bytes that no decoder recognizes."""
    if not data:
        return BadImage("not_image", "empty: 0 bytes")
    kind = next((name for head, name in _OTHERS.items() if data.startswith(head)), None)
    if data[4:8] == b"ftyp":
        kind = _BRANDS.get(data[8:12])
    if _NETPBM.match(data):
        kind = "Netpbm"
    if data.startswith(b"\xff\xd8") and (bits := scans(data, _MAX_SCANS).bits) not in (0, 8):
        kind = f"{bits}-bit JPEG"
    if kind:
        return BadImage("unsupported", f"unsupported format ({kind}); save it as JPEG, PNG or TIFF")
    head = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in data[:24])
    return BadImage("not_image", f"not an image: it begins with {head}")
