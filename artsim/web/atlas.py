"""The atlas: all thumbnails as small tiles on a few large JPEG pages, which a browser draws as textures."""

import io
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.web.cache import cache_folder
from artsim.web.collection import Collection

SIZE = 4096  # pixels of a page's side, which every WebGL device can draw
_TILES = ((16_384, 64), (65_536, 32))  # up to so many artworks, pixels of a tile's side; otherwise the smallest
_SMALLEST = 16
_QUALITY = 82
_UNKNOWN = (168, 162, 152)  # the mean color of an artwork without a thumbnail


@dataclass(frozen=True)
class Grid:
    """The cells of an atlas: artwork n is on page ``n // per_page``, in cell ``n % per_page``, row by row."""

    tile: int
    count: int

    @property
    def columns(self) -> int:
        """Cells in a row."""
        return SIZE // self.tile

    @property
    def per_page(self) -> int:
        """Cells on a page."""
        return self.columns**2

    @property
    def pages(self) -> int:
        """Number of pages."""
        return -(-self.count // self.per_page)

    def described(self) -> dict[str, int]:
        """The numbers that the page needs."""
        return {
            "tile": self.tile,
            "columns": self.columns,
            "per_page": self.per_page,
            "pages": self.pages,
            "size": SIZE,
        }


class Atlas:
    """Mean colors, sizes of tiles, and pages of a collection. Pages are made once and kept on the local disk."""

    def __init__(self, collection: Collection) -> None:
        count = len(collection)
        self.grid = Grid(next((tile for most, tile in _TILES if count <= most), _SMALLEST), count)
        self._collection = collection
        self._lock = threading.Lock()
        self.folder = cache_folder(f"atlas-{collection.version_of('catalog', 'images')}")  # of the pages
        path = cache_folder(f"colors-{collection.version_of('catalog', 'images', 'thumbnails')}") / "colors.npz"
        if not path.exists():
            self._survey(path)
        with np.load(path) as stored:
            self.colors = stored["colors"]  # uint8 (n, 3)
            self.tiles = _tile_sizes(stored["sides"], self.grid.tile)  # uint8 (n, 2): width and height in the cell

    def _survey(self, path: Path) -> None:
        """Writes mean colors and sizes, from the thumbnails or, for the sizes, from the images."""
        count, archive = self.grid.count, self._collection.archive
        colors = np.tile(np.array(_UNKNOWN, np.uint8), (count, 1))
        sides = np.zeros((count, 2), np.float32)
        for numbers, rows in self._collection.placed(archive.table("images"), ["width", "height"]):
            sides[numbers] = _sides(rows)
        for numbers, rows in self._collection.placed(archive.table("thumbnails"), ["width", "height", "color"]):
            sides[numbers] = _sides(rows)
            colors[numbers] = np.asarray(rows["color"].combine_chunks().flatten()).reshape(-1, 3)
        draft = path.with_name(f"{os.getpid()}.tmp.npz")
        np.savez(draft, colors=colors, sides=sides)
        draft.replace(path)

    def page(self, number: int) -> bytes:
        """Returns a page as JPEG. The first call makes all pages, unless they are kept on the local disk."""
        path = self._path(number)
        with self._lock:
            if not path.exists():
                self._make()
        return path.read_bytes()

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.grid.tile}-{number}.jpg"

    def _make(self) -> None:
        """Draws all pages in one pass over the thumbnails, whose order has nothing to do with that of the pages."""
        with tempfile.TemporaryDirectory(dir=self.folder) as drafts:
            shape = (SIZE, SIZE, 3)
            pages = [np.memmap(Path(drafts, str(page)), np.uint8, "w+", shape=shape) for page in range(self.grid.pages)]
            for page in pages:
                page[:] = 255
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                seen = np.zeros(self.grid.count, bool)
                for numbers, jpegs in self._thumbnails(seen):
                    seen[numbers] = True
                    for number, tile in zip(numbers, pool.map(self._tile, numbers, jpegs), strict=True):
                        self._paste(pages, int(number), tile)
            for number in np.flatnonzero(~seen):
                self._paste(pages, int(number), self.colors[number])
            for number, page in enumerate(pages):
                draft = Path(drafts, f"{number}.jpg")
                Image.fromarray(page).save(draft, "JPEG", quality=_QUALITY)
                draft.replace(self._path(number))

    def _thumbnails(self, seen: np.ndarray) -> Iterator[tuple[np.ndarray, list[bytes]]]:
        """Yields numbers and JPEGs, first of the stored thumbnails, then of those that have to be made."""
        collection, archive = self._collection, self._collection.archive
        for numbers, rows in collection.placed(archive.table("thumbnails"), ["bytes"]):
            yield numbers, rows["bytes"].to_pylist()
        for numbers, rows in collection.placed(archive.table("images"), ["status"]):
            missing = numbers[~seen[numbers] & np.asarray(pc.equal(rows["status"], "ok"))]
            ids = collection.ids.take(pa.array(missing)).to_pylist()
            made = thumbnail_jpegs(archive, ids) if ids else {}
            yield collection.numbers(list(made)), list(made.values())

    def _tile(self, number: int, jpeg: bytes) -> np.ndarray:
        """Returns an artwork's tile, uint8 (height, width, 3), and learns its mean color if it was unknown."""
        width, height = self.tiles[number].tolist()
        image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
        image.draft("RGB", (2 * width, 2 * height))
        tile = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0))
        if (self.colors[number] == _UNKNOWN).all():
            self.colors[number] = tile.mean(axis=(0, 1)).round()
        return tile

    def _paste(self, pages: list[np.memmap], number: int, tile: np.ndarray) -> None:
        page, cell = divmod(number, self.grid.per_page)
        row, column = divmod(cell, self.grid.columns)
        width, height = self.tiles[number].tolist()
        top, left = row * self.grid.tile, column * self.grid.tile
        pages[page][top : top + height, left : left + width] = tile


def _sides(rows: pa.Table) -> np.ndarray:
    return np.stack([np.nan_to_num(rows[name].to_numpy().astype(np.float32)) for name in ("width", "height")], axis=1)


def _tile_sizes(sides: np.ndarray, tile: int) -> np.ndarray:
    """Fits sides (n, 2) into a tile with their proportions; unknown ones become a flat rectangle."""
    known: Any = (sides > 0).all(axis=1)
    sides = np.where(known[:, None], sides, np.array([4.0, 3.0], np.float32))
    return np.clip(np.round(sides * tile / sides.max(axis=1, keepdims=True)), 1, min(tile, 255)).astype(np.uint8)
