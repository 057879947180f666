"""The sprite of TensorBoard's projector: one picture with a small thumbnail of each artwork."""

import io
import math
from collections.abc import Sequence

from PIL import Image

from artsim.archive import Archive
from artsim.pictures.thumbnails import thumbnail_jpegs

_LARGEST = 8192  # pixels a side that TensorBoard reads
_TILE, _SMALLEST = 64, 16  # pixels of an artwork
_BATCH_SIZE = 500  # thumbnails in memory
_BACKGROUND = (255, 255, 255)


def write_sprite(archive: Archive, ids: Sequence[str], path: str) -> int:
    """Writes the thumbnails of these ids, row by row in a square, as PNG; returns the side of one in pixels.

    An artwork without an image leaves its square empty. Returns 0 and writes nothing if the artworks are too many for
    TensorBoard, or there are none.
    """
    columns = math.ceil(math.sqrt(len(ids)))
    side = min(_TILE, _LARGEST // max(columns, 1))
    if not ids or side < _SMALLEST:
        return 0
    sheet = Image.new("RGB", (columns * side, columns * side), _BACKGROUND)
    for start in range(0, len(ids), _BATCH_SIZE):
        jpegs = thumbnail_jpegs(archive, ids[start : start + _BATCH_SIZE])
        for place, identifier in enumerate(ids[start : start + _BATCH_SIZE], start):
            if identifier in jpegs:
                with Image.open(io.BytesIO(jpegs[identifier])) as picture:
                    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
                    row, column = divmod(place, columns)
                    left, top = ((side - size) // 2 for size in picture.size)
                    sheet.paste(picture, (column * side + left, row * side + top))
    sheet.save(path, "PNG")
    return side
