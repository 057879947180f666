"""Small gray copies of the images of an archive, which comparisons read many times."""

from typing import IO

import numpy as np

from artsim.archive import Archive
from artsim.duplicates.alignment import SIDE, square
from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.vision.check import BadImage

_IMAGES = 256  # thumbnails read at a time


class Squares:
    """The images of ``ids``, object (n,), as gray squares. Keeps those that were loaded in ``file``, 16 kB each.

    ``aspect``, float64 (n,), is the width by the height: NaN before an image is loaded, 0 if it can't be read.
    ``is_colored``, bool (n,), is true for loaded images that have more than shades of gray.
    """

    def __init__(self, archive: Archive, ids: np.ndarray, file: IO[bytes]) -> None:
        self.unreadable = 0
        self.aspect = np.full(len(ids), np.nan)
        self.is_colored = np.zeros(len(ids), bool)
        self._archive = archive
        self._ids = ids
        self._file = file
        self._position = np.full(len(ids), -1, np.int64)
        self._stored = 0

    def load(self, rows: np.ndarray) -> None:
        """Appends the squares of images that the file lacks."""
        rows = np.unique(rows)
        rows = rows[np.isnan(self.aspect[rows])]
        for start in range(0, len(rows), _IMAGES):
            block = rows[start : start + _IMAGES]
            jpegs = thumbnail_jpegs(self._archive, self._ids[block].tolist())
            for row in block.tolist():
                self.aspect[row] = 0.0
                try:
                    gray, self.aspect[row], self.is_colored[row] = square(jpegs.get(self._ids[row], b""))
                except BadImage:
                    self.unreadable += 1
                    continue
                self._file.write((255 * gray).round().astype(np.uint8).tobytes())
                self._position[row] = self._stored
                self._stored += 1
        self._file.flush()

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns the squares of loaded, readable images, float32 (p, SIDE, SIDE) from 0 to 1."""
        squares = np.memmap(self._file, np.uint8, "r", shape=(max(self._stored, 1), SIDE, SIDE))
        return squares[self._position[rows]].astype(np.float32) / 255
