"""Pictures of single artworks: thumbnails, bounded renditions, and tiles for deep zoom. Never the original bytes."""

import math
import shutil
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from PIL import Image

from artsim.pictures.small_images import as_jpeg, decoded
from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess
from artsim.web.cache import cache_folder
from artsim.web.collection import Collection
from artsim.web.located_rows import LocatedRows

RENDITION = 2048  # pixels of a rendition's longer side
DEEPEST = 8_192  # pixels of the longer side that can be zoomed into
MISSING = "missing"  # the images table has no row of the artwork
TILE = 512  # pixels of a deep zoom tile
_QUALITY = 85
_SECONDS, _MEMORY = 120.0, 8 << 30  # of the subprocess that decodes
_CACHED_RENDITIONS = 100  # latest renditions in memory
_PYRAMIDS = 200  # latest pictures with tiles on disk


class Pictures:
    """Makes pictures of artworks by number. Originals are decoded in a subprocess, since they come from outside."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._isolated = IsolatedProcess(seconds=_SECONDS, memory=_MEMORY)
        self._thumbnails = LocatedRows(collection, "thumbnails")
        self._images = LocatedRows(collection, "images")
        self._lock = Lock()
        self._zoom = cache_folder(f"zoom-{collection.version_of('catalog', 'images')}")
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def fault(self, number: int) -> str | None:
        """Returns why an artwork has no image: its status, or ``MISSING``; None if it has one."""
        row = self._images.row(number, ["status"])
        status: str = MISSING if row is None else row["status"]
        return None if status == "ok" else status

    def thumbnail(self, number: int) -> bytes | None:
        """Returns the stored thumbnail, a JPEG of at most 320 pixels, or makes it; None if no image can be read."""
        stored = self._thumbnails.row(number, ["bytes"])
        if stored is not None:
            jpeg: bytes = stored["bytes"]
            return jpeg
        identifier = self._collection.id(number)
        return thumbnail_jpegs(self._collection.archive, [identifier], self._isolated).get(identifier)

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
            while len(self._kept) > _CACHED_RENDITIONS:
                self._kept.popitem(last=False)
        return jpeg

    def pyramid(self, number: int) -> Path | None:
        """Returns a folder with ``image.dzi`` and its tiles (Deep Zoom); None if there is no image that can be read.

        The tiles are made once, up to ``DEEPEST`` pixels; the latest ``_PYRAMIDS`` are kept on the local disk.
        """
        top = self._zoom
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
        row = self._images.row(number, ["status", "bytes"])
        return row["bytes"] if row is not None and row["status"] == "ok" else None


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
