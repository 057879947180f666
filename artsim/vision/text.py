"""PNG files without the long texts in them, which have no bearing on the picture."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_LONG = 1000  # bytes: even packed, so much is less than Pillow's limit for a text
_MANY = 32
_EXIF = b"Raw profile type exif"  # where some programs keep which side is up
_EXIF_LONG = 60_000
_HEAD = 8


def without_long_texts(data: bytes) -> bytes:
    """The same PNG, but for texts that are long or come after many others; the very same bytes if there are none."""
    kept, start, place, texts = [], 0, _HEAD, 0
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 12 + length
        if kind in _TEXTS:
            texts += 1
            allowed = _EXIF_LONG if data.startswith(_EXIF, place + 8) else _LONG
            if end <= len(data) and (length > allowed or texts > _MANY):
                kept.append(data[start:place])
                start = end
        place = end
    return b"".join([*kept, data[start:]]) if kept else data
