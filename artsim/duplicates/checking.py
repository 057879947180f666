"""Checks pairs of images of an archive by their thumbnails."""

from typing import IO

import numpy as np

from artsim.archive import Archive
from artsim.duplicates.alignment import SIDE, agreement, square
from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.vision.check import BadImage

_IMAGES = 256  # thumbnails read at a time
_PAIRS = 32  # compared at a time


class Checker:
    """Computes the agreement of pairs of rows. Keeps small gray copies of images in ``file``, 16 kB each."""

    def __init__(self, archive: Archive, ids: np.ndarray, file: IO[bytes]) -> None:
        self.unreadable = 0
        self._archive = archive
        self._ids = ids
        self._file = file
        self._position = np.full(len(ids), -1, np.int64)
        self._aspect = np.full(len(ids), np.nan)
        self._stored = 0

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """Returns the agreement of rows i and j of each pair (p, 2), float64 (p,); 0 if an image can't be read."""
        scores = np.zeros(len(pairs))
        if not len(pairs):
            return scores
        self._load(np.unique(pairs))
        squares = np.memmap(self._file, np.uint8, "r", shape=(max(self._stored, 1), SIDE, SIDE))
        readable = np.flatnonzero(self._aspect[pairs].all(axis=1) & (self._position[pairs] >= 0).all(axis=1))
        for start in range(0, len(readable), _PAIRS):
            block = readable[start : start + _PAIRS]
            first, second = pairs[block].T
            a, b = (squares[self._position[rows]].astype(np.float32) / 255 for rows in (first, second))
            scores[block] = agreement(a, b, self._aspect[second] / self._aspect[first])
        return scores

    def _load(self, rows: np.ndarray) -> None:
        """Appends the squares of images that the file lacks."""
        rows = rows[np.isnan(self._aspect[rows])]
        for start in range(0, len(rows), _IMAGES):
            block = rows[start : start + _IMAGES]
            jpegs = thumbnail_jpegs(self._archive, self._ids[block].tolist())
            for row in block.tolist():
                self._aspect[row] = 0.0
                try:
                    gray, self._aspect[row] = square(jpegs.get(self._ids[row], b""))
                except BadImage:
                    self.unreadable += 1
                    continue
                self._file.write((255 * gray).round().astype(np.uint8).tobytes())
                self._position[row] = self._stored
                self._stored += 1
        self._file.flush()
