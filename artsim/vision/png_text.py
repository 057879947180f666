"""Removes long texts from PNG files; they do not affect the picture."""

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_MAX_TEXT_BYTES = 1000  # bytes; even a compressed text of this length is within Pillow's limit
_MANY = 32
_EXIF = b"Raw profile type exif"  # some programs store the orientation here
_EXIF_LONG = 60_000
_HEAD = 8


def without_long_texts(data: bytes) -> bytes:
    """Returns the PNG without texts that are long or follow many others; ``data`` itself if there are none."""
    kept, start, place, texts = [], 0, _HEAD, 0
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 12 + length
        if kind in _TEXTS:
            texts += 1
            allowed = _EXIF_LONG if data.startswith(_EXIF, place + 8) else _MAX_TEXT_BYTES
            if end <= len(data) and (length > allowed or texts > _MANY):
                kept.append(data[start:place])
                start = end
        place = end
    return b"".join([*kept, data[start:]]) if kept else data
