"""Whether bytes are an image, whatever the header said: decoded once, scaled in the decoder, and hashed."""

import io
import re
from dataclasses import dataclass

from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from artsim.vision.phash import perceptual_hash
from artsim.vision.scans import scans
from artsim.vision.text import without_long_texts
from artsim.vision.tiff import MAGIC, NotRead, Tiff
from artsim.vision.upright import to_rgb

# Pillow's readers that are plain decoders of plain formats; the others run programs or are rare enough to be attacks.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF")
_HASH_SIDE = 64  # pixels that are enough for a perceptual hash
_MAX_SCANS = 100  # of a JPEG; programs write about ten, and every one is a pass over the whole picture
_MAX_SIDE = 1_000_000  # pixels
_COPIES = 3  # of the pixels: as decoded, as sRGB, and what is made of it
_ROW = 48  # bytes that three copies' lists of rows take for each
_SPARE = 64 << 20  # bytes that any image may take

# Images of kinds that are not read, by what is at their beginning, or behind the length at the beginning.
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

Image.MAX_IMAGE_PIXELS = None  # our own limit is asked before anything is decoded
PngImagePlugin.MAX_TEXT_CHUNK = 64 << 20  # also holds for profiles; long texts are left out before


class BadImage(Exception):
    """Bytes that are no usable image; ``status`` is ``not_image``, ``unsupported``, ``corrupt`` or ``bomb``."""

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
    """The image, as a rule nothing decoded yet. BadImage if it is none, or would take too much to decode.

    Too much is more than ``max_pixels``, the memory that so many take, or hundreds of passes over the picture.
    """
    data = data if isinstance(data, bytes) else bytes(data)
    if data.startswith(b"\xff\xd8") and (count := scans(data, _MAX_SCANS).count) > _MAX_SCANS:
        raise BadImage("bomb", f"a JPEG of more than {_MAX_SCANS} scans ({count} and on)")
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
    except Exception as error:  # decoders raise what they like on hostile headers
        raise _unread(f"{error}", "header") from error
    if isinstance(image, TiffImagePlugin.TiffImageFile) and _planes(image):
        return _tiff(data, max_pixels)
    sample = 1 if image.mode in ("1", "L", "P") else 2 if image.mode.startswith("I;16") else 4
    _check_size(image.size, sample, max_pixels)
    return image


def check_image(data: bytes, max_pixels: int) -> Checked:
    """Decodes an image far enough to know that it is whole.

    BadImage: ``not_image`` (another kind of file), ``unsupported`` (a kind of image that isn't read), ``bomb`` (too
    much to decode, found before), ``corrupt`` (truncated or damaged).
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
    """Width and height before any rotation; Pillow gives those of a TIFF after it."""
    width, height = image.size
    turned = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(ExifTags.Base.Orientation)
    return (height, width) if turned in (5, 6, 7, 8) else (width, height)


def unread(error: Exception, image: Image.Image) -> BadImage:
    """What a decoder's error says of an image: damaged, or of a kind that it does not know."""
    return _unread(f"{error}", image.format or "image")


def _unread(reason: str, what: str) -> BadImage:
    if _UNABLE.search(reason):
        return BadImage("unsupported", f"an image of a kind that is not read ({what}: {reason})")
    return BadImage("corrupt", f"damaged {what}: {reason}")


def _check_size(size: tuple[int, int], bytes_per_pixel: int, max_pixels: int | None) -> None:
    width, height = size
    if not max_pixels:
        return
    if width * height > max_pixels:
        raise BadImage("bomb", f"{width} x {height} pixels, the limit is {max_pixels:,} (--max-pixels)")
    if max(size) > _MAX_SIDE:
        raise BadImage("bomb", f"{width} x {height} pixels, a side may have {_MAX_SIDE:,}")
    memory = height * (_COPIES * (width * bytes_per_pixel + 3) + _ROW)
    if memory > _COPIES * 4 * max_pixels + _SPARE:
        raise BadImage(
            "bomb",
            f"{width} x {height} pixels would take {memory >> 20:,} MiB, more than {max_pixels:,} (--max-pixels) do",
        )


def _planes(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Colours one after another, of more than 8 bits: Pillow takes them for 8."""
    apart = image.tag_v2.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    return apart and set(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (8,))) != {8}


def _tiff(data: bytes, max_pixels: int | None) -> Image.Image:
    """A TIFF that Pillow does not know, decoded."""
    try:
        tiff = Tiff(data)
        _check_size(tiff.size, tiff.bytes_per_pixel, max_pixels)
        return tiff.image()
    except NotRead as error:
        raise BadImage("unsupported", f"a TIFF of a kind that is not read ({error})") from error
    except ValueError as error:
        raise BadImage("corrupt", f"damaged TIFF: {error}") from error


def _other_kind(data: bytes) -> BadImage:
    """What bytes are that no decoder knows."""
    if not data:
        return BadImage("not_image", "empty: no bytes at all")
    kind = next((name for head, name in _OTHERS.items() if data.startswith(head)), None)
    if data[4:8] == b"ftyp":
        kind = _BRANDS.get(data[8:12])
    if _NETPBM.match(data):
        kind = "Netpbm"
    if data.startswith(b"\xff\xd8") and (bits := scans(data, _MAX_SCANS).bits) not in (0, 8):
        kind = f"JPEG of {bits} bits"
    if kind:
        return BadImage("unsupported", f"an image of a kind that is not read ({kind}); save it as JPEG, PNG or TIFF")
    head = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in data[:24])
    return BadImage("not_image", f"not an image: it begins with {head}")
