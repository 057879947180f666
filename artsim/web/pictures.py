"""Pictures of single artworks: thumbnails, bounded renditions, and tiles for deep zoom. Never the original bytes."""

import io
import math
import shutil
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from artsim.archive import UserError
from artsim.pictures.small_images import as_jpeg, decoded
from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess
from artsim.web.cache import cache_folder
from artsim.web.collection import Collection

SIDE = 256  # pixels of a thumbnail's longer side
RENDITION = 2048  # pixels of a rendition's longer side
DEEPEST = 8_192  # pixels of the longer side that can be zoomed into
TILE = 512  # pixels of a deep zoom tile
_QUALITY = 85
_KEPT = 100  # latest renditions in memory
_PYRAMIDS = 200  # latest pictures with tiles on disk


class Pictures:
    """Makes pictures of artworks by number. Originals are decoded in a subprocess, since they come from outside."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._isolated = IsolatedProcess()
        self._lock = Lock()
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def thumbnail(self, number: int) -> bytes | None:
        """Returns a JPEG of at most ``SIDE`` pixels; None if the artwork has no image that can be read."""
        identifier = self._collection.id(number)
        jpeg = thumbnail_jpegs(self._collection.archive, [identifier], self._isolated).get(identifier)
        return None if jpeg is None else _at_most(jpeg, SIDE)

    def rendition(self, number: int) -> bytes | None:
        """Returns a JPEG of at most ``RENDITION`` pixels; None if the artwork has no image that can be read."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        data = self._original(number)
        try:
            jpeg: bytes = self._isolated(_small_jpeg, data or b"", RENDITION)
        except BadImage:
            return None
        with self._lock:
            self._kept[number] = jpeg
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return jpeg

    def pyramid(self, number: int) -> Path | None:
        """Returns a folder with ``image.dzi`` and its tiles (Deep Zoom); None if there is no image that can be read.

        The tiles are made once, up to ``DEEPEST`` pixels; the latest ``_PYRAMIDS`` are kept on the local disk.
        """
        top = cache_folder(self._collection, f"zoom-{self._collection.pictures_version}")
        folder = top / str(number)
        with self._lock:
            if not folder.exists():
                data = self._original(number)
                draft = top / f"_{number}"
                shutil.rmtree(draft, ignore_errors=True)
                try:
                    self._isolated(write_pyramid, data or b"", draft)
                except BadImage:
                    return None
                draft.replace(folder)
                kept = sorted(top.iterdir(), key=lambda path: path.stat().st_mtime)
                for old in kept[:-_PYRAMIDS]:
                    shutil.rmtree(old, ignore_errors=True)
        return folder

    def _original(self, number: int) -> bytes | None:
        table = self._collection.archive.table("images")
        for *_, rows in table.located([self._collection.id(number)], ["id", "status", "bytes"]):
            row = rows.to_pylist()[0]
            if row["status"] == "ok" and row["bytes"]:
                data: bytes = row["bytes"]
                return data
        return None


def write_pyramid(data: bytes, folder: Path) -> None:
    """Writes the tiles of an image and their description, ``image.dzi``. Raises ``BadImage`` if it can't be read.

    The format is Deep Zoom: level 0 has one pixel, each next one twice as many a side.
    """
    image = decoded(data, DEEPEST)
    folder.mkdir(parents=True)
    width, height = image.size
    (folder / "image.dzi").write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><Image xmlns="http://schemas.microsoft.com/deepzoom/2008" '
        f'Format="jpg" Overlap="0" TileSize="{TILE}"><Size Width="{width}" Height="{height}"/></Image>'
    )
    for level in range(math.ceil(math.log2(max(width, height, 2))), -1, -1):
        level_folder = folder / "image_files" / str(level)
        level_folder.mkdir(parents=True)
        for top in range(0, image.height, TILE):
            for left in range(0, image.width, TILE):
                box = (left, top, min(left + TILE, image.width), min(top + TILE, image.height))
                image.crop(box).save(level_folder / f"{left // TILE}_{top // TILE}.jpg", quality=_QUALITY)
        image = image.resize((-(-image.width // 2), -(-image.height // 2)), Image.Resampling.BOX)


def _small_jpeg(data: bytes, side: int) -> bytes:
    return as_jpeg(decoded(data, side), _QUALITY)


def _at_most(jpeg: bytes, side: int) -> bytes:
    image: Any = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    if max(image.size) <= side:
        return jpeg
    image.draft("RGB", (side, side))
    image = image.convert("RGB")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return as_jpeg(image, _QUALITY)


def check_number(collection: Collection, number: int) -> int:
    """Returns the number. Raises ``UserError`` if no artwork has it."""
    if not 0 <= number < len(collection):
        raise UserError(f"{number}: no artwork has this number; there are {len(collection)}")
    return number
