"""Makes small images of every kind."""

import io
from typing import Any

import numpy as np
from PIL import Image


def pixels(width: int = 64, height: int = 48, channels: int = 3) -> np.ndarray:
    """Returns soft colors that differ everywhere, so damage is visible; uint8 (height, width, channels)."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (5 + c)) * np.cos(y / (7 - c)) * 100 + 128 for c in range(channels)]
    return np.stack(waves, axis=-1).clip(0, 255).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **settings: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **settings)
    return sink.getvalue()


def jpeg(width: int = 64, height: int = 48, quality: int = 90) -> bytes:
    return encoded(Image.fromarray(pixels(width, height)), "JPEG", quality=quality)


def png_header(width: int, height: int) -> bytes:
    """Returns a PNG that announces a size but holds almost no data."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def kinds() -> dict[str, tuple[bytes, str]]:
    """Returns images in unusual modes and formats, by name: their bytes and content type."""
    color = Image.fromarray(pixels())
    gray = Image.fromarray(pixels(channels=1)[:, :, 0])
    deep = Image.fromarray(pixels(channels=1)[:, :, 0].astype(np.uint16) * 257)
    clear = Image.fromarray(pixels(channels=4), "RGBA")
    frames = [Image.fromarray(np.roll(pixels(), shift, axis=1)) for shift in (0, 8, 16)]
    turned = Image.Exif()
    turned[0x0112] = 6
    return {
        "jpeg": (encoded(color, "JPEG"), "image/jpeg"),
        "progressive jpeg": (encoded(color, "JPEG", progressive=True), "image/jpeg"),
        "gray jpeg": (encoded(gray, "JPEG"), "image/jpeg"),
        "cmyk jpeg": (encoded(color.convert("CMYK"), "JPEG"), "image/jpeg"),
        "turned jpeg": (encoded(color, "JPEG", exif=turned), "image/jpeg"),
        "16-bit png": (encoded(deep, "PNG"), "image/png"),
        "palette png": (encoded(color.quantize(16), "PNG"), "image/png"),
        "transparent png": (encoded(clear, "PNG"), "image/png"),
        "one-bit png": (encoded(gray.convert("1"), "PNG"), "image/png"),
        "animated gif": (encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "image/gif"),
        "webp": (encoded(clear, "WEBP"), "image/webp"),
        "tiff": (encoded(color, "TIFF", compression="tiff_lzw"), "image/tiff"),
        "bmp": (encoded(color, "BMP"), "image/bmp"),
    }
